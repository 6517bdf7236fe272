r"""A penalised spline of one or two coordinates: any function of them, in closed steps and without a network.

What a log-ratio l₀ leaves is a function g on a grid, linear between its nodes, least in

.. math:: \tfrac12 E_P[\log(1 + e^{-l_0 - g})] + \tfrac12 E_Q[\log(1 + e^{l_0 + g})] + \tfrac\lambda2 |\Delta^2 g|^2

where samples count by their shares at the nodes around them, so that a step costs what the grid does, however many
samples there are. The samples that stop choose λ.

Source: Eilers and Marx, "Flexible smoothing with B-splines and penalties" (1996); Wand, "Fast computation of
multivariate kernel estimators" (1994), for linear binning.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from fgan.estimation.critics.regression import logistic_loss
from fgan.estimation.weights import Weight, Weights, of_mean_one

NODES = {1: 128, 2: 72}
"""Along each coordinate, by how many coordinates there are."""
WIDE = 1.4
"""Nodes lie as quantiles of a normal distribution of this spread: closer where samples of spread 1 are."""
PENALTIES = {
    1: tuple(10.0**-power for power in range(2, 8)),
    2: tuple(10.0**-power for power in range(2, 12)),
}
"""From the heaviest to the lightest, by how many coordinates there are. At 10^-7 of one coordinate, a thirtieth of the
samples decide g at a place: copies that stop what they train cannot ask for less. Curves that y follows need less."""
RIDGE = 1e-8
"""On g itself, for nodes that neither samples nor the second differences hold."""
PATIENCE = 2
"""After so many lighter penalties that are no better, the rest of the path is not fitted."""
MAX_STEPS, TOLERANCE = 30, 1e-5


class LogRatio(Protocol):
    """What a spline corrects."""

    @property
    def description(self) -> str:
        """What it is, in a few words."""
        ...

    def __call__(self, z: Tensor) -> Tensor:
        """Return log-ratios (n,) of prepared samples (n, d)."""
        ...


@dataclass(frozen=True)
class Splined:
    """A log-ratio and the spline that corrects it.

    Args:
        base: what is corrected; None for 0.
        scores: from prepared samples to coordinates of spread about 1.
        values: of the spline at the nodes, (m,) or (m, m).
    """

    base: LogRatio | None
    scores: Callable[[Tensor], Tensor]
    values: Tensor

    @property
    def description(self) -> str:
        """The base's, and that there is a spline."""
        return "spline" if self.base is None else f"{self.base.description} + spline"

    def __call__(self, z: Tensor) -> Tensor:
        """Return log-ratios (n,) of prepared samples (n, d)."""
        nodes, shares = around(self.scores(z))
        correction = (self.values.flatten()[nodes] * shares).sum(1).float()
        return correction if self.base is None else self.base(z) + correction


