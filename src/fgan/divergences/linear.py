r"""The link "linear": T = v below p/q = 1 and f\*(T) = v above, for any convex f.

As functions of a scaled and shifted v the two terms of the bound are

.. math::
    T(v) = v, \; f^*(T) = f^*(v) \text{ for } v < 0, \qquad f^*(T) = v, \; T = (f^*)^{-1}(v) \text{ for } v \ge 0.

The slope of f\* at f'(u) is u, so neither term is ever steeper than v, and always one of them is as steep. Where f'
ends below, T goes on falling while f\* stays at -f(0). Where f\* ends above, it goes on rising while T stays at its
largest value. Both are bounds still: the two mirror each other when P and Q are exchanged. For total variation this
is the hinge loss.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from fgan.divergences.traced import Operator

if TYPE_CHECKING:
    from fgan.divergences.base import Divergence

NEAR, WIDEST = 30.0, 700.0
"""Log-ratios up to which the table is fine, and at which it ends."""
FINE, COARSE = 1 / 256, 1 / 16
BESIDE = 1e-12
"""Log-ratios this far from a kink are in the table, on both sides."""


class Linear:
    """The terms of the link "linear" as functions of a critic's output v.

    Args:
        divergence: any divergence; `trusted`, if it has that, limits the log-ratios.
    """

    def __init__(self, divergence: Divergence) -> None:
        self.divergence = divergence
        log_ratio = _grid(*getattr(divergence, "trusted", (-WIDEST, WIDEST)), divergence.kinks)
        real, fake = divergence.real_at(log_ratio).detach(), divergence.fake_at(log_ratio).detach()
        inside = real.isfinite() & fake.isfinite()
        log_ratio, real, fake = log_ratio[inside], real[inside], fake[inside]
        # As f(1) = 0 and T is a slope of f at 1, f*(T) = T is on the graph of f* whatever kink f may have there.
        self.middle = divergence.threshold, divergence.threshold - divergence.f_at_one
        below, above = (self.middle[0] - real).clamp(min=0), (fake - self.middle[1]).clamp(min=0)
        self.scale = _scale(log_ratio, real, fake, below, above)
        height = torch.where(log_ratio < 0, -below, above) / self.scale
        self.table = log_ratio, height.cummax(0).values, real, fake

    def height(self, log_ratio: Tensor) -> Tensor:
        """Return the v that belongs to a log-ratio, elementwise."""
        real, fake = self.divergence.real_at(log_ratio), self.divergence.fake_at(log_ratio)
        return torch.where(log_ratio < 0, real - self.middle[0], fake - self.middle[1]) / self.scale

    def log_ratio_inside(self, v: Tensor) -> Tensor:
        """Return the log-ratio for which an output is best, held at the ends of the table, without a gradient.

        The table leaves an error that two steps of regula falsi square, and square again.
        """
        log_ratios, heights = (column.to(v.device) for column in self.table[:2])
        wide = v.detach().double()
        place = torch.searchsorted(heights, wide).clamp(1, len(heights) - 1)
        low, high = log_ratios[place - 1], log_ratios[place]
        bottom, top = heights[place - 1], heights[place]
        steep = (top - bottom) / (high - low)
        first = _held(low + (wide - bottom) / steep, low, high)
        at_first = self.height(first)
        second = _held(first + (wide - at_first) / steep, low, high)
        at_second = self.height(second)
        moved = (at_second - at_first) / (second - first)
        better = second + (wide - at_second) / torch.where(moved > 0, moved, steep)
        best = torch.where(better.isfinite(), better, second)
        return torch.minimum(torch.maximum(best, low), high).to(v.dtype)

    def outside(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """Return where outputs lie below, and above, all that belong to a log-ratio."""
        return v < float(self.table[1][0]), v > float(self.table[1][-1])

    def slopes(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """Return the slopes of both terms, elementwise."""
        log_ratio = self.log_ratio(v)
        steeper = torch.full_like(v, self.scale)
        real = torch.where(v < 0, steeper, self.scale * (-log_ratio).exp())
        fake = torch.where(v < 0, self.scale * log_ratio.exp(), steeper)
        return real, fake

    def log_ratio(self, v: Tensor) -> Tensor:
        """Return log u, elementwise, differentiable; -inf and +inf where v lies beyond all ratios."""
        below, above = self.outside(v)
        inside = _LogRatio.apply(v, self)
        return torch.where(below, -torch.inf, torch.where(above, torch.inf, inside))

    def real(self, v: Tensor) -> Tensor:
        """Return T, elementwise."""
        return _Term.apply(v, self, 0)[0]  # pyright: ignore[reportOptionalSubscript]

    def fake(self, v: Tensor) -> Tensor:
        """Return f*(T), elementwise."""
        return _Term.apply(v, self, 1)[0]  # pyright: ignore[reportOptionalSubscript]

    def term(self, v: Tensor, log_ratio: Tensor, which: int) -> Tensor:
        """Return T (0) or f* (1) for float64 outputs, given their log-ratios held at the ends of the table."""
        straight = self.middle[which] + self.scale * v
        real, fake = self.divergence.real_at(log_ratio), self.divergence.fake_at(log_ratio)
        here, other = (real, fake) if which == 0 else (fake, real)
        # A step along the tangent: between the two slopes of a kink it is exact, elsewhere it removes rounding.
        u = log_ratio.exp() if which else (-log_ratio).exp()
        rest = self.middle[1 - which] + self.scale * v - other
        here = torch.where(torch.logical_or(*self.outside(v)), here, here + u * rest)
        return torch.where((v < 0) == (which == 0), straight, here)


LOG_RATIO = Operator("linear_log_ratio", lambda v, divergence: divergence.linear.log_ratio_inside(v))
"""The log-ratio of float64 outputs under the link "linear", as a single operator in traced programs."""


class _LogRatio(torch.autograd.Function):
    @staticmethod
    def forward(v: Tensor, linear: Linear) -> Tensor:
        return LOG_RATIO(v.double(), linear.divergence).to(v.dtype)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Tensor, int | None]:  # noqa: ANN401
        return _LogRatio.apply(*inputs), in_dims[0]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        v, ctx.linear = inputs
        ctx.save_for_backward(v, output)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        v, log_ratio = ctx.saved_tensors
        log_ratio = _LogRatio.apply(v, ctx.linear) if torch.is_grad_enabled() else log_ratio
        rise = ctx.linear.divergence.weight(log_ratio) * (-log_ratio).clamp(min=0).exp() / ctx.linear.scale
        moves = (rise > 0) & ~torch.logical_or(*ctx.linear.outside(v))
        return torch.where(moves, grads[0] / torch.where(moves, rise, 1), 0), None


class _Term(torch.autograd.Function):
    @staticmethod
    def forward(v: Tensor, linear: Linear, which: int) -> tuple[Tensor, Tensor]:
        wide = v.double()
        log_ratio = LOG_RATIO(wide, linear.divergence)
        return linear.term(wide, log_ratio, which).to(v.dtype), log_ratio

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> Any:  # noqa: ANN401
        return _Term.apply(*inputs), (in_dims[0], in_dims[0])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:  # noqa: ANN401
        v, ctx.linear, ctx.which = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(v, output[1])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        v, inside = ctx.saved_tensors
        linear = ctx.linear
        if torch.is_grad_enabled():
            log_ratio = linear.log_ratio(v.double())
        else:
            below, above = linear.outside(v)
            log_ratio = torch.where(below, -torch.inf, torch.where(above, torch.inf, inside))
        side = log_ratio if ctx.which else -log_ratio
        straight = (v < 0) == (ctx.which == 0)
        slope = linear.scale * torch.where(straight, 0.0, side).exp()
        return grads[0] * slope.to(grads[0].dtype), None, None


def _grid(low: float, high: float, kinks: tuple[float, ...]) -> Tensor:
    """Return log-ratios, fine near 0 and on both sides of each kink."""
    fine = torch.arange(-NEAR, NEAR + FINE, FINE, dtype=torch.float64)
    coarse = torch.arange(-WIDEST, WIDEST + COARSE, COARSE, dtype=torch.float64)
    at = torch.tensor([math.log(u) for u in kinks], dtype=torch.float64)
    ends = torch.tensor([low, high], dtype=torch.float64)
    points = torch.cat([fine, coarse, at - BESIDE, at + BESIDE, ends]).unique()
    return points[(points >= low) & (points <= high)]


def _scale(log_ratio: Tensor, real: Tensor, fake: Tensor, below: Tensor, above: Tensor) -> float:
    """Return what makes v = ±1 belong to log-ratios of about ±1, or of ±2, ±4, ... if f is straight up to there."""
    away = 1.0
    while True:
        low, high = (int(torch.searchsorted(log_ratio, end)) for end in (-away, away))
        high = min(high, len(log_ratio) - 1)
        total = float(below[low] + above[high]) / 2
        rounding = 1e-13 * float(real[low].abs() + fake[high].abs())
        if total > rounding or away > WIDEST:
            return total
        away *= 2


def _held(value: Tensor, low: Tensor, high: Tensor) -> Tensor:
    return torch.minimum(torch.maximum(value.nan_to_num(nan=0.0, posinf=WIDEST, neginf=-WIDEST), low), high)
