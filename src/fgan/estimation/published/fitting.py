"""The published estimators, cross-fitted: a critic of all pairs in a batch, read off samples that trained nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fgan.draws import DrawnFrom
from fgan.estimation.critics.network import Objective, Part, Schedule, train
from fgan.estimation.critics.normal_scores import normal_scores_of
from fgan.estimation.designs.pairs import Pairs
from fgan.estimation.prices import Cautioned
from fgan.estimation.published.objectives import Published, Weighted, of
from fgan.frame import Frame
from fgan.networks import Architecture, build_critic

WIDTH, DEPTH = 128, 2
SCHEDULE = Schedule(epochs=40, most_steps=2000, batch=64, lr=1e-3, decay=1e-3, patience=6)
STOP = 128
"""Samples of the largest matrix that stops."""
MATRICES = 8
"""Matrices that stop, at most: a single one is moved too far by a few of its samples."""
REPORT = 1000
"""Samples of the largest matrix that is read off at once."""
FEW = 100
"""Effective pairs, of all that report, below which a mean of e^l over the product is no longer known."""
ROWS = 65_536
"""Pairs that are scored at once where nothing is learnt."""


@dataclass(frozen=True)
class Matrix:
    """Samples of which every x is scored beside every y.

    Args:
        x, y: what trains (n, dx), (n, dy).
        x_stop, y_stop: what stops, (matrices, samples of each, dx) and (matrices, samples of each, dy).
        two: whether there is a second output, on the pairs that belong together.
    """

    x: Tensor
    y: Tensor
    x_stop: Tensor
    y_stop: Tensor
    two: bool

    @property
    def sizes(self) -> list[int]:
        """How many train."""
        return [len(self.x)]

    def batch(self, rows: list[Tensor]) -> list[Part]:
        """Return all pairs of some rows."""
        return parts_of(self.x[rows[0]], self.y[rows[0]], self.two)

    def stopping(self) -> Iterator[list[Part]]:
        """Yield all pairs of the samples that stop, matrix by matrix."""
        for x, y in zip(self.x_stop, self.y_stop, strict=True):
            yield parts_of(x, y, self.two)


def parts_of(x: Tensor, y: Tensor, two: bool) -> list[Part]:
    """Return rows (x_i, y_j), all of them; with a second output, marked 0, and (x_i, y_i) marked 1."""
    parts = [every_pair(x, y, two)] + ([own_pairs(x, y)] if two else [])
    return [Part(rows, rows.new_zeros(len(rows))) for rows in parts]


def every_pair(x: Tensor, y: Tensor, marked: bool) -> Tensor:
    """Return rows (x_i, y_j), in the order of i and then of j; marked 0 if they are to be told from own pairs."""
    rows = torch.cat([x.repeat_interleave(len(y), 0), y.repeat(len(x), 1)], 1)
    return F.pad(rows, (0, 1)) if marked else rows


def own_pairs(x: Tensor, y: Tensor) -> Tensor:
    """Return rows (x_i, y_i) marked 1."""
    return F.pad(torch.cat([x, y], 1), (0, 1), value=1.0)


def matrix_of(outputs: Tensor) -> Tensor:
    """Return outputs (..., n n) on all pairs as scores (..., n, n)."""
    n = math.isqrt(outputs.shape[-1])
    return outputs.unflatten(-1, (n, n))


def loss_of(objective: Callable[..., Tensor]) -> Objective:
    """Return the loss that maximises an objective, of outputs (networks, rows)."""
    return lambda *outputs: -taken(objective, of(matrix_of(outputs[0])), *outputs[1:])


def taken(objective: Callable[..., Tensor], means: Weighted, *second: Tensor) -> Tensor:
    """Return an objective of scores g, and of u = second output - g where there is one: near what is best for it.

    The best u is log E_y'[e^g(x, y')] - g(x, y); the first term is 0 when g is log(p/q).
    """
    return objective(means, *(one - means.on_joint for one in second))


def whole_matrices(samples: Tensor) -> Tensor:
    """Return samples in as many sets of at most STOP as they fill, up to MATRICES, each of the same size.

    >>> whole_matrices(torch.zeros(300, 2)).shape, whole_matrices(torch.zeros(80, 2)).shape
    (torch.Size([2, 128, 2]), torch.Size([1, 80, 2]))
    """
    size = min(STOP, len(samples))
    return samples[: min(len(samples) // size, MATRICES) * size].unflatten(0, (-1, size))


def at_once(n: int, folds: int) -> int:
    """Return how many of n samples are read off together, at most."""
    part = math.ceil(n / folds)
    return math.ceil(part / math.ceil(part / REPORT))


def published_value(design: Pairs, published: Published, seed: int, device: str) -> Cautioned:
    """Return a published estimator's mean over the folds, each read off samples that its critic has not seen.

    Args:
        design: the folds.
        published: which estimator.
        seed: decides the networks' weights, the same for every fold.
        device: where networks are trained.
    """
    scorings = [_scoring(design, fold) for fold in range(design.folds)]
    tasks = [_task(design, fold, scoring, published.two, device) for fold, scoring in enumerate(scorings)]
    width = design.x.shape[1] + design.y.shape[1] + published.two
    networks = [_network(width, seed).to(device) for _ in tasks]
    objective = published.train()
    train(networks, tasks, loss_of(objective), SCHEDULE, loss_of(published.stop or objective))
    found = [
        one
        for fold, (network, scoring) in enumerate(zip(networks, scorings, strict=True))
        for one in _read_off(network, *scoring(design.rows(fold)[2]), published, device)
    ]
    count = sum(one.samples for one in found)
    value = sum(one.samples * one.value for one in found) / count
    return Cautioned(value, math.hypot(*(one.spread for one in found)) / count, _caveat(found, published))


@dataclass(frozen=True)
class _Reading:
    """What one matrix of samples that report says.

    Args:
        samples: how many, n.
        value: the estimate.
        spread: n times its standard error.
        pairs: how many pairs a mean of e^l over the product rests on.
    """

    samples: int
    value: float
    spread: float
    pairs: float


def _scoring(design: Pairs, fold: int) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Return what makes normal scores of rows of x and y, as those that train have them."""
    rows = design.rows(fold)[0]
    of_x, of_y = normal_scores_of(design.x[rows]), normal_scores_of(design.y[rows])
    return lambda rows: (of_x(design.x[rows]), of_y(design.y[rows]))


