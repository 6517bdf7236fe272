r"""From held-out log-ratios to a divergence: a lower bound that always holds, and the best estimate.

With l(x) a critic's log-ratio and caps on it, one critic gives two numbers.

The **bound** holds for every critic. Its terms are bounded, so its error bar can be trusted:

.. math:: E_P[f'(e^{[l]})] - E_Q[f^*(f'(e^{[l]}))] \le D_f(P\|Q), \quad [l] = l \text{ within the caps}

The **value** is E_P[a(l)] + E_Q[b(l)] + ½ E_Q[w(e^l) V] with a(l) e^l + b(l) = f(e^l), so that the first two come to
D_f for every such a and b if l is right. Within the caps a and b are the terms of the bound, the only ones for which
only the square of an error of l matters. Beyond the caps they would depend on a few samples, so the value relies on
the critic's extrapolation: above the upper cap, b keeps its value at the cap and a follows from the equation; below
the lower cap, the reverse.

The last term corrects for that square, where V is the variance of l due to the training samples: the bound of a
critic that is off by δ falls short of D_f by ½ E_Q[w(e^l) δ²], w(u) = u² f''(u), to second order. Where f has kinks,
the mean shortfall over normal δ stands in its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.divergences.elementary import value_and_slope
from fgan.estimation.weights import Weight, Weights, heaviest_fill, mean_of, size_of, variance_of_mean

FURTHEST = 700.0
"""The largest log-ratio whose exponential is a number."""
NODES = 16
"""Places of a normal distribution that stand for it, at its quantiles."""
MOST_VARIANCE = 1.0
"""Where l moves further than this by chance, its square says no more what it costs."""
LEARNING = 0.8
"""What a bound lacks falls with this power of the number of samples: 1 for a right model, less for a flexible one."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class HeldOut:
    """Log-ratios on samples of P (n,) or of Q (m,), each by a critic that has not seen the sample.

    Args:
        log_ratio: log(p/q).
        variance: how far it would move with other training samples, squared.
        weight: of each sample; None for equal ones.
    """

    log_ratio: Tensor
    variance: Tensor
    weight: Weight = None

    def __len__(self) -> int:
        """Return how many samples there are."""
        return len(self.log_ratio)

    def mean(self, terms: Tensor) -> Tensor:
        """Return the mean of a term of each sample."""
        return mean_of(terms, self.weight)


@dataclass(frozen=True)
class Fewer:
    """What two critics say of the same samples of P and of Q, which neither has seen.

    Args:
        half: by one that saw half as many samples.
        whole: by one that saw them all.
    """

    half: tuple[HeldOut, HeldOut]
    whole: tuple[HeldOut, HeldOut]


