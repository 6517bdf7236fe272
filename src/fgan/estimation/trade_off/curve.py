r"""Points of the precision–recall frontier with bands, from held-out log-ratios or from shares of categories.

At slope λ, precision α and recall β = α/λ of the samples Q for the data P are the end of the ray α = λβ:

.. math:: \alpha(\lambda) = \int \min(\lambda p, q) = \min_A \big[\lambda P(A) + Q(A^c)\big]

The best A is where λp < q. Any other A gives a larger sum, so a critic's threshold A = {l < -log λ} bounds the frontier
from above, whatever the critic is:

- **high** is the upper confidence limit of the sum that the held-out critics attain. It covers the chance in the
  samples that report, and no assumption is needed.
- **low** also has to cover how far the critics fall short. For categories, the shares of all samples give a sum that is
  too small on average (the minimum over A is taken on the samples themselves), so its lower limit needs no
  assumption either. Otherwise the shortfall by chance in the critics is estimated from `HeldOut.variance`, and counted
  twice. What critics of this kind cannot see is not counted.

Source: Sajjadi et al., "Assessing generative models via precision and recall" (2018); Simon, Webster and Rabin,
"Revisiting precision and recall definition for generative model evaluation" (2019), for classifiers as upper bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.estimation.formulas.discrete import Shares
from fgan.estimation.prices import CONFIDENCE, MOST_VARIANCE, HeldOut, Sampling, normal_quantile

ANGLES = 199
"""Number of rays between the axes; the middle one is λ = 1."""
FAR = 30.0
"""Log-ratios beyond this are as good as infinite."""
UNDECIDED = 3.0
"""Log-ratios within this many standard errors of a threshold may be on either side of it."""


def rays(count: int = ANGLES) -> Tensor:
    """Return the slopes λ of rays at equal angles, without the axes: float64 (count,).

    >>> rays(3)[1].item()
    1.0
    """
    steps = torch.arange(1, count + 1, dtype=torch.float64) / (count + 1)
    found = (steps * (math.pi / 2)).tan()
    found[steps == 0.5] = 1.0
    return found


@dataclass(frozen=True)
class Curve:
    """Points of a frontier.

    Args:
        slope: λ, ascending (k,).
        value: the best estimate of α(λ), the precision; the recall is α(λ)/λ.
        low, high: pointwise 95% band.
        shortfall: how far the critics are estimated to be above the frontier.
        guide: a smoother curve, which says where a sum with α is largest; the largest value would be too large.
    """

    slope: Tensor
    value: Tensor
    low: Tensor
    high: Tensor
    shortfall: Tensor
    guide: Tensor


@dataclass(frozen=True)
class Sums:
    """λ P(A) + Q(Aᶜ) for a set A at each slope, with 95% limits."""

    value: Tensor
    low: Tensor
    high: Tensor

    def widened(self, half: Tensor) -> Sums:
        """Return the same sums with limits that also count an independent error."""
        low, high = (self.value - self.low).hypot(half), (self.high - self.value).hypot(half)
        return Sums(self.value, self.value - low, self.value + high)


def of_critics(p: HeldOut, q: HeldOut, sampling: Sampling, folds: int, slope: Tensor) -> Curve:
    """Return the curve of held-out log-ratios."""
    attained = attained_by(p, q, sampling, folds, slope)
    lost = shortfall(p, q, slope)
    return _within(
        slope, attained.value - lost, attained.low - 2 * lost, attained.high, lost, implied(p, q, slope)
    )


def of_categories(
    p: HeldOut, q: HeldOut, sampling: Sampling, folds: int, shares: tuple[Shares, Shares], slope: Tensor
) -> Curve:
    """Return the curve of categories: between the sum of the held-out critics and that of the shares themselves."""
    attained, counted = attained_by(p, q, sampling, folds, slope), counted_in(*shares, slope)
    lost = shortfall(p, q, slope)
    value = torch.maximum(attained.value - lost, counted.value)
    return _within(slope, value, counted.low, attained.high, lost, counted.value)


def attained_by(p: HeldOut, q: HeldOut, sampling: Sampling, folds: int, slope: Tensor) -> Sums:
    r"""Return λ P(l < -log λ) + Q(l >= -log λ), an upper bound of the frontier for every critic.

    Where l is within its own chance of the threshold, as everywhere if P = Q, the critics of all folds follow the same
    accidents of the samples, and the sum over folds varies more than one of independent terms. With d the sum of K
    independent normal parts, each of which gets the sign s of the others' sum, that is

    .. math:: \operatorname{Var} \sum_k s_k d_k = K \Big(1 + \frac{2 (K - 1)}{\pi \sqrt{2K - 3}}\Big)

    Args:
        p, q: held-out log-ratios.
        sampling: how these depend on each other.
        folds: K.
        slope: λ (k,).
    """
    none = (
        torch.zeros_like(p.log_ratio, dtype=torch.float64),
        torch.zeros_like(q.log_ratio, dtype=torch.float64),
    )

    def of(
        side: HeldOut, inside: Tensor, size: float, variance: Callable[[Tensor], float]
    ) -> tuple[float, float]:
        share = min(float(side.mean(inside)), 1.0)
        most = len(side) if side.weight is None else size
        return share, _known_by(share, variance(inside), size, most)

    pairs, undecided = [], []
    for threshold in (-slope.log()).tolist():
        below, above = (p.log_ratio < threshold).double(), (q.log_ratio >= threshold).double()
        on_p = of(p, below, sampling.n_p, lambda inside: sampling.variance(inside, none[1]))
        on_q = of(q, above, sampling.n_q, lambda inside: sampling.variance(none[0], inside))
        pairs.append((*on_p, *on_q))
        undecided.append([float(side.mean(_undecided(side, threshold))) for side in (p, q)])
    sums, near = (
        _added(slope, torch.tensor(pairs, dtype=torch.float64)),
        torch.tensor(undecided, dtype=torch.float64),
    )
    shared = 2 * (folds - 1) / (math.pi * math.sqrt(max(2 * folds - 3, 1)))
    more = shared / 4 * (slope**2 * near[:, 0] / sampling.n_p + near[:, 1] / sampling.n_q)
    return sums.widened(more.sqrt() * normal_quantile((1 + CONFIDENCE) / 2))


def _undecided(side: HeldOut, threshold: float) -> Tensor:
    """Return which samples chance in the critics may put on the other side of the threshold, as 0 and 1."""
    return ((side.log_ratio - threshold).abs() <= UNDECIDED * side.variance.sqrt()).double()


def counted_in(p: Shares, q: Shares, slope: Tensor) -> Sums:
    """Return Σ min(λp, q) of shares, which is below that of the distributions on average.

    >>> from fgan.estimation.formulas.discrete import shares_of
    >>> p, q = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 1])
    >>> counted_in(shares_of(p, 2, None), shares_of(q, 2, None), torch.tensor([1.0, 2.0])).value.tolist()
    [0.75, 1.0]
    """
    z = normal_quantile((1 + CONFIDENCE) / 2)
    sums = []
    for factor in slope.tolist():
        gain = q.of - factor * p.of
        tied = gain.abs() <= z * (factor**2 * p.of / p.size + q.of / q.size).sqrt()
        # Which tied categories belong to A is chance, and so is its spread: the largest counts.
        sets = [(gain > 0) & ~tied, gain > 0, (gain > 0) | tied]
        of_set = _added(
            torch.full((3,), factor, dtype=torch.float64),
            torch.tensor([_of_set(p, q, one) for one in sets], dtype=torch.float64),
        )
        least = of_set.value.min()
        sums.append(
            (least, least - (of_set.value - of_set.low).max(), least + (of_set.high - of_set.value).max())
        )
    return Sums(*torch.tensor(sums, dtype=torch.float64).unbind(1))


def _of_set(p: Shares, q: Shares, inside: Tensor) -> list[float]:
    row: list[float] = []
    for side, which in ((p, inside.double()), (q, 1 - inside.double())):
        share = min(float(side.of @ which), 1.0)
        row += [share, _known_by(share, side.spread(which) / side.size, side.size, side.size)]
    return row


def _known_by(share: float, variance: float, size: float, most: float) -> float:
    """Return how many independent samples know a share as well; 0 and 1 have no variance of their own."""
    return min(share * (1 - share) / variance, most) if 0 < share < 1 and variance > 0 else size


def _added(slope: Tensor, pairs: Tensor) -> Sums:
    """Return λ a + b of two shares, with limits.

    Args:
        slope: λ (k,).
        pairs: a, samples that know it, b, samples that know it: (k, 4).

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927), for one share;
    Newcombe, "Interval estimation for the difference between independent proportions" (1998), for their sum.
    """
    a, n, b, m = pairs.unbind(1)
    (low_a, high_a), (low_b, high_b) = _limits(a, n), _limits(b, m)
    value = slope * a + b
    low = value - (slope**2 * (a - low_a).square() + (b - low_b).square()).sqrt()
    high = value + (slope**2 * (high_a - a).square() + (high_b - b).square()).sqrt()
    return Sums(value, low, high)


def _limits(share: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
    z2 = normal_quantile((1 + CONFIDENCE) / 2) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (share * (1 - share) / n + z2 / (4 * n**2))).sqrt() / (1 + z2 / n)
    return middle - half, middle + half


def implied(p: HeldOut, q: HeldOut, slope: Tensor) -> Tensor:
    """Return the mean of E_Q[min(λe^l, 1)] and E_P[min(λ, e^-l)] (k,): the frontier if l is right, and no bound."""
    l_p, l_q = (one.log_ratio.double().clamp(-FAR, FAR) for one in (p, q))
    means = [
        (q.mean((l_q.exp() * at).clamp(max=1.0)) + p.mean((-l_p).exp().clamp(max=at))) / 2
        for at in slope.tolist()
    ]
    return torch.stack(means)


def shortfall(p: HeldOut, q: HeldOut, slope: Tensor) -> Tensor:
    r"""Return how far critics are above the frontier by the chance in their training samples, an estimate (k,).

    .. math:: E_Q\big[(1 - \lambda e^{x})_+; l \ge t\big] + \lambda E_P\big[(1 - e^{-x}/\lambda)_+; l < t\big],
        \quad t = -\log\lambda, \quad x \sim N(\mu + s (l - \mu),\ s V), \quad s = 1 - \bar V / \operatorname{Var} l

    x is where the true log-ratio may be, given the critic's l and its variance V; μ is the mean of l. To second order
    this is half of V times the density of l at t.
    """
    (l_p, v_p), (l_q, v_q) = (
        (one.log_ratio.double().clamp(-FAR, FAR), one.variance.double().clamp(max=MOST_VARIANCE))
        for one in (p, q)
    )
    middle = (p.mean(l_p) + q.mean(l_q)) / 2
    spread = (p.mean((l_p - middle).square()) + q.mean((l_q - middle).square())) / 2
    chance = (p.mean(v_p) + q.mean(v_q)) / 2
    signal = (1 - chance / spread.clamp(min=1e-12)).clamp(0.0, 1.0)
    lost = []
    for threshold in (-slope.log()).tolist():
        of_q = _expected_loss(threshold - (middle + signal * (l_q - middle)), signal * v_q) * (
            l_q >= threshold
        )
        of_p = _expected_loss(middle + signal * (l_p - middle) - threshold, signal * v_p) * (l_p < threshold)
        lost.append(float(q.mean(of_q)) + math.exp(-threshold) * float(p.mean(of_p)))
    return torch.tensor(lost, dtype=torch.float64)


def _expected_loss(over: Tensor, variance: Tensor) -> Tensor:
    """Return E[(1 - e^-x)_+] of normal x with mean `over` and this variance.

    >>> round(_expected_loss(torch.tensor(2.0), torch.tensor(0.0)).item(), 4)  # 1 - e^-2
    0.8647
    """
    error = variance.clamp(min=1e-12).sqrt()
    at = over / error
    grown = (variance / 2 - over).clamp(max=2 * FAR).exp()
    return (torch.special.ndtr(at) - grown * torch.special.ndtr(at - error)).clamp(0.0, 1.0)


def _within(slope: Tensor, value: Tensor, low: Tensor, high: Tensor, lost: Tensor, guide: Tensor) -> Curve:
    """Return a curve within 0 <= α <= min(λ, 1), which holds for all distributions."""
    most = slope.clamp(max=1.0)
    value, low, high = (torch.minimum(one.clamp(min=0.0), most) for one in (value, low, high))
    return Curve(slope, value, low, high, torch.minimum(lost, most), guide)
