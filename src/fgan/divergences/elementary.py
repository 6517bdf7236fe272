"""The elementary functions that the terms of a bound are made of: every digit a type can hold, few passes.

`torch.where` and the gradient of `clamp` cost as much as several logarithms on a CPU; none of these needs them.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

LOG2 = math.log(2.0)
EXACT = 40.0
"""From here on log(1 + e^x) is x, and log(1 + e^-x) is e^-x, to the last digit of a float64."""


def softplus(x: Tensor) -> Tensor:
    """Return log(1 + e^x), elementwise, in float64 too to the last digit."""
    return F.softplus(x, threshold=EXACT)


def at_least(x: Tensor, lowest: float) -> Tensor:
    """Return max(x, lowest), elementwise; its slope where the two are equal is 0."""
    return F.hardtanh(x, lowest, math.inf)


def at_most(x: Tensor, highest: float) -> Tensor:
    """Return min(x, highest), elementwise; its slope where the two are equal is 0."""
    return F.hardtanh(x, -math.inf, highest)


def log_softplus(x: Tensor) -> Tensor:
    """Return log log(1 + e^x), elementwise, also where log(1 + e^x) = e^x is too small for the type.

    >>> log_softplus(torch.tensor([-1000.0, 0.0]))
    tensor([-1000.0000,    -0.3665])
    """
    return softplus(at_least(x, -EXACT)).log() - F.relu(-EXACT - x)


def affine(x: Tensor, scale: float, shift: float) -> Tensor:
    """Return scale x + shift, elementwise, in one pass."""
    return torch.add(torch.tensor(shift, dtype=x.dtype), x, alpha=scale)


def exp_difference(x: Tensor, rate: float = 1.0, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    """Return scale (e^(rate x) - 1) + shift, elementwise: the shape of every power of a ratio.

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


# Both know their slope from what is at hand: half the passes that autograd would make of the parts.


class _ExpDifference(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, rate: float, scale: float, shift: float) -> Tensor:
        y = torch.expm1(x * rate if rate != 1 else x)
        y = y.mul_(scale) if scale != 1 else y
        return y.add_(shift) if shift else y

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        _, ctx.rate, scale, shift = inputs
        ctx.offset = scale - shift
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401
        (y,) = ctx.saved_tensors
        return grad * affine(y, ctx.rate, ctx.rate * ctx.offset), None, None, None


class _Quadratic(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, a: float, b: float, c: float) -> Tensor:
        return affine(x, a, b).mul_(x).add_(c) if c else affine(x, a, b).mul_(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        x, ctx.a, ctx.b, _ = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401
        (x,) = ctx.saved_tensors
        return grad * affine(x, 2 * ctx.a, ctx.b), None, None, None