@dataclass(frozen=True)
class Mean:
    """An estimate and its standard error.

    Args:
        value: the estimate.
        standard_error: of it.

    >>> low, high = Mean(1.0, 0.1).interval()
    >>> round(low, 3), round(high, 3)
    (0.804, 1.196)
    """

    value: float
    standard_error: float

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return value ± z SE."""
        half = normal_quantile((1 + confidence) / 2) * self.standard_error
        return self.value - half, self.value + half

    def lower(self, confidence: float = CONFIDENCE) -> float:
        """Return the one-sided limit value - z SE."""
        return self.value - normal_quantile(confidence) * self.standard_error


@dataclass(frozen=True)
class Cautioned(Mean):
    """An estimate with what must be said of it.

    Args:
        caveat: a sentence.
    """

    caveat: str = ""


@dataclass(frozen=True)
class Price:
    """The value and the bounds of one divergence.

    Args:
        value: the best estimate; its error counts half of the correction, and the chance in critics beyond the caps.
        bound: of the critics, capped.
        lower_bound: what the divergence is at least, with 95% confidence: the bound less z SE, and less what one
            sample could add that is as extreme as any (the range term of Bernstein's inequality).
        correction: what the value gives back for the chance in the critics.
        unlearnt: what they lack beyond that, as far as the gain from twice as many samples tells.
    """

    value: Mean
    bound: Mean
    lower_bound: float
    correction: float
    unlearnt: float = 0.0


@dataclass(frozen=True)
class Sampling:
    """How samples that report came to be.

    Args:
        n_p, n_q: how many independent samples of equal weight know as much as those of P and of Q.
        variance: of the sum of two means, from their terms on P and on Q.
        fill_p, fill_q: how many samples as heavy as the heaviest would make up each mean; n_p and n_q of equal weights.
    """

    n_p: float
    n_q: float
    variance: Callable[[Tensor, Tensor], float]
    fill_p: float
    fill_q: float


def independent(p: Tensor, q: Tensor, weights: Weights = (None, None)) -> Sampling:
    """Return the sampling of two sets (n, ...) and (m, ...) that have nothing to do with each other."""
    of_p, of_q = weights
    return Sampling(
        size_of(p, of_p),
        size_of(q, of_q),
        partial(_variance_of_both, weights),
        heaviest_fill(p, of_p),
        heaviest_fill(q, of_q),
    )


def _variance_of_both(weights: Weights, on_p: Tensor, on_q: Tensor) -> float:
    return variance_of_mean(on_p, weights[0]) + variance_of_mean(on_q, weights[1])


def of_blocks(
    sampling: Sampling, variance: Callable[[Tensor, Tensor], float], n_p: int, n_q: int
) -> Sampling:
    """Return the sampling of so many independent blocks."""
    sizes = {
        name: min(getattr(sampling, name), most)
        for name, most in (("n_p", n_p), ("n_q", n_q), ("fill_p", n_p), ("fill_q", n_q))
    }
    return replace(sampling, variance=variance, **sizes)


def price(
    divergence: Divergence,
    p: HeldOut,
    q: HeldOut,
    sampling: Sampling | None = None,
    fewer: Fewer | None = None,
) -> Price:
    """Return the value and the bound of a divergence at given log-ratios.

    Args:
        divergence: whose.
        p, q: log-ratios on samples of P and of Q.
        sampling: how these samples depend on each other (default: all independent).
        fewer: what critics of fewer samples say, which shows how fast they learn.

    >>> from fgan.divergences import KL
    >>> l, none = torch.tensor([1.0, 9.0]).repeat(200), torch.zeros(400)
    >>> found = price(KL(), HeldOut(l, none), HeldOut(-l, none))
    >>> round(found.value.value, 2), round(found.bound.value, 2)  # above log √400, in the value only
    (5.32, 2.79)
    """
    sampling = sampling or independent(p.log_ratio, q.log_ratio, (p.weight, q.weight))
    low, high = caps(divergence, sampling.n_p, sampling.n_q)
    floor = resolution(divergence, sampling.n_p, sampling.n_q)
    on_p, on_q = p.log_ratio.double(), q.log_ratio.double()
    both = torch.cat([on_p, on_q]).clamp(low, high)
    all_real, all_fake = divergence.real_at(both), divergence.fake_at(both)
    real, fake = all_real[: len(p)], all_fake[len(p) :]
    bound = _mean_of((p, real), (q, -fake), sampling, floor)
    extreme = _reach(all_real) / sampling.fill_p + _reach(all_fake) / sampling.fill_q
    ends = torch.tensor([low, high], dtype=torch.float64)
    lowest, highest = divergence.real_at(ends)[0], -divergence.fake_at(ends)[1]
    a, a_word = _beyond(real, p, on_p > high, lambda log_ratio: _given_fake(divergence, log_ratio, highest))
    b, b_word = _beyond(-fake, q, on_q < low, lambda log_ratio: _given_real(divergence, log_ratio, lowest))
    plain = _mean_of((p, a), (q, b), sampling, floor)
    if not math.isfinite(plain.value):  # a power of the ratio is beyond all numbers
        return Price(Mean(math.inf, math.inf), bound, bound.lower() - extreme, 0.0)
    correction = _lost_by_chance(divergence, p, q, (low, high))
    unlearnt = 0.0 if fewer is None else _still_to_learn(divergence, fewer, (low, high)) - correction
    error = math.hypot(plain.standard_error, correction / 2, a_word + b_word)
    value = Mean(plain.value + correction, error)
    return Price(value, bound, bound.lower() - extreme, correction, max(unlearnt, 0.0))


def _reach(terms: Tensor) -> float:
    return float(terms.max() - terms.min())


def _beyond(
    terms: Tensor, side: HeldOut, which: Tensor, extended: Callable[[Tensor], Tensor]
) -> tuple[Tensor, float]:
    """Return terms with those beyond a cap put in, and how far their mean moves with the chance in the critics."""
    if not bool(which.any()):
        return terms, 0.0
    value, slope = value_and_slope(extended, side.log_ratio.double()[which])
    moves = slope.abs() * side.variance.double()[which].sqrt()
    if side.weight is not None:
        moves = moves * side.weight[which] * len(side) / side.weight.sum()
    return terms.masked_scatter(which, value), float(moves.sum()) / len(side)


def _given_fake(divergence: Divergence, log_ratio: Tensor, fake: Tensor) -> Tensor:
    """Return (f(u) - b) / u = f'(u) - (f*(f'(u)) + b) / u, where u may be beyond all numbers."""
    near = log_ratio.clamp(0.0, FURTHEST / max(divergence.growth[0], 1.0))
    return divergence.real_at(log_ratio.clamp(min=0.0)) - (divergence.fake_at(near) + fake) * (-near).exp()


def _given_real(divergence: Divergence, log_ratio: Tensor, real: Tensor) -> Tensor:
    """Return f(u) - a u = u (f'(u) - a) - f*(f'(u)), where u may be next to nothing."""
    near = log_ratio.clamp(-FURTHEST / max(divergence.growth[1], 1.0), 0.0)
    return near.exp() * (divergence.real_at(near) - real) - divergence.fake_at(log_ratio.clamp(max=0.0))


def _lost_by_chance(divergence: Divergence, p: HeldOut, q: HeldOut, caps: tuple[float, float]) -> float:
    """Return what the chance in l costs within the caps: over P where p > q, over Q elsewhere: no weight is large."""
    if divergence.smooth and divergence.curvature == math.inf:  # a variance does not tell the cost
        return 0.0
    cost = _cost if divergence.smooth else _cost_at_kinks
    lost = 0.0
    for side, on_this, sign in ((p, p.log_ratio > 0, -1.0), (q, q.log_ratio <= 0, 0.0)):
        within = side.log_ratio.double().clamp(*caps)
        counts = on_this & (within == side.log_ratio)
        variance = side.variance.double().clamp(max=MOST_VARIANCE)
        terms = cost(divergence, within, variance) * (sign * within).exp()
        lost += float(side.mean(torch.where(counts, terms, 0.0)))
    return lost


def _still_to_learn(divergence: Divergence, fewer: Fewer, caps: tuple[float, float]) -> float:
    """Return what the bound would gain from ever more samples, judged by what twice as many gained."""
    half, whole = (_bound(divergence, *sides, caps) for sides in (fewer.half, fewer.whole))
    return (whole - half) / (2**LEARNING - 1)


def _bound(divergence: Divergence, p: HeldOut, q: HeldOut, caps: tuple[float, float]) -> float:
    on_p, on_q = (side.log_ratio.double().clamp(*caps) for side in (p, q))
    return float(p.mean(divergence.real_at(on_p)) - q.mean(divergence.fake_at(on_q)))


def _cost(divergence: Divergence, log_ratio: Tensor, variance: Tensor) -> Tensor:
    """Return ½ w V, by sample of Q."""
    return divergence.weight(log_ratio) * variance / 2


def _cost_at_kinks(divergence: Divergence, log_ratio: Tensor, variance: Tensor) -> Tensor:
    """Return the mean of f(u) - (f'(û) u - f*(f'(û))) over log û normal around log u, where f has no second order."""
    cost = torch.zeros_like(log_ratio)
    f, u = divergence.f(log_ratio.exp()), log_ratio.exp()
    for chance in (torch.arange(NODES, dtype=torch.float64) + 0.5) / NODES:
        moved = log_ratio + torch.special.ndtri(chance) * variance.sqrt()
        cost += f - divergence.real_at(moved) * u + divergence.fake_at(moved)
    return cost.clamp(min=0.0) / NODES


def _mean_of(
    on_p: tuple[HeldOut, Tensor], on_q: tuple[HeldOut, Tensor], sampling: Sampling, floor: float
) -> Mean:
    """Return the sum of the means of two sides' terms, with a standard error of at least `floor`."""
    spread = sampling.variance(on_p[1], on_q[1])
    mean = sum(side.mean(terms) for side, terms in (on_p, on_q))
    return Mean(float(mean), max(math.sqrt(spread), floor))


