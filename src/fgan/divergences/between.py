"""`fgan.between`: the exact divergence of two probability vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.catalogue import DivergenceLike, divergences_of
from fgan.divergences.elementary import TensorMap
from fgan.divergences.histograms import Table, read_histograms

NEAR = 0.05
"""Log-ratios below this are integrated from 0, so that small divergences stay accurate."""
NODES, WEIGHTS = (torch.from_numpy(one) for one in np.polynomial.legendre.leggauss(8))
LARGE = 1e280
"""Beyond this, terms are extrapolated by the power of u with which they grow."""


def between(
    p: Table, q: Table, divergence: DivergenceLike | Sequence[DivergenceLike] = "kl"
) -> float | dict[str, float]:
    r"""Return the exact D_f(P‖Q) of two probability vectors or count tables.

    .. math:: D_f(P\|Q) = \sum_{q_i > 0} q_i f(p_i / q_i) + \lim_{u \to \infty} \frac{f(u)}{u} \sum_{q_i = 0} p_i

    Counts are divided by their sum, and the result is the divergence of these proportions, without an interval. As an
    estimate of the underlying divergence it is too high, by about (k - 1)/(2n) nats for KL. For an estimate with this
    bias removed and an interval, use `fgan.estimate(p, q, counts=True)`.

    Args:
        p, q: probabilities or counts of the same outcomes, with the same shape: arrays, tensors or lists of any rank;
            or dicts, pandas Series or DataFrames, which are aligned by name. The sum of probabilities may differ from 1
            by up to 1e-4; they are normalised.
        divergence: a name, a `Divergence`, several of them, or "all" for the whole catalogue.

    Returns:
        The divergence in nats, possibly +inf; a dict by name if several were requested.

    Raises:
        DataError: for negative numbers, NaN, different outcomes in p and q, or a sum that is not 1 unless all numbers
            are whole counts.
        FganError: for an unknown divergence.

    Source: Csiszár, "Information-type measures of difference of probability distributions" (1967).

    >>> between([0.5, 0.5], [0.25, 0.75])  # ½ log 2 + ½ log ⅔
    0.14384103622589045
    >>> between({"a": 3, "b": 1}, {"b": 0, "a": 4}, ["kl", "total-variation"])
    {'kl': inf, 'total-variation': 0.25}
    """
    wanted, several = divergences_of(divergence)
    shares = [torch.from_numpy(one.shares()) for one in read_histograms(p, q)]
    found = {one.name: divergence_of_shares(one, *shares) for one in wanted}
    return found if several else found[wanted[0].name]


def divergence_of_shares(divergence: Divergence, p: Tensor, q: Tensor) -> float:
    """Return D_f of probabilities p (k,) from q (k,), float64.

    Each outcome contributes q (f(u) - f(1) - f'(1) (u - 1)) >= 0, so nothing cancels in the sum.
    """
    both = (p > 0) & (q > 0)
    slope = divergence.threshold
    missed, extra = float(p[q == 0].sum()), float(q[p == 0].sum())
    cost = float(_costs(divergence, p[both], q[both]).sum())
    if missed:
        cost += missed * (divergence.slope_at_infinity - slope)
    if extra:
        cost += extra * (divergence.f_at_zero - divergence.f_at_one + slope)
    return min(divergence.f_at_one + cost, divergence.range[1])


def _costs(divergence: Divergence, p: Tensor, q: Tensor) -> Tensor:
    """Return q (f(u) - f(1) - f'(1) (u - 1)) at u = p/q of positive p (k,) and q (k,)."""
    change = (p - q) / q
    log_ratio = torch.where(change.abs() < 0.5, change.log1p(), p.log() - q.log())
    slope, at_one = divergence.threshold, divergence.f_at_one
    real, fake = divergence.real_at(log_ratio), divergence.fake_at(log_ratio)
    costs = p * (real - slope) - q * (fake - (slope - at_one))
    if divergence.smooth and divergence.curvature and math.isfinite(divergence.curvature):
        near = log_ratio.abs() < NEAR
        costs[near] = q[near] * _integrated(divergence, log_ratio[near])
    beyond = ~(real.abs() < LARGE) | ~(fake.abs() < LARGE)
    for which, one, other, real_at, fake_at in (
        (beyond & (log_ratio > 0), p, q, divergence.real_at, divergence.fake_at),
        # The same of the dual, u f(1/u), with P and Q exchanged.
        (
            beyond & (log_ratio < 0),
            q,
            p,
            lambda at: -divergence.fake_at(-at),
            lambda at: -divergence.real_at(-at),
        ),
    ):
        if bool(which.any()):
            tangent = slope * (p - q) + at_one * q
            costs[which] = _far(real_at, fake_at, one[which], other[which]) - tangent[which]
    return costs.clamp(min=0.0)


def _integrated(divergence: Divergence, log_ratio: Tensor) -> Tensor:
    r"""Return f(e^l) - f(1) - f'(1) (e^l - 1) near l = 0 to full precision, by Gaussian quadrature.

    .. math:: \int_0^l w(s) (e^{l - s} - 1) ds, \quad w(s) = u^2 f''(u) \text{ at } u = e^s
    """
    half = log_ratio[:, None] / 2
    at = half * (1 + NODES)
    return (WEIGHTS * divergence.weight(at) * (log_ratio[:, None] - at).expm1() * half).sum(1)


def _far(real_at: TensorMap, fake_at: TensorMap, p: Tensor, q: Tensor) -> Tensor:
    r"""Return q f(p/q) for p far above q, where the terms of f overflow although q f(p/q) may be finite.

    .. math:: \frac{f(e^l)}{e^l} = \frac{f(e^a)}{e^a} + \int_a^l e^{-s} f^*(f'(e^s)) ds

    The integrand grows like a power of e^s, which is read off below the anchor a.
    """
    log_ratio = p.log() - q.log()
    anchor = torch.tensor(300.0, dtype=p.dtype)
    while not bool(fake_at(anchor).abs() < LARGE):
        anchor = anchor / 2
    before = 0.75 * anchor
    here, there = (fake_at(at).abs().log() - at for at in (anchor, before))
    power, sign = float((here - there) / (anchor - before)), torch.sign(fake_at(anchor))
    far = log_ratio - anchor
    start = p * (real_at(anchor) - sign * here.exp())
    if abs(power) < 1e-9:
        return start + sign * p * here.exp() * far
    return start + sign * ((p.log() + here + power * far).exp() - p * here.exp()) / power
