"""Elementary functions for the terms of a bound: accurate to the last digit, in few passes over memory.

`torch.where` and the gradient of `clamp` cost as much as several logarithms on a CPU; none of these needs them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.autograd.forward_ad import unpack_dual

from fgan.divergences.operation import Operation

TensorMap = Callable[[Tensor], Tensor]
LOG2 = math.log(2.0)
EXACT = 40.0
"""Above this, log(1 + e^x) equals x and log(1 + e^-x) equals e^-x in float64."""


def widened(v: Tensor) -> Tensor:
    """Return v, converted to float32 if its dtype is too narrow for exponentials."""
    return v.float() if v.dtype in (torch.bfloat16, torch.float16) else v


def value_and_slope(function: TensorMap, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return an elementwise function and its derivative at x; both can be differentiated again.

    Uses plain autograd if possible: the first call of torch.func imports torch's compiler, which takes a second.

    >>> value_and_slope(torch.square, torch.tensor([3.0]))
    (tensor([9.]), tensor([6.]))
    """
    if _needs_transforms(function, x):
        value, pull, *_ = torch.func.vjp(function, x)
        return value, pull(torch.ones_like(value))[0]
    again = torch.is_grad_enabled() and x.requires_grad
    with torch.enable_grad():
        at = x if again else x.detach().requires_grad_()
        value = function(at)
        if not value.requires_grad:  # a constant
            return value, torch.zeros_like(value)
        # Differentiate the sum; passing ones as grad_outputs would make torch import sympy to compare shapes.
        (slope,) = torch.autograd.grad(value.sum(), at, create_graph=again, materialize_grads=True)
    return (value, slope) if again else (value.detach(), slope)


def _needs_transforms(function: TensorMap, x: Tensor) -> bool:
    """Whether plain autograd would lose something that torch.func handles."""
    return (
        is_functorch_wrapped_tensor(x)  # inside vmap or grad of torch.func
        or torch.is_inference_mode_enabled()
        or x.is_inference()
        or unpack_dual(x).tangent is not None  # forward mode
        # The function has parameters that need a gradient.
        or (torch.is_grad_enabled() and not x.requires_grad and function(x).requires_grad)
    )


def softplus(x: Tensor) -> Tensor:
    """Return log(1 + e^x), elementwise, accurate to the last digit also in float64."""
    return F.softplus(x, threshold=EXACT)


def at_least(x: Tensor, lowest: float) -> Tensor:
    """Return max(x, lowest), elementwise; the gradient is 0 where both are equal."""
    return F.hardtanh(x, lowest, math.inf)


def at_most(x: Tensor, highest: float) -> Tensor:
    """Return min(x, highest), elementwise; the gradient is 0 where both are equal."""
    return F.hardtanh(x, -math.inf, highest)


def log_softplus(x: Tensor) -> Tensor:
    """Return log log(1 + e^x), elementwise, also where log(1 + e^x) ≈ e^x underflows.

    >>> log_softplus(torch.tensor([-1000.0, 2.0])).exp()
    tensor([0.0000, 2.1269])
    """
    return _LogSoftplus.apply(x)  # pyright: ignore[reportReturnType]


def affine(x: Tensor, scale: float, shift: float) -> Tensor:
    """Return scale x + shift, elementwise, in one pass."""
    return torch.add(torch.tensor(shift, dtype=x.dtype), x, alpha=scale)


def exp_difference(x: Tensor, rate: float = 1.0, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    """Return scale (e^(rate x) - 1) + shift, elementwise: the form of every power of a ratio.

    >>> exp_difference(torch.tensor([0.0, 1.0]), rate=-1.0, scale=-1.0)
    tensor([0.0000, 0.6321])
    """
    return _ExpDifference.apply(x, rate, scale, shift)  # pyright: ignore[reportReturnType]


def quadratic(x: Tensor, a: float, b: float, c: float = 0.0) -> Tensor:
    """Return a x² + b x + c, elementwise.

    >>> quadratic(torch.tensor([0.0, 2.0]), 1.0, -3.0, 0.5)
    tensor([ 0.5000, -1.5000])
    """
    return _Quadratic.apply(x, a, b, c)  # pyright: ignore[reportReturnType]


# These define their own derivative, which halves the passes that autograd would need.


class _LogSoftplus(Operation):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return softplus(x.clamp(min=-EXACT)).log() + (x + EXACT).clamp(max=0.0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        ctx.save_for_backward(inputs[0], output)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:  # noqa: ANN401
        (grad,) = grads
        x, y = (saved.clamp(min=-EXACT) for saved in ctx.saved_tensors)
        return grad * (x.sigmoid() * (-y).exp())


class _ExpDifference(Operation):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, rate: float, scale: float, shift: float) -> Tensor:
        y = (x * rate).expm1_() if rate != 1 else torch.expm1(x)
        y = y.mul_(scale) if scale != 1 else y
        return y.add_(shift) if shift else y

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        x, ctx.rate, ctx.scale, _ = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401
        (grad,) = grads
        # From x, not from the value: where e^(rate x) is small, that has rounded it away.
        (x,) = ctx.saved_tensors
        slope, factor = x * ctx.rate, ctx.rate * ctx.scale
        # In place where no one will differentiate it again.
        slope = slope.exp() * factor if torch.is_grad_enabled() else slope.exp_().mul_(factor)
        return grad * slope, None, None, None


class _Quadratic(Operation):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, a: float, b: float, c: float) -> Tensor:
        return affine(x, a, b).mul_(x).add_(c) if c else affine(x, a, b).mul_(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        x, ctx.a, ctx.b, _ = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401
        (grad,) = grads
        (x,) = ctx.saved_tensors
        return grad * affine(x, 2 * ctx.a, ctx.b), None, None, None
