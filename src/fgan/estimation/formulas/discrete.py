"""Categories: divergences of shares, with what counting adds by chance taken off."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.formulas.resampling import bootstrapped, counts_drawn, weights_drawn
from fgan.estimation.prices import Mean, resolution
from fgan.estimation.weights import Weight, Weights, effective_size, size_of

PRIOR = 0.5
"""What is added to every count, so that a category that one side lacks keeps a finite log-ratio (Jeffreys' prior)."""

UNSURE = 0.25
"""The part of the jackknife's correction that counts as error."""


@dataclass(frozen=True)
class CountRatio:
    """The log-ratio of smoothed shares, by category."""

    log_ratios: Tensor
    description: str = "shares of categories"

    def __call__(self, x: Tensor) -> Tensor:
        """Return log(p/q) (n,) of categories (n,)."""
        return self.log_ratios[x]


class CountLearner:
    """Fits the shares of categories.

    Args:
        categories: how many there are.
    """

    def __init__(self, categories: int) -> None:
        self.categories = categories

    def __call__(self, jobs: list[Job]) -> list[Critic]:
        """Return a critic for each job; there is nothing to stop or to select."""
        return [CountRatio(torch.sub(*(self._log_shares(*side) for side in job.whole))) for job in jobs]

    def _log_shares(self, x: Tensor, weight: Weight) -> Tensor:
        counts = x.bincount(weight, minlength=self.categories).double()
        if weight is not None:
            counts = counts * effective_size(weight) / weight.sum()
        counts = counts + PRIOR
        return (counts / counts.sum()).log()


@dataclass(frozen=True)
class Shares:
    """Shares of categories in samples, and how they vary by chance.

    Args:
        of: the shares (k,).
        noise: n times the variance of each share, over the share (k,).
        size: n, effective where samples have weights.
        spread: of a mean of terms by category (k,), n times its variance.
        drawn: shares of draws from the samples (draws, k).
    """

    of: Tensor
    noise: Tensor
    size: float
    spread: Callable[[Tensor], float]
    drawn: Callable[[int], Tensor]


def shares_of(x: Tensor, categories: int, weight: Weight) -> Shares:
    """Return the shares of categories in samples (n,), which may have weights (n,)."""
    counts, n = x.bincount(minlength=categories).double(), len(x)
    if weight is None:
        share = counts / n
        return Shares(
            share,
            1 - share,
            n,
            lambda terms: _variance(share, terms),
            lambda seed: counts_drawn(counts, seed=seed) / n,
        )
    size = size_of(x, weight)
    share = x.bincount(weight, minlength=categories) / weight.sum()
    squared = x.bincount(weight.square(), minlength=categories) / weight.square().sum()

    def spread(terms: Tensor) -> float:
        seen = share > 0
        return float(squared[seen] @ (terms[seen] - share[seen] @ terms[seen]).square())

    def drawn(seed: int) -> Tensor:
        sums = weights_drawn(x, weight, categories, seed=seed)
        return sums / sums.sum(1, keepdim=True)

    # The variance of a share: of Σ w (1[x = c] - p_c) / Σ w.
    return Shares(share, squared / share * (1 - 2 * share) + share, size, spread, drawn)


def count_value(divergence: Divergence, p: Tensor, q: Tensor, weights: Weights = (None, None)) -> Mean:
    r"""Return D_f of the shares of categories, less its bias to the first order, and its standard error.

    .. math:: D_f(\hat p\|\hat q) - \tfrac12 \sum_c w(u_c)
        \left( \frac{1 - \hat p_c}{n u_c} + \frac{1 - \hat q_c}{m} \right)_{u_c = \hat p_c / \hat q_c}

    Args:
        divergence: whose; +inf where a category of one side is missing on the other and f says so.
        p, q: categories (n,), (m,), as numbers from 0.
        weights: of the samples; the variance of a share is then that of a weighted mean.

    An f with a kink has no second order; its bias and error are then those of draws from the shares. A bounded D_f of
    unweighted samples loses its bias by the jackknife instead: of few samples a category, whose shares may be 0, the
    second order says too little.

    Source: the second-order delta method; for entropy, Miller, "Note on the bias of information estimates" (1955).
    Efron and Stein, "The jackknife estimate of variance" (1981).

    >>> from fgan.divergences import KL
    >>> p, q = torch.tensor([0, 1]).repeat(500), torch.tensor([0, 0, 0, 1]).repeat(250)
    >>> round(count_value(KL(), p, q).value, 4)  # ½ log(2/3) + ½ log(2), less 0.0013
    0.1425
    """
    size = int(torch.maximum(p.max(), q.max())) + 1
    of_p, of_q = (shares_of(side, size, weight) for side, weight in zip((p, q), weights, strict=True))
    value = float(divergence_of_shares(divergence, of_p.of, of_q.of))
    if not math.isfinite(value):
        return Mean(value, math.inf)
    floor = resolution(divergence, of_p.size, of_q.size)
    if not divergence.smooth:
        return bootstrapped(value, divergence_of_shares(divergence, of_p.drawn(0), of_q.drawn(1)), floor)
    if weights == (None, None) and math.isfinite(divergence.f_at_zero + divergence.slope_at_infinity):
        return _jackknifed(divergence, value, (of_p, of_q), floor)
    real, fake = _terms(divergence, of_p.of, of_q.of)
    spread = of_p.spread(real) / of_p.size + of_q.spread(fake) / of_q.size
    return Mean(value - _bias(divergence, of_p, of_q), math.hypot(math.sqrt(spread), floor))


def _jackknifed(divergence: Divergence, value: float, sides: tuple[Shares, Shares], floor: float) -> Mean:
    """Return D_f less its bias by leaving out each sample once; samples of one category do the same.

    The error counts a part of the correction, which is as large as D_f where most categories have few samples.
    """
    bias = variance = 0.0
    for place, side in enumerate(sides):
        n, share = side.size, side.of

        def costs(changed: Tensor, place: int = place) -> Tensor:
            return _costs(divergence, *(changed if k == place else one.of for k, one in enumerate(sides)))

        kept = costs(share * n / (n - 1))
        without = kept.sum() - kept + costs(((share * n).round() - 1).clamp(min=0.0) / (n - 1))
        mean = share @ without
        bias += (n - 1) * (float(mean) - value)
        variance += (n - 1) * float(share @ (without - mean).square())
    return Mean(value - bias, math.hypot(math.sqrt(variance), UNSURE * bias, floor))


def _costs(divergence: Divergence, p: Tensor, q: Tensor) -> Tensor:
    """Return what each category adds to D_f of shares p (k,) from q (k,)."""
    real, fake = _terms(divergence, p, q)
    return torch.where(p > 0, p * real, 0.0) - torch.where(q > 0, q * fake, 0.0)


def _terms(divergence: Divergence, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """Return f'(u) and f*(f'(u)) at u = p/q of shares (..., k), with their limits where one of both is 0."""
    both = (p > 0) & (q > 0)
    log_ratio = torch.where(both, p.log() - q.log(), torch.zeros(()))
    real, fake = divergence.real_at(log_ratio), divergence.fake_at(log_ratio)
    real = torch.where(both, real, torch.where(p > 0, divergence.slope_at_infinity, divergence.slope_at_zero))
    fake = torch.where(both, fake, torch.where(q > 0, -divergence.f_at_zero, 0.0))
    return real, fake


def divergence_of_shares(divergence: Divergence, p: Tensor, q: Tensor) -> Tensor:
    """Return D_f of shares p (..., k) from q (..., k)."""
    real, fake = _terms(divergence, p, q)
    return torch.where(p > 0, p * real, 0.0).sum(-1) - torch.where(q > 0, q * fake, 0.0).sum(-1)


def _variance(share: Tensor, terms: Tensor) -> float:
    share, terms = share[share > 0], terms[share > 0]
    return float((share * (terms - share @ terms).square()).sum())


def _bias(divergence: Divergence, p: Shares, q: Shares) -> float:
    both = (p.of > 0) & (q.of > 0)
    share_p, share_q = p.of[both], q.of[both]
    ratio = share_p / share_q
    noise = p.noise[both] / (p.size * ratio) + q.noise[both] / q.size
    return float((divergence.weight(ratio.log()) * noise).sum()) / 2
