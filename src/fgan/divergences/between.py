"""`fgan.between`: the exact divergence of two probability vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.catalogue import DivergenceLike, divergences_of
from fgan.divergences.histograms import Table, read_histograms
from fgan.divergences.weighed import difference, weighed_terms

NEAR = 0.05
"""Log-ratios below this are integrated from 0, so that small divergences stay accurate."""
NODES, WEIGHTS = (torch.from_numpy(one) for one in np.polynomial.legendre.leggauss(8))


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
    cost = float(_costs(divergence, p, q).sum())
    return min(divergence.f_at_one + cost, divergence.range[1])


def _costs(divergence: Divergence, p: Tensor, q: Tensor) -> Tensor:
    """Return q (f(u) - f(1) - f'(1) (u - 1)) at u = p/q of p (k,) and q (k,)."""
    both = (p > 0) & (q > 0)
    change = torch.where(both, (p - q) / q, 0)
    log_p, log_q = p.log(), q.log()
    log_ratio = torch.where(both & (change.abs() >= 0.5), log_p - log_q, change.log1p())
    costs = difference(*weighed_terms(divergence, log_p, log_q, p=p, q=q, log_ratio=log_ratio))
    if divergence.smooth and divergence.curvature and math.isfinite(divergence.curvature):
        near = both & (log_ratio.abs() < NEAR)
        costs[near] = q[near] * _integrated(divergence, log_ratio[near])
    return costs


def _integrated(divergence: Divergence, log_ratio: Tensor) -> Tensor:
    r"""Return f(e^l) - f(1) - f'(1) (e^l - 1) near l = 0 to full precision, by Gaussian quadrature.

    .. math:: \int_0^l w(s) (e^{l - s} - 1) ds, \quad w(s) = u^2 f''(u) \text{ at } u = e^s
    """
    half = log_ratio[:, None] / 2
    at = half * (1 + NODES)
    return (WEIGHTS * divergence.weight(at) * (log_ratio[:, None] - at).expm1() * half).sum(1)
