"""Categories: divergences of shares, with what counting adds by chance taken off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.estimation.design import Critic, Job
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

    Source: the second-order delta method; for entropy, Miller, "Note on the bias of information estimates" (1955).

    >>> from fgan.divergences import KL
    >>> p, q = torch.tensor([0, 1]).repeat(500), torch.tensor([0, 0, 0, 1]).repeat(250)
    >>> round(count_value(KL(), p, q).value, 4)  # ½ log(2/3) + ½ log(2), less 0.0013
    0.1425
    """
    size = int(torch.maximum(p.max(), q.max())) + 1
    share_p, share_q = (side.bincount(minlength=size).double() / len(side) for side in (p, q))
    only_p, only_q = (share_q == 0) & (share_p > 0), (share_p == 0) & (share_q > 0)
    both = (share_p > 0) & (share_q > 0)
    log_ratio = torch.where(both, share_p.log() - share_q.log(), torch.zeros(()))
    real, fake = divergence.real_at(log_ratio), divergence.fake_at(log_ratio)
    real = torch.where(
        both, real, torch.where(only_p, divergence.slope_at_infinity, divergence.slope_at_zero)
    )
    fake = torch.where(both, fake, torch.where(only_q, -divergence.f_at_zero, 0.0))
    value = _total(share_p, real, both | only_p) - _total(share_q, fake, both | only_q)
    if not math.isfinite(value):
        return Mean(value, math.nan)
    spread = _variance(share_p, real, both | only_p) / len(p) + _variance(share_q, fake, both | only_q) / len(
        q
    )
    floor = resolution(divergence, len(p), len(q))
    return Mean(
        value - _bias(divergence, share_p, share_q, both, len(p), len(q)),
        math.hypot(math.sqrt(spread), floor),
    )


def _total(share: Tensor, terms: Tensor, where: Tensor) -> float:
    return float((share[where] * terms[where]).sum())


def _variance(share: Tensor, terms: Tensor, where: Tensor) -> float:
    mean = _total(share, terms, where)
    return float((share[where] * (terms[where] - mean).square()).sum())


def _bias(divergence: Divergence, p: Tensor, q: Tensor, both: Tensor, n: int, m: int) -> float:
    if not divergence.smooth:
        return 0.0
    p, q = p[both], q[both]
    ratio = p / q
    return float((divergence.weight(ratio.log()) * ((1 - p) / (n * ratio) + (1 - q) / m)).sum()) / 2