def around(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return the nodes around each of scores (n, d), and its share at each of them, (n, 2^d), (n, 2^d).

    >>> nodes, shares = around(torch.tensor([[0.0]]))
    >>> nodes.tolist(), shares.tolist()  # halfway between the middle ones
    ([[63, 64]], [[0.5, 0.5]])
    """
    count = NODES[z.shape[1]]
    place = torch.special.ndtr(z.double() / WIDE) * (count - 1)
    below = place.floor().clamp(max=count - 2)
    share, below = place - below, below.long()
    nodes, shares = below.new_zeros(len(z), 1), share.new_ones(len(z), 1)
    for one, part in zip(below.T, share.T, strict=True):
        nodes = torch.stack([nodes * count + one[:, None], nodes * count + one[:, None] + 1], 2).flatten(1)
        shares = torch.stack([shares * (1 - part[:, None]), shares * part[:, None]], 2).flatten(1)
    return nodes, shares


@dataclass(frozen=True)
class Binned:
    """One set of samples on the grid.

    Args:
        mass: the share of the samples at each node (m^d,), float64.
        offset: the mean of l₀ over these.
    """

    mass: np.ndarray
    offset: np.ndarray


def binned(z: Tensor, offset: Tensor, weight: Weight = None) -> Binned:
    """Return samples with scores (n, d) and log-ratios (n,) on the grid."""
    nodes, shares = around(z)
    shares = shares if weight is None else shares * weight[:, None]
    empty, nodes = shares.new_zeros(NODES[z.shape[1]] ** z.shape[1]), nodes.flatten()
    mass = empty.index_add(0, nodes, shares.flatten())
    sums = empty.index_add(0, nodes, (shares * offset[:, None]).flatten())
    offset = torch.where(mass > 0, sums / mass, 0.0)
    return Binned((mass / mass.sum()).numpy(), offset.numpy())


def splined(
    base: LogRatio | None,
    sides: list[Tensor],
    scores: Callable[[Tensor], Tensor],
    weights: Weights,
    weights_stop: Weights,
) -> LogRatio | None:
    """Return a log-ratio, corrected by the spline that loses least on the stopping samples, if any loses less.

    Args:
        base: the log-ratio; None for 0.
        sides: prepared samples (n, d) of P and Q that train, and of both that stop.
        scores: from these to coordinates of spread about 1.
        weights, weights_stop: of the samples.
    """
    offsets = [x.new_zeros(len(x)) if base is None else base(x) for x in sides]
    p, q = (
        binned(scores(x), offset, weight)
        for x, offset, weight in zip(sides[:2], offsets[:2], weights, strict=True)
    )
    weights_stop, offsets = of_mean_one(weights_stop), offsets[2:]
    places = [around(scores(x)) for x in sides[2:]]
    best, least, waited = base, float(logistic_loss(*offsets, weights=weights_stop)), 0
    for g in spline_path(p, q, sides[0].shape[1]):
        values = torch.from_numpy(g)
        found = [
            offset + (values[nodes] * shares).sum(1).float()
            for offset, (nodes, shares) in zip(offsets, places, strict=True)
        ]
        loss = float(logistic_loss(*found, weights=weights_stop))
        waited = 0 if loss < least else waited + 1
        if loss < least:
            best, least = Splined(base, scores, values), loss
        if waited == PATIENCE:
            break
    return best


def spline_path(p: Binned, q: Binned, dimension: int) -> Iterator[np.ndarray]:
    """Fit g (m^d,) from the heaviest penalty to the lightest: Newton's method, each from where the one before ended."""
    from threadpoolctl import threadpool_limits

    rough = _roughness(dimension)
    g = np.zeros(len(p.mass))
    for penalty in PENALTIES[dimension]:
        with threadpool_limits(
            1, user_api="blas"
        ):  # the blocks of a band are small: two threads take ten times as long
            g = _newton(p, q, penalty * rough, g)
        yield g


def _newton(p: Binned, q: Binned, penalty: np.ndarray, g: np.ndarray) -> np.ndarray:
    from scipy.linalg import solveh_banded  # not at the top: it takes half a second

    def loss_at(g: np.ndarray) -> float:
        on_p, on_q = np.logaddexp(0.0, -p.offset - g), np.logaddexp(0.0, q.offset + g)
        return float((p.mass @ on_p + q.mass @ on_q + g @ _times(penalty, g)) / 2)

    loss = loss_at(g)
    for _ in range(MAX_STEPS):
        of_p, of_q = _sigmoid(-p.offset - g), _sigmoid(q.offset + g)
        slope = (q.mass * of_q - p.mass * of_p) / 2 + _times(penalty, g)
        curvature = penalty.copy(order="F")  # LAPACK's own
        curvature[-1] += (p.mass * of_p * (1 - of_p) + q.mass * of_q * (1 - of_q)) / 2
        step = solveh_banded(curvature, slope, overwrite_ab=True, check_finite=False)
        share, new = 1.0, loss_at(g - step)
        while new > loss and share > 1e-3:
            share /= 2
            new = loss_at(g - share * step)
        if new > loss:  # the last digits are reached
            break
        g, loss = g - share * step, new
        if float(slope @ step) / 2 < TOLERANCE:
            break
    return g


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -x))


def _times(banded: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Return the product of a symmetric matrix, its diagonals stored as LAPACK does, and a vector."""
    wide = len(banded) - 1
    product = banded[-1] * g
    for k in range(1, wide + 1):
        diagonal = banded[wide - k, k:]
        if diagonal.any():
            product[:-k] += diagonal * g[k:]
            product[k:] += diagonal * g[:-k]
    return product


@functools.cache
def _roughness(dimension: int) -> np.ndarray:
    """Return the matrix of ∫|g''|² on [0, 1]^d, its diagonals as LAPACK stores them."""
    from scipy.sparse import diags, eye, kron

    m = NODES[dimension]
    first, second = (
        diags(weights, [*range(len(weights))], shape=(m - order, m))  # pyright: ignore[reportArgumentType]
        for order, weights in ((1, [-1.0, 1.0]), (2, [1.0, -2.0, 1.0]))
    )
    bent, tilted = second.T @ second, first.T @ first
    rough = m**3 * bent
    if dimension == 2:
        rough = m**2 * (kron(bent, eye(m)) + kron(eye(m), bent) + 2 * kron(tilted, tilted))
    rough = rough + RIDGE * eye(m**dimension)
    wide = 2 if dimension == 1 else 2 * m
    banded = np.zeros((wide + 1, m**dimension), order="F")
    for k in range(wide + 1):
        banded[wide - k, k:] = rough.diagonal(k)
    return banded
