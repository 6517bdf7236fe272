r"""Worst-case means over all distributions near the data: distributionally robust optimisation.

With P the data, the adversary Q pays D_f(Q‖P) = E_P[f(q/p)]. The conditions for the best Q are, with u = q/p,

.. math:: \ell = \eta + \lambda f'(u) \;\Rightarrow\; u = (f^*)'\big((\ell - \eta)/\lambda\big), \quad E_P[u] = 1

so that one monotone equation gives η for each price λ, and another gives λ for a ball's radius.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.between import divergence_of_shares
from fgan.divergences.catalogue import DivergenceLike
from fgan.divergences.elementary import widened
from fgan.errors import FganError
from fgan.losses.common import chosen

PRECISION = 1e-13
"""How precisely η is found, in units of λ; a jump is looked at from four times as far on both sides."""
CHEAPEST, DEAREST = 1e-12, 1e12
"""Prices λ of the ball, relative to the spread of the losses."""


def robust_mean(
    losses: Tensor,
    divergence: DivergenceLike = "pearson",
    *,
    radius: float | None = None,
    penalty: float | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    r"""Return the largest mean of the losses under any Q near the data P, a scalar; its gradient is that Q.

    .. math::
        \sup_Q \{E_Q[\ell] : D_f(Q\|P) \le \rho\} \quad\text{or}\quad
        \sup_Q E_Q[\ell] - \lambda D_f(Q\|P) = \inf_\eta \{\eta + \lambda E_P[f^*((\ell - \eta)/\lambda)]\}

    The first argument of D_f is Q, the adversary: "kl" with a penalty is λ log E_P[e^{ℓ/λ}], and "pearson" with a
    small radius is mean + √(ρ Var). Q is found in float64 on the CPU, and the value is that of a Q that keeps the
    constraint, so rounding never makes it larger than the supremum.

    Args:
        losses: one for each sample (n,), finite.
        divergence: a name or a `Divergence`.
        radius: ρ > 0, of the ball; in units of D_f, above its minimum f(1).
        penalty: λ > 0, the price of D_f; give one of both.
        weights: P's probabilities (n,), non-negative, normalised here; default: all equal.

    Returns:
        The robust mean, a scalar; differentiable once in the losses.

    Raises:
        FganError: unless exactly one of radius and penalty is given and positive, the losses are one finite number for
            each sample, and the weights fit.

    Source: Duchi and Namkoong, "Learning Models with Uniform Performance via Distributionally Robust Optimization"
    (2021), eq. 2 and Proposition 1; Ben-Tal et al., "Robust Solutions of Optimization Problems Affected by Uncertain
    Probabilities" (2013).

    >>> losses = torch.tensor([0.0, 1.0, 2.0])
    >>> robust_mean(losses, "pearson", radius=0.06)  # 1 + √(0.06 · ⅔)
    tensor(1.2000)
    >>> robust_mean(losses, "kl", penalty=1.0)  # log((1 + e + e²)/3)
    tensor(1.3090)
    """
    d = chosen(divergence)
    q = worst_weights(losses, d, radius=radius, penalty=penalty, weights=weights)
    value = (q * widened(losses)).sum()
    if penalty is None:
        return value
    return value - penalty * (_price(d, q.double().cpu(), _shares(weights, len(losses))))


def worst_weights(
    losses: Tensor,
    divergence: DivergenceLike = "pearson",
    *,
    radius: float | None = None,
    penalty: float | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """Return the Q of `robust_mean`: probabilities (n,) of the samples that sum to 1, without a gradient.

    Args:
        losses, divergence, radius, penalty, weights: see `robust_mean`.

    Raises:
        FganError: see `robust_mean`.

    >>> worst_weights(torch.tensor([0.0, 1.0, 2.0]), "kl", penalty=1.0)  # a softmax
    tensor([0.0900, 0.2447, 0.6652])
    >>> worst_weights(torch.tensor([0.0, 1.0, 2.0, 3.0]), "hockey-stick:2", radius=1e-9)  # CVaR of the worse half
    tensor([0.0000, 0.0000, 0.5000, 0.5000])
    """
    d = chosen(divergence)
    given = [value for value in (radius, penalty) if value is not None]
    if len(given) != 1 or not 0 < given[0] < math.inf:
        raise FganError(
            f"give either a radius or a penalty, a positive finite number; got radius={radius!r} and "
            f"penalty={penalty!r}."
        )
    if losses.ndim != 1 or len(losses) == 0 or not bool(losses.isfinite().all()):
        raise FganError(
            f"a robust mean needs one finite loss for each sample (n,); got the shape {tuple(losses.shape)}"
            f"{'' if losses.isfinite().all() else ', with NaN or infinity'}. Use reduction='none' in the loss."
        )
    wide, p = losses.detach().double().cpu(), _shares(weights, len(losses))
    counted = p > 0
    q = torch.zeros_like(p)
    q[counted] = _worst(d, wide[counted], p[counted], radius, penalty)
    return q.to(losses.device, widened(losses).dtype)


def _worst(d: Divergence, losses: Tensor, p: Tensor, radius: float | None, penalty: float | None) -> Tensor:
    """Return Q for the losses (n,) of samples with probabilities p (n,), all above 0."""
    losses = losses - losses.max()
    spread = -float(losses.min())
    if spread == 0:
        return p
    if penalty is not None:
        return _priced(d, losses / spread, p, penalty / spread)
    assert radius is not None
    return _in_ball(d, losses / spread, p, radius)


def _in_ball(d: Divergence, losses: Tensor, p: Tensor, radius: float) -> Tensor:
    """Return the best Q with D_f(Q‖P) - f(1) <= radius; the losses are from -1 to 0."""
    worst = torch.where(losses == 0, p, 0)
    worst = worst / worst.sum()
    if _price(d, worst, p) <= radius:
        return worst

    @cache
    def excess(log_price: float) -> float:
        return min(_price(d, _priced(d, losses, p, math.exp(log_price)), p) - radius, 1e100)

    low, high = 0.0, 0.0
    while excess(low) < 0 and low > math.log(CHEAPEST):
        low -= 2.0
    while excess(high) > 0 and high < math.log(DEAREST):
        high += 2.0
    if excess(low) <= 0:
        return _priced(d, losses, p, math.exp(low))
    root = _root(excess, low, high, 1e-9)
    # f with kinks: the price of Q jumps at λ, and every mixture of both sides is best there.
    more, less = (_priced(d, losses, p, math.exp(at)) for at in (root - 4e-9, root + 4e-9))
    above, below = _price(d, more, p), _price(d, less, p)
    if below > radius:  # only by rounding
        return less
    share = (radius - below) / (above - below) if above > radius else 1.0
    return share * more + (1 - share) * less


def _priced(d: Divergence, losses: Tensor, p: Tensor, price: float) -> Tensor:
    """Return the best Q at the price λ; the losses are from -1 to 0."""
    t = losses / price

    def scaled(shift: float) -> Tensor:
        return p * d.log_ratio_at(t - shift).exp()

    def surplus(shift: float) -> float:
        return math.log(max(float(scaled(shift).sum()), 1e-300))

    # At the upper end no u is above 1. At the lower end all are at least 1, or the largest alone makes the mean 2, if
    # f* goes that far; otherwise what is missing goes to the largest losses, which may take any u.
    twice = float(d.real_at(torch.tensor(math.log(2 / float(p[losses == 0].sum())), dtype=torch.float64)))
    low = max(float(t.min()) - d.threshold, -min(twice, d.slope_at_infinity))
    high = -d.threshold
    within = PRECISION * (1 + abs(low) + abs(high))
    root = low if surplus(low) <= 0 else _root(surplus, low, high, within)
    more, less = scaled(max(root - 4 * within, low)), scaled(root + 4 * within)
    return _mixed(more, less, torch.where(losses == 0, p, 0))


def _root(decreasing: Callable[[float], float], low: float, high: float, within: float) -> float:
    """Return where a function changes its sign between two ends, by Chandrupatla's method (1997).

    scipy has better tested ones, but takes longer to import than `fgan verify` takes for a divergence.
    """
    a, b = high, low
    at_a, at_b = decreasing(a), decreasing(b)
    if at_a >= 0:
        return high
    step = 0.5
    for _ in range(200):
        x = a + step * (b - a)
        at_x = decreasing(x)
        if (at_x > 0) == (at_a > 0):
            c, at_c = a, at_a
        else:
            c, at_c, b, at_b = b, at_b, a, at_a
        a, at_a = x, at_x
        smallest = (within + 4e-16 * abs(a)) / abs(b - a) if b != a else 1.0
        if smallest > 0.5 or at_a == 0:
            break
        # Inverse quadratic interpolation where the three values are far enough from a straight line's fold.
        place, share = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
        if share**2 < place and (1 - share) ** 2 < 1 - place:
            step = at_a / (at_b - at_a) * at_c / (at_b - at_c)
            step += (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
        else:
            step = 0.5
        step = min(max(step, smallest), 1 - smallest)
    return a


def _mixed(more: Tensor, less: Tensor, largest: Tensor) -> Tensor:
    """Return the mixture of two measures that sums to 1; what is still missing goes to the largest losses."""
    above, below = float(more.sum()), float(less.sum())
    if above > 1 > below and math.isfinite(above):
        share = (1 - below) / (above - below)
        return share * more + (1 - share) * less
    found = more if above <= 1 else less
    rest = 1 - float(found.sum())
    found = found + max(rest, 0.0) * largest / largest.sum() if rest > 1e-9 else found
    return found / found.sum()


def _price(d: Divergence, q: Tensor, p: Tensor) -> float:
    """Return D_f(Q‖P) - f(1)."""
    return divergence_of_shares(d, q, p) - d.f_at_one


def _shares(weights: Tensor | None, count: int) -> Tensor:
    """Return P's probabilities, float64 (n,)."""
    if weights is None:
        return torch.full((count,), 1 / count, dtype=torch.float64)
    wide = weights.detach().double().cpu()
    if wide.shape != (count,) or not bool((wide >= 0).all()) or not 0 < float(wide.sum()) < math.inf:
        raise FganError(
            f"weights must be one number of at least 0 for each of {count} losses, not all 0; got the shape "
            f"{tuple(weights.shape)}."
        )
    return wide / wide.sum()
