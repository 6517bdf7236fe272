r"""The link "linear": T = v below p/q = 1, and f\*(T) = v above, for any convex f.

Up to a shift and a scale of v, the two terms of the bound are

.. math::
    T = v, \; f^*(T) = f^*(v) \text{ for } v < 0, \qquad f^*(T) = v, \; T = (f^*)^{-1}(v) \text{ for } v \ge 0.

The slope of f\* at f'(u) is u. So neither term is ever steeper than v, and one of them always is as steep. If f'(0) is
finite, T falls on below it, while f\* stays at -f(0). If f\* ends at a finite value, it rises on above it, while T
stays at the limit of f(u)/u. Both are still bounds: the second is the first for the dual. For total variation this is
the hinge loss.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from fgan.divergences.operation import Operation
from fgan.divergences.traced import Operator, name_of, named, tracing

if TYPE_CHECKING:
    from fgan.divergences.base import Divergence

NEAR, WIDEST = 30.0, 700.0
"""Log-ratios up to which the table is fine, and at which it ends."""
FINE, COARSE = 1 / 1024, 1 / 16
CHORDS, ROUNDING = 4, 1e-13
CLOSEST = 1e-12
"""The distance of the nearest log-ratios in the table from 0 and from a kink."""
STEEPEST = 1.0
"""The steepest that a term may be. With its natural 24, (u - 1)**4 lost its modes under the default penalties."""


class Linear:
    """The terms of the link "linear" as functions of a critic's output v.

    A table gives the log-ratio for which v is best, with an error of about 1e-7. The terms have the square of that.

    Args:
        divergence: any divergence; the table ends where its terms are no longer accurate.

    Attributes:
        scale: the slope of the steeper term.
        straight: the log-ratios around 0 between which f is straight: both 0 unless D_f can be 0 for P other than Q.
    """

    def __init__(self, divergence: Divergence) -> None:
        self.divergence = divergence
        # T is a slope of f at 1, so this point is on the graph of f*, even if f has a kink at 1.
        self.middle = divergence.threshold, divergence.threshold - divergence.f_at_one
        log_ratio = _grid(*divergence.trusted, divergence.kinks)
        real, fake = (term.detach() for term in divergence.terms_at(log_ratio))
        inside = real.isfinite() & fake.isfinite()
        self.log_ratios = log_ratio[inside]
        rise = self._rise(self.log_ratios, real[inside], fake[inside]).cummax(0).values  # despite rounding
        rounding = ROUNDING * max(map(abs, self.middle))
        still = torch.where(rise.abs() <= rounding, self.log_ratios, 0)
        self.straight = float(still.amin()), float(still.amax())
        assert rise[0] < rise[-1], "made where autograd is off, such as inside of an operator of a trace"
        self.scale = min(_natural_scale(self.log_ratios, rise, rounding), STEEPEST)
        self.outputs = rise / self.scale
        self.ends = float(self.outputs[0]), float(self.outputs[-1])

    def _rise(self, log_ratio: Tensor, real: Tensor, fake: Tensor) -> Tensor:
        """Return how far the steeper term is from its value at p/q = 1, elementwise."""
        return torch.where(log_ratio < 0, real - self.middle[0], fake - self.middle[1])

    def real(self, v: Tensor) -> Tensor:
        """Return T, elementwise."""
        return _Term.apply(v, self, 0)[0]  # pyright: ignore[reportOptionalSubscript]

    def fake(self, v: Tensor) -> Tensor:
        """Return f*(T), elementwise."""
        return _Term.apply(v, self, 1)[0]  # pyright: ignore[reportOptionalSubscript]

    def log_ratio(self, v: Tensor) -> Tensor:
        """Return log u, elementwise, differentiable; -inf and +inf where v lies beyond all ratios."""
        return self.open_ended(v, _LogRatio.apply(v, self))  # pyright: ignore[reportArgumentType]

    def open_ended(self, v: Tensor, log_ratio: Tensor) -> Tensor:
        """Return log-ratios with -inf and +inf where v lies beyond all of them."""
        lowest, highest = self.ends
        return torch.where(v < lowest, -torch.inf, torch.where(v > highest, torch.inf, log_ratio))

    def nearest(self, v: Tensor) -> Tensor:
        """Return the log-ratio of v, held at the ends of the table, elementwise, without a gradient.

        For v in float64 a few steps along the table's chords remove its error.
        """
        log_ratios, outputs = self.log_ratios.to(v.device), self.outputs.to(v.device)
        wide = v.detach().double().contiguous()
        place = torch.searchsorted(outputs, wide).clamp(1, len(outputs) - 1)
        low, high, bottom, top = log_ratios[place - 1], log_ratios[place], outputs[place - 1], outputs[place]
        rises = top > bottom
        across = (high - low) / torch.where(rises, top - bottom, 1)
        found = torch.where(rises, low + (wide.clamp(bottom, top) - bottom) * across, high)
        for _ in range(CHORDS if v.dtype == torch.float64 else 0):
            at = self._rise(found, *self.divergence.terms_at(found)) / self.scale
            found = torch.minimum(torch.maximum(found + (wide - at) * across, low), high)
        return found.to(v.dtype)

    def term(self, which: int, v: Tensor, log_ratio: Tensor) -> Tensor:
        """Return T (0) or f*(T) (1) of v in float64, given its log-ratio held at the ends of the table."""
        given = [middle + self.scale * v for middle in self.middle]
        found = self.divergence.terms_at(log_ratio)
        # Along the tangent of f*: exact between the two slopes of a kink; elsewhere it squares the table's error.
        step = (given[1 - which] - found[1 - which]) * (log_ratio if which else -log_ratio).exp()
        ends = self.open_ended(v, log_ratio).isinf()
        return torch.where((v < 0) == (which == 0), given[which], found[which] + torch.where(ends, 0, step))

    def slope(self, which: int, v: Tensor, log_ratio: Tensor) -> Tensor:
        """Return the slope of T (0) or f*(T) (1) at v, given its log-ratio."""
        ratio = torch.where((v < 0) == (which == 0), 0, log_ratio if which else -log_ratio)
        return self.scale * ratio.exp()


NEAREST = Operator("linear_log_ratio", lambda v, divergence: divergence.linear.nearest(v))
"""The log-ratio of outputs, as a single operator in traced programs."""


def _nearest(v: Tensor, divergence: Divergence) -> Tensor:
    """Return the log-ratio of outputs; its table is made before a trace calls the operator."""
    if tracing():
        assert named(name_of(divergence)).linear
    return NEAREST(v, divergence)


class _LogRatio(Operation):
    @staticmethod
    def forward(v: Tensor, linear: Linear) -> Tensor:
        return _nearest(v, linear.divergence)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Tensor, int | None]:  # noqa: ANN401
        return _LogRatio.apply(*inputs), in_dims[0]  # elementwise: one more dimension changes nothing

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        v, ctx.linear = inputs
        ctx.save_for_backward(v, output)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        v, log_ratio = ctx.saved_tensors
        linear = ctx.linear
        log_ratio = _LogRatio.apply(v, linear) if torch.is_grad_enabled() else log_ratio
        rise = linear.divergence.weight(log_ratio) * (-log_ratio).clamp(min=0).exp() / linear.scale
        moves = (rise > 0) & linear.open_ended(v, log_ratio).isfinite()
        return torch.where(moves, grads[0] / torch.where(moves, rise, 1), 0), None


class _Term(Operation):
    @staticmethod
    def forward(v: Tensor, linear: Linear, which: int) -> tuple[Tensor, Tensor]:
        log_ratio = _nearest(v, linear.divergence)
        return linear.term(which, v.double(), log_ratio.double()).to(v.dtype), log_ratio

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
        v, log_ratio = ctx.saved_tensors
        linear = ctx.linear
        # Solved for again only where someone will differentiate it again.
        log_ratio = linear.log_ratio(v) if torch.is_grad_enabled() else linear.open_ended(v, log_ratio)
        return grads[0] * linear.slope(ctx.which, v, log_ratio), None, None


def _grid(low: float, high: float, kinks: tuple[float, ...]) -> Tensor:
    """Return log-ratios between two, fine near 0, finer still beside it and on both sides of each kink."""
    fine = torch.arange(-NEAR, NEAR + FINE, FINE, dtype=torch.float64)
    coarse = torch.arange(-WIDEST, WIDEST + COARSE, COARSE, dtype=torch.float64)
    beside = torch.logspace(math.log10(CLOSEST), math.log10(FINE), 100, dtype=torch.float64)
    at = torch.tensor([math.log(u) for u in kinks], dtype=torch.float64)
    ends = torch.tensor([low, high], dtype=torch.float64)
    points = torch.cat([fine, coarse, -beside, beside, at - CLOSEST, at + CLOSEST, ends]).unique()
    return points[(points >= low) & (points <= high)]


def _natural_scale(log_ratios: Tensor, rise: Tensor, rounding: float) -> float:
    """Return the scale with which v = ±1 belongs to log-ratios near ±1; or near ±2, ±4, ... if f is straight there."""
    away = 1.0
    while True:
        ends = torch.searchsorted(log_ratios, log_ratios.new_tensor([-away, away])).clamp(max=len(rise) - 1)
        low, high = rise[ends].tolist()
        if high - low > rounding or away > WIDEST:
            return (high - low) / 2
        away *= 2
