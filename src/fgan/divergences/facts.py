"""Properties of a divergence that follow from its two terms: limits, range, domain, order, tails."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences.elementary import value_and_slope
from fgan.divergences.tails import Tails
from fgan.divergences.traced import fact

END, ENDLESS = 1e300, 1e200
"""A log-ratio used as infinity, where infinity itself could give inf - inf."""
FAR = 20.0
"""A log-ratio at which only the leading power of u matters, and whose exponential is far from overflow."""


@dataclass(frozen=True)
class Interval:
    """An interval of real numbers, open at infinity, and at `upper` unless `closed`.

    >>> t_below_one = Interval(upper=1.0)
    >>> 0.5 in t_below_one, 1.0 in t_below_one
    (True, False)
    >>> print(t_below_one)
    (-inf, 1)
    """

    lower: float = float("-inf")
    upper: float = float("inf")
    closed: bool = False

    def __contains__(self, t: float) -> bool:
        """Whether the number t lies in the interval."""
        return self.lower < t < self.upper or (self.closed and t == self.upper)

    def contains(self, t: Tensor) -> Tensor:
        """Return a boolean tensor of t's shape: which entries lie in the interval."""
        inside = (t > self.lower) & (t < self.upper)
        return inside | (t == self.upper) if self.closed else inside

    def __str__(self) -> str:
        """Return it in mathematical notation."""
        return f"({self.lower:.4g}, {self.upper:.4g}{']' if self.closed else ')'}"


class Facts:
    """The constants of a divergence, computed from the two terms of its bound at a few log-ratios."""

    smooth: bool
    trusted: tuple[float, float]
    f: Callable[[Tensor], Tensor]
    real_at: Callable[[Tensor], Tensor]
    fake_at: Callable[[Tensor], Tensor]
    weight: Callable[[Tensor], Tensor]
    log_ratio_at: Callable[[Tensor], Tensor]

    @fact
    def f_at_one(self) -> float:
        """f(1): the value of the divergence at P = Q."""
        return _number(self.f(_at(1.0)))

    @fact
    def f_at_zero(self) -> float:
        """The limit f(0): the cost per unit of Q's mass where P has none; may be +inf."""
        return _limit(-self.fake_at(_at(-END)))

    @fact
    def slope_at_zero(self) -> float:
        """The limit f'(0); below it f* is the constant -f(0)."""
        return _limit(self.real_at(_at(-END)))

    @fact
    def threshold(self) -> float:
        """f'(1): T(x) above it means p(x) > q(x), "classified as real"."""
        return _number(self.real_at(_at(0.0)))

    @fact
    def slope_at_infinity(self) -> float:
        """The limit of f(u)/u: the cost per unit of P's mass where Q has none; may be +inf."""
        return _limit(self.real_at(_at(END)))

    @fact
    def curvature(self) -> float | None:
        """f''(1): near P = Q, D_f is f''(1)/2 times Pearson's χ². None if it does not exist."""
        if not self.smooth:
            return None
        below, above = (_number(self.weight(_at(side))) for side in (-1e-6, 1e-6))
        if abs(below - above) > 1e-3 * max(below, above):  # f'' jumps
            return None
        return _number(self.weight(_at(0.0)))

    @fact
    def conjugate_domain(self) -> Interval:
        """Where f* is finite: up to the limit of f(u)/u, including it if f* is finite there."""
        upper = self.slope_at_infinity
        at_the_edge = _limit(self.fake_at(_at(END)))
        return Interval(upper=upper, closed=math.isfinite(upper) and math.isfinite(at_the_edge))

    @property
    def range(self) -> tuple[float, float]:
        """The minimum of D_f, at P = Q, and its supremum f(0) + lim f(u)/u, reached by disjoint P and Q."""
        return self.f_at_one, self.f_at_zero + self.slope_at_infinity

    @property
    def finite_where_model_misses_data(self) -> bool:
        """Whether D_f can be finite although q = 0 on part of P."""
        return math.isfinite(self.slope_at_infinity)

    @property
    def finite_where_data_misses_model(self) -> bool:
        """Whether D_f can be finite although p = 0 on part of Q."""
        return math.isfinite(self.f_at_zero)

    @fact
    def symmetric(self) -> bool:
        """Whether D_f(P‖Q) = D_f(Q‖P): f(u) and u f(1/u) differ by a multiple of u - 1."""
        u = torch.tensor([1e-6, 1e-3, 0.02, 0.3, 0.7, 3.0, 20.0, 1e3, 1e6], dtype=torch.float64)
        here, exchanged = self.f(u) - self.f_at_one, u * (self.f(1 / u) - self.f_at_one)
        gap = (here - exchanged) / (u - 1)
        size = ((here.abs() + exchanged.abs()) / (u - 1).abs()).clamp(min=1e-300)
        # The multiple of u - 1 is read off at u = 3, where both sides are accurate.
        return bool(((gap - gap[5]).abs() <= 1e-9 * (size + size[5])).all())

    @fact
    def local_order(self) -> float | None:
        """The α of the α-divergence with the same third derivative at u = 1: 2 + f'''(1)/f''(1).

        It is 1 for KL, 0 for reverse KL and ½ for every symmetric divergence. Above ½ a divergence tends to cover the
        data, below ½ to seek modes. None if f''(1) is 0, infinite or not defined.
        """
        if not self.curvature or not math.isfinite(self.curvature):
            return None
        log_ratio = _at(0.0)
        # w = u² f'', so dw/dl at u = 1 is 2f'' + f'''.
        _, slope = value_and_slope(self.weight, log_ratio)
        return round(_number(slope) / self.curvature, 9) + 0.0

    @fact
    def growth(self) -> tuple[float, float]:
        """The powers (a, b) with f*(T) ~ u^a as u -> inf and |T| ~ u^(-b) as u -> 0; 0 for a logarithm or slower.

        An estimate of the bound averages u^a over samples of Q and u^(-b) over samples of P. The larger a and b, the
        more it depends on a few samples.
        """
        slopes = []
        for term, sign, end in ((self.fake_at, 1.0, self.trusted[1]), (self.real_at, -1.0, -self.trusted[0])):
            reach = min(1.25 * FAR, end)
            near, far = (abs(_number(term(_at(sign * at)))) for at in (0.8 * reach, reach))
            if not math.isfinite(far):  # faster than any power
                slopes.append(math.inf)
                continue
            power = (math.log(far) - math.log(near)) / (0.2 * reach) if near and far else 0.0
            slopes.append(round(power, 2) if power > 0.1 else 0.0)  # a logarithm gives 0.05 here
        return slopes[0], slopes[1]

    @fact
    def _tails(self) -> Tails:
        """How T and f*(T) grow where they overflow."""
        return Tails.of(self.real_at, self.fake_at)


def _limit(value: Tensor) -> float:
    number = _number(value)
    return math.copysign(math.inf, number) if abs(number) > ENDLESS else number


def _number(value: Tensor) -> float:
    return float(value.detach()) + 0.0  # never -0.0


def _at(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)