def _task(
    design: Pairs, fold: int, scoring: Callable[[Tensor], tuple[Tensor, Tensor]], two: bool, device: str
) -> Matrix:
    """Return what trains and stops the critic of a fold."""
    rows, stop, _ = design.rows(fold)
    x, y = (part.to(device) for part in scoring(rows))
    x_stop, y_stop = (whole_matrices(part).to(device) for part in scoring(stop))
    return Matrix(x, y, x_stop, y_stop, two)


def _network(width: int, seed: int) -> nn.Module:
    with DrawnFrom.seeded(seed):
        recipe = Architecture(kind="mlp", latent=1, width=WIDTH, depth=DEPTH, activation="relu")
        return build_critic(recipe, Frame((width,)))


def _read_off(
    network: nn.Module, x: Tensor, y: Tensor, published: Published, device: str
) -> Iterator[_Reading]:
    """Yield what each matrix of samples that report says."""
    blocks = math.ceil(len(x) / REPORT)
    for x_part, y_part in zip(x.tensor_split(blocks), y.tensor_split(blocks), strict=True):
        scores, *second = _outputs(network, x_part.to(device), y_part.to(device), published.two)
        n = len(x_part)
        weights = torch.ones(n, dtype=torch.float64, requires_grad=True)
        means = Weighted(matrix_of(scores), weights)
        value = taken(published.value, means, *second)
        # The infinitesimal jackknife: how the estimate moves with the weight of each sample.
        (moved,) = torch.autograd.grad(value, weights)
        log_ratio = of(means.scores - (second[0][:, None] if second else 0.0))
        yield _Reading(n, float(value.detach()), n * float(moved.norm()), float(log_ratio.effective_pairs()))


def _caveat(found: Sequence[_Reading], published: Published) -> str:
    """Return what is to be said where few pairs decide the value."""
    pairs = sum(one.pairs for one in found)
    if not published.normaliser or pairs >= FEW:
        return ""
    every = sum(one.samples * (one.samples - 1) for one in found)
    return (
        f"the value uses a mean of e^l over {every:,} shuffled pairs, of which only {pairs:.0f} are "
        "effective: it may be far "
        'too low, and its interval too narrow. method="logistic" reaches further.'
    )


@torch.no_grad()
def _outputs(network: nn.Module, x: Tensor, y: Tensor, two: bool) -> list[Tensor]:
    """Return what a network says of all pairs of some samples, never holding all of their rows."""
    scores = torch.cat([network(every_pair(some, y, two)) for some in x.split(max(ROWS // len(y), 1))])
    second = [network(own_pairs(x, y))] if two else []
    return [one.cpu().double() for one in [scores, *second]]