def resolution(divergence: Divergence, n_p: float, n_q: float) -> float:
    """Return the spread of what one fitted parameter gains by chance where P = Q: no error is smaller.

    To second order that gain is f''(1)/4 (1/n + 1/m) times a χ² of one degree, whose standard deviation is √2; the rise
    of f over a ratio that is off by as much says the same of an f that has no such order.

    >>> from fgan.divergences import KL
    >>> round(resolution(KL(), 1000, 1000), 6)
    0.000707
    """
    off = math.sqrt((1 / n_p + 1 / n_q) / math.sqrt(2))
    around = torch.tensor([1 - off, 1.0, 1 + off], dtype=torch.float64)
    below, at_one, above = divergence.f(around).tolist()
    return max((below + above) / 2 - at_one, 0.0)


def cap_for(n: float) -> float:
    """Return the largest log-ratio that n samples can show: one of them then moves a mean of ratios by 1/√n.

    >>> round(cap_for(10_000), 3)
    4.605
    """
    return math.log(n) / 2


def caps(divergence: Divergence, n_p: float, n_q: float) -> tuple[float, float]:
    """Return the log-ratios between which a divergence's terms are bounded by about √n, whatever power it averages.

    >>> from fgan.divergences import Pearson
    >>> caps(Pearson(), 10_000, 10_000)  # u² in its mean under Q
    (-4.605170185988092, 2.302585092994046)
    """
    power_q, power_p = divergence.growth
    return -cap_for(n_p) / max(power_p, 1.0), cap_for(n_q) / max(power_q, 1.0)


def normal_quantile(probability: float) -> float:
    """Return the standard normal's quantile.

    >>> round(normal_quantile(0.975), 3)
    1.96
    """
    return float(torch.special.ndtri(torch.tensor(probability, dtype=torch.float64)))
