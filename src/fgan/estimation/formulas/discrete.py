"""Categories: divergences of shares, with what counting adds by chance taken off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.formulas.resampling import bootstrapped, counts_drawn
from fgan.estimation.prices import Mean, resolution

PRIOR = 0.5
"""What is added to every count, so that a category that one side lacks keeps a finite log-ratio (Jeffreys' prior)."""


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
        return [
            CountRatio(self._log_shares(job.p, job.p_stop) - self._log_shares(job.q, job.q_stop))
            for job in jobs
        ]

    def _log_shares(self, *parts: Tensor) -> Tensor:
        counts = torch.cat(parts).bincount(minlength=self.categories).double() + PRIOR
        return (counts / counts.sum()).log()


def count_value(divergence: Divergence, p: Tensor, q: Tensor) -> Mean:
    r"""Return D_f of the shares of categories, less its bias to the first order, and its standard error.

    .. math:: D_f(\hat p\|\hat q) - \tfrac12 \sum_c w(u_c)
        \left( \frac{1 - \hat p_c}{n u_c} + \frac{1 - \hat q_c}{m} \right)_{u_c = \hat p_c / \hat q_c}

    Args:
        divergence: whose; +inf where a category of one side is missing on the other and f says so.
        p, q: categories (n,), (m,), as numbers from 0.

    An f with a kink has no second order; its bias and error are then those of draws from the shares.

    Source: the second-order delta method; for entropy, Miller, "Note on the bias of information estimates" (1955).

    >>> from fgan.divergences import KL
    >>> p, q = torch.tensor([0, 1]).repeat(500), torch.tensor([0, 0, 0, 1]).repeat(250)
    >>> round(count_value(KL(), p, q).value, 4)  # ½ log(2/3) + ½ log(2), less 0.0013
    0.1425
    """
    size = int(torch.maximum(p.max(), q.max())) + 1
    count_p, count_q = (side.bincount(minlength=size).double() for side in (p, q))
    share_p, share_q = count_p / len(p), count_q / len(q)
    value = float(divergence_of_shares(divergence, share_p, share_q))
    if not math.isfinite(value):
        return Mean(value, math.inf)
    floor = resolution(divergence, len(p), len(q))
    if not divergence.smooth:
        drawn = [counts_drawn(count, seed=seed) for seed, count in enumerate((count_p, count_q))]
        return bootstrapped(
            value, divergence_of_shares(divergence, drawn[0] / len(p), drawn[1] / len(q)), floor
        )
    real, fake = _terms(divergence, share_p, share_q)
    spread = _variance(share_p, real) / len(p) + _variance(share_q, fake) / len(q)
    bias = _bias(divergence, share_p, share_q, len(p), len(q))
    return Mean(value - bias, math.hypot(math.sqrt(spread), floor))


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


def _bias(divergence: Divergence, p: Tensor, q: Tensor, n: int, m: int) -> float:
    both = (p > 0) & (q > 0)
    p, q = p[both], q[both]
    ratio = p / q
    return float((divergence.weight(ratio.log()) * ((1 - p) / (n * ratio) + (1 - q) / m)).sum()) / 2
