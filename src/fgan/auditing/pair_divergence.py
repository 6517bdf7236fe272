"""The divergence of each pair of columns, from counts of their levels: all pairs at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.auditing.accuracy import confidence_for, quantile
from fgan.divergences import Divergence
from fgan.estimation.formulas.discrete import divergence_of_shares
from fgan.estimation.prices import resolution
from fgan.evaluation.jackknife import GROUPS, student

PRIOR = 0.5
"""Added to every count, so that a level that one table lacks keeps a finite log-ratio (Jeffreys' prior)."""


def pair_divergences(
    groups: Sequence[Sequence[NDArray[np.float64]]], divergence: Divergence
) -> list[tuple[float, tuple[float, float], float]]:
    r"""Return value, 95% interval and lower bound of the divergence of each pair of columns, as far as levels show it.

    Value and interval are the jackknife's over groups of rows of each table (of an f with a kink: between the bound and
    the divergence of the shares). The lower bound is the variational one,

    .. math:: E_P[f'(e^l)] - E_Q[f^*(f'(e^l))] \le D_f(P\|Q),

    where l, from the other groups, is within half a log of the rows; it holds for all pairs at once.

    Args:
        groups: counts of each group of rows (pairs, levels, levels), of both tables.
        divergence: whose.
    """
    parts = [torch.from_numpy(np.stack(side)).flatten(2) for side in groups]
    seen = (parts[0].sum(0) + parts[1].sum(0) > 0).double()
    n = [float(part[:, 0].sum()) for part in parts]
    prior = PRIOR * seen
    bound, error = _bound(parts, prior, n, divergence)
    lowest, highest = divergence.range
    least = (bound - quantile(confidence_for(bound.shape[0])) * error).clamp(lowest, highest)
    if divergence.smooth:
        value, spread = _jackknife(parts, prior, divergence)
        low = high = value
    else:  # no expansion of its bias: the bound is too low, that of the shares too high
        low, high = bound, divergence_of_shares(divergence, *(_shares(part.sum(0), prior) for part in parts))
        value, spread = (low + high) / 2, error
    half = student(GROUPS - 1, 0.95) * spread
    ends = torch.stack([value, low - half, high + half]).clamp(lowest, highest)
    found = zip(*ends.tolist(), least.tolist(), strict=True)
    return [(middle, (low, high), floor) for middle, low, high, floor in found]


def _shares(counts: Tensor, prior: Tensor) -> Tensor:
    counts = counts + prior
    return counts / counts.sum(-1, keepdim=True)


def _jackknife(parts: Sequence[Tensor], prior: Tensor, divergence: Divergence) -> tuple[Tensor, Tensor]:
    """Return the divergence of shares less its bias, and its standard error, each (pairs,)."""
    totals = [part.sum(0) for part in parts]
    shares = [_shares(total, prior) for total in totals]
    value = divergence_of_shares(divergence, *shares)
    found, variance = value, torch.zeros_like(value)
    for side in (0, 1):
        without = [*shares]
        without[side] = _shares(totals[side] - parts[side], prior)
        each = divergence_of_shares(divergence, *torch.broadcast_tensors(*without))
        found = found - (GROUPS - 1) * (each.mean(0) - value)
        variance = variance + (GROUPS - 1) * each.var(0, unbiased=False)
    return found, variance.sqrt()


def _bound(
    parts: Sequence[Tensor], prior: Tensor, n: Sequence[float], divergence: Divergence
) -> tuple[Tensor, Tensor]:
    """Return the cross-fitted variational bound and its standard error, each (pairs,)."""
    others = [_shares(part.sum(0) - part, prior).clamp(min=1e-300).log() for part in parts]
    low, high = (
        math.log(size) / 2 / max(power, 1.0) for size, power in zip(n, divergence.growth[::-1], strict=True)
    )
    log_ratio = (others[0] - others[1]).clamp(-low, high)
    bound, variance = torch.zeros(()), torch.zeros(())
    terms = divergence.real_at(log_ratio), -divergence.fake_at(log_ratio)
    for part, term, size in zip(parts, terms, n, strict=True):
        mean = (part * term).sum((0, 2)) / size
        spread = (part * (term - mean[:, None]).square()).sum((0, 2)) / size
        reach = term.amax((0, 2)) - term.amin((0, 2))
        bound, variance = bound + mean, variance + spread / size + (reach / size).square()
    return bound, torch.hypot(variance.sqrt(), torch.tensor(resolution(divergence, *n), dtype=torch.float64))
