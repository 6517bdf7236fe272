"""Mutual information by nearest neighbours, the classical way."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.estimation.critics.normal_scores import normal_scores_of
from fgan.estimation.formulas.resampling import jackknifed
from fgan.estimation.formulas.ties import untied, with_caveat
from fgan.estimation.prices import Mean

NEIGHBOURS = 3
GROUPS = 10


def ksg_ceiling(n: int, k: int = NEIGHBOURS) -> float:
    """Return the largest value that n samples can give: every neighbour of both is a neighbour of each."""
    return float(torch.digamma(torch.tensor(float(n))) - torch.digamma(torch.tensor(float(k))))


def ksg_information(divergence: Divergence, x: Tensor, y: Tensor, k: int = NEIGHBOURS) -> Mean | None:
    r"""Return the mutual information by the distances to nearest neighbours, its spread by the jackknife.

    .. math:: \psi(k) + \psi(n) - \overline{\psi(n_x + 1) + \psi(n_y + 1)}

    Args:
        divergence: KL; of others there is no such formula, and None.
        x, y: samples that belong together (n, dx), (n, dy), in an order that says nothing.
        k: which neighbour.

    Raises:
        FganError: where samples coincide, so that the distance to the k-th neighbour is 0.

    Source: Kraskov, Stögbauer and Grassberger, "Estimating mutual information" (2004), eq. 8.
    """
    if divergence.name != "kl":
        return None
    ((x,), of_x), ((y,), of_y) = untied(x, seed=0), untied(y, seed=1)
    x, y = (normal_scores_of(side)(side).double() for side in (x, y))
    found = jackknifed(lambda x, y: _kraskov(x.numpy(), y.numpy(), k), x, y, groups=GROUPS, correct=False)
    return with_caveat(found, of_x or of_y)


def _kraskov(x: NDArray[np.float64], y: NDArray[np.float64], k: int) -> float:
    from sklearn.neighbors import NearestNeighbors

    both = np.concatenate([x, y], 1)
    near = NearestNeighbors(n_neighbors=k, metric="chebyshev").fit(both)
    radius = np.nextafter(near.kneighbors()[0][:, -1], 0)
    if not (radius > 0).all():
        raise FganError(
            f"nearest-neighbour methods need distinct samples; some sample has {k} or more duplicates. Use "
            "another method."
        )
    counts = [torch.from_numpy(_within(side, radius)).double() for side in (x, y)]
    digamma = torch.special.digamma
    first = digamma(torch.tensor(float(k))) + digamma(torch.tensor(float(len(x))))
    return float(first - torch.stack([digamma(count) for count in counts]).sum(0).mean())


def _within(x: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many samples lie within each one's radius, itself among them."""
    from sklearn.neighbors import KDTree

    return np.asarray(KDTree(x, metric="chebyshev").query_radius(x, radius, count_only=True))
