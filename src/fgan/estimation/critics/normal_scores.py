"""Every coordinate as the normal quantile of its rank: information is the same in any units and on any scale."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.estimation.inputs.outliers import Outliers, outliers_of, ranked_columns
from fgan.estimation.weights import Weight, mean_of

KNOTS = 4096
TAIL = 0.02
"""The share of the knots at each end that shows how scores go on beyond them."""
TIES = 0.1
"""A coordinate of which more samples than this repeat another is one of few values, or rounded."""
FEW = 20
"""A coordinate of at most so many values keeps its own scale: ranks would say little."""
LARGEST = 1000
"""Of the powers of 2 that coordinates are multiplied by: more, and the power itself would overflow."""


@dataclass(frozen=True)
class NormalScores:
    """An increasing map of every coordinate; information does not change by it.

    Args:
        outliers: draws in what double precision cannot square.
        scale: of each coordinate (d,), multiplied by first; a power of 2, so that no digits are lost.
        center: of each coordinate (d,), taken off then, so that no digits are lost to where it lies.
        knots: values of each coordinate in increasing order (d, k).
        scores: the normal scores of the knots (d, k).
        slopes: how scores go on below and above the knots, before they are drawn in (2, d).
    """

    outliers: Outliers
    scale: Tensor
    center: Tensor
    knots: Tensor
    scores: Tensor
    slopes: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Return samples (n, d) as normal scores, float32: linear between knots, logarithmic beyond them."""
        columns = (self.outliers(x) * self.scale - self.center).T.contiguous()
        right = torch.searchsorted(self.knots, columns).clamp(1, self.knots.shape[1] - 1)
        x0, x1 = self.knots.gather(1, right - 1), self.knots.gather(1, right)
        z0, z1 = self.scores.gather(1, right - 1), self.scores.gather(1, right)
        share = ((columns - x0) / (x1 - x0)).clamp(0.0, 1.0)
        low = (self.knots[:, :1] - columns).clamp(min=0.0) * self.slopes[0, :, None]
        high = (columns - self.knots[:, -1:]).clamp(min=0.0) * self.slopes[1, :, None]
        return (z0 + share * (z1 - z0) + high.log1p() - low.log1p()).T.float()


def normal_scores_of(x: Tensor, weight: Weight = None) -> NormalScores:
    """Return the normal scores of samples (n, d), of the weighted distribution where they have weights (n,).

    >>> x = torch.linspace(-1, 1, 999)[:, None] ** 3
    >>> z = normal_scores_of(x)(x).flatten()
    >>> [round(number, 2) for number in z[[25, 973]].tolist()]  # whatever the power
    [-1.95, 1.95]
    """
    outliers = outliers_of(x)
    scale = torch.exp2(-outliers.spread.frexp().exponent.double().clamp(-LARGEST, LARGEST))
    x = outliers(x) * scale
    center = x.median(0).values
    ranked, order = (one.T for one in _sorted(x - center, weight))
    n = ranked.shape[1]
    places = torch.linspace(0, n - 1, min(n, KNOTS), dtype=torch.float64)
    below = places.floor().long()
    above = (below + 1).clamp(max=n - 1)
    knots = ranked[:, below] + (places - below) * (ranked[:, above] - ranked[:, below])
    chances = (places + 0.5) / n
    if weight is not None:
        own = weight[order]
        middles = (own.cumsum(1) - own / 2) / own.sum(1, keepdim=True)
        chances = middles[:, below] + (places - below) * (middles[:, above] - middles[:, below])
    scores = torch.special.ndtri(chances).expand_as(knots).clone()
    repeats = (ranked[:, 1:] == ranked[:, :-1]).double().mean(1)
    mean, deviation = ranked.mean(1), ranked.std(1)
    if weight is not None:
        mean = mean_of(x - center, weight)
        deviation = mean_of((x - center - mean).square(), weight).sqrt()
    deviation = torch.where(deviation > 0, deviation, 1.0)
    for column in (repeats > TIES).nonzero().flatten().tolist():
        low, high = float(ranked[column, 0]), float(ranked[column, -1])
        rim = 1e-9 * float(deviation[column])
        knots[column] = torch.linspace(low - rim, high + rim, knots.shape[1], dtype=torch.float64)
        distinct, place = ranked[column].unique(return_inverse=True)
        if len(distinct) > FEW:  # rounded numbers: the score of their middle rank
            own = torch.ones(n, dtype=torch.float64) if weight is None else weight[order[column]].double()
            mass = torch.zeros(len(distinct), dtype=torch.float64).index_add(0, place, own)
            middle = torch.special.ndtri((mass.cumsum(0) - mass / 2) / mass.sum())
            scores[column] = _between(knots[column], distinct, middle)
        else:
            scores[column] = (knots[column] - mean[column]) / deviation[column]
    steps = torch.arange(knots.shape[1], dtype=torch.float64) * 1e-12 * deviation[:, None]
    knots = (knots + steps).contiguous()
    inner = max(1, round(TAIL * knots.shape[1]))
    slopes = torch.stack(
        [
            (scores[:, inner] - scores[:, 0]) / (knots[:, inner] - knots[:, 0]),
            (scores[:, -1] - scores[:, -1 - inner]) / (knots[:, -1] - knots[:, -1 - inner]),
        ]
    )
    return NormalScores(outliers, scale, center, knots, scores, slopes)


def _sorted(x: Tensor, weight: Weight) -> tuple[Tensor, Tensor]:
    """Return the columns of x in increasing order; and in which order, where there are weights to follow it."""
    if weight is None:
        return ranked_columns(x), x.new_zeros(0, 0)
    return x.sort(0)


def _between(x: Tensor, knots: Tensor, values: Tensor) -> Tensor:
    """Return values at x between increasing knots, linearly; those of the first and the last one beyond them."""
    right = torch.searchsorted(knots, x).clamp(1, len(knots) - 1)
    share = ((x - knots[right - 1]) / (knots[right] - knots[right - 1])).clamp(0.0, 1.0)
    return values[right - 1] + share * (values[right] - values[right - 1])
