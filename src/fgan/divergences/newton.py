"""The inverse of f' and the conjugate for an f without closed forms, solved for the log-ratio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from fgan.divergences.elementary import value_and_slope
from fgan.divergences.facts import Facts
from fgan.divergences.operation import Operation
from fgan.divergences.traced import Operator, settled

ROUNDING = 4e-16
MAX_STEPS = 100
"""More than enough: every second step at least halves the bracket."""


def invert(
    increasing: Callable[[Tensor], Tensor], t: Tensor, solve: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """Return the l with increasing(l) = t, elementwise, differentiable to any order.

    Args:
        increasing: a non-decreasing function of a tensor of log-ratios, elementwise and differentiable.
        solve: a faster solver for a known function.
        t: targets, any shape. Below the function's range the result is -inf, at and above its supremum +inf.

    >>> invert(lambda l: l + l.exp(), torch.tensor([2.0, 10.0], dtype=torch.float64))
    tensor([0.4429, 2.0706], dtype=torch.float64)
    """
    return _Inverse.apply(t, increasing, solve)  # pyright: ignore[reportReturnType]


def conjugate_by_inversion(divergence: Facts, t: Tensor) -> Tensor:
    """Return f*(t), elementwise, from l = log((f')^-1(t)), with the exact gradient u = e^l."""
    return _Conjugate.apply(t, divergence)[0]  # pyright: ignore[reportOptionalSubscript]


class _Inverse(Operation):
    @staticmethod
    def forward(
        t: Tensor, increasing: Callable[[Tensor], Tensor], solve: Callable[[Tensor], Tensor] | None
    ) -> Tensor:
        return solve(t) if solve else _solve(increasing, t.double()).to(t.dtype)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Tensor, int | None]:  # noqa: ANN401
        return _Inverse.apply(*inputs), in_dims[0]  # elementwise: one more dimension changes nothing

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        ctx.increasing = inputs[1]
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        (grad,) = grads
        (log_ratio,) = ctx.saved_tensors
        at = torch.where(log_ratio.isfinite(), log_ratio, 0)
        _, slope = value_and_slope(ctx.increasing, at)
        return torch.where(log_ratio.isfinite(), grad / slope, 0), None, None


class _Conjugate(Operation):
    @staticmethod
    def forward(t: Tensor, divergence: Facts) -> tuple[Tensor, Tensor]:
        wide = t.double()
        log_ratio = divergence.log_ratio_at(wide)
        value = divergence.fake_at(log_ratio)
        if not divergence.smooth:
            # Between the two slopes of a kink no l gives t; there f*(t) = ut - f(u) at the kink's u.
            at = torch.where(log_ratio.isfinite(), log_ratio, 0)
            missing = at.exp() * (wide - divergence.real_at(at))
            value = torch.where(log_ratio.isfinite(), value + missing, value)
        # Of t = -inf it is the limit, where there is one.
        finite = wide.clamp(min=torch.finfo(wide.dtype).min)
        outside = ~(divergence.conjugate_domain.contains(finite) | wide.isnan())
        return torch.where(outside, torch.inf, value).to(t.dtype), log_ratio.to(t.dtype)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> Any:  # noqa: ANN401
        return _Conjugate.apply(*inputs), (in_dims[0], in_dims[0])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:  # noqa: ANN401
        t, ctx.divergence = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(t, output[1])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        t, log_ratio = ctx.saved_tensors
        # Solved for again only where someone will differentiate it again.
        log_ratio = ctx.divergence.log_ratio_at(t) if torch.is_grad_enabled() else log_ratio
        return grads[0] * log_ratio.exp(), None


def _solve(increasing: Callable[[Tensor], Tensor], t: Tensor) -> Tensor:
    """Newton's method in float64; a table brackets each target, and every step narrows the bracket."""
    targets = t.detach().reshape(-1)
    grid = _grid(targets.device)
    # Rounding may make an increasing table fall in its last digit.
    table = increasing(grid).detach().cummax(0).values
    place = torch.searchsorted(table, targets).clamp(1, len(grid) - 1)
    low, high = grid[place - 1], grid[place]
    x = (low + high) / 2
    last_move = high - low
    for _ in range(MAX_STEPS):
        values, slope = value_and_slope(increasing, x)
        residual = values - targets
        low, high = torch.where(residual < 0, x, low), torch.where(residual < 0, high, x)
        newton = x - residual / slope
        slow = 2 * residual.abs() > (last_move * slope).abs()
        good = (newton > low) & (newton < high) & ~slow
        new = torch.where(good, newton, (low + high) / 2)
        # Once x is within rounding of the target it cannot be improved.
        new = torch.where(residual.abs() <= ROUNDING * targets.abs(), x, new)
        last_move, x = (new - x).abs(), new
        if settled(~(last_move > ROUNDING * (1 + x.abs()))):
            break
    x = torch.where(targets < table[0], -torch.inf, x)
    x = torch.where(targets >= table[-1], torch.inf, x)
    return torch.where(targets.isnan(), torch.nan, x).reshape(t.shape)


SLOPE_INVERSE = Operator("slope_inverse", lambda t, divergence: _solve(divergence.real_at, t))
"""The l with f'(e^l) = t for float64 targets, as a single operator in traced programs."""


def _grid(device: torch.device) -> Tensor:
    """Log-ratios a step apart where e^l is a float64, and geometrically on to a million."""
    near = torch.linspace(-745, 745, 1491, dtype=torch.float64, device=device)
    far = torch.logspace(2.88, 6, 200, dtype=torch.float64, device=device)
    return torch.cat([-far.flip(0), near, far])
