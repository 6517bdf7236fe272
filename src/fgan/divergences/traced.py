"""Iterations inside a traced program: each is one operator, so that its number of steps can depend on its input.

A tracer such as `make_fx` records the operations for one input. Code that reads the values of a tensor, to stop early
or to branch, would freeze the answer for that input into the program. `settled` does not read values while tracing,
and `Operator` keeps a loop out of the trace.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes

from fgan.errors import FganError

if TYPE_CHECKING:
    from fgan.divergences.base import Divergence

LIBRARY = torch.library.Library("fgan", "DEF")
POINTS = (-5.0, -1.0, -0.1, 0.0, 0.3, 2.0, 7.0)
"""Log-ratios at which divergences of one name are compared."""
_held: dict[str, Divergence] = {}
_spelling: list[Callable[[str], Divergence]] = []


def tracing() -> bool:
    """Whether operations are being traced, so that decisions must not depend on the present values."""
    return torch._C._len_torch_dispatch_stack() > 0


def settled(mask: Tensor) -> bool:
    """Return whether a mask is true everywhere; always False while tracing.

    On CUDA this synchronises; during the capture of a CUDA graph it is not allowed and returns False.
    """
    captured = mask.is_cuda and torch.cuda.is_current_stream_capturing()
    return not (captured or tracing()) and bool(mask.all())


class Operator:
    """A function of a tensor and a divergence as an operator `fgan::name`, opaque to tracers.

    Args:
        name: the name of the operator.
        function: of a tensor and a divergence; the result has the shape of the tensor and is contiguous.
        narrow: the last axis of the result has size one instead.
    """

    def __init__(
        self, name: str, function: Callable[[Tensor, Divergence], Tensor], *, narrow: bool = False
    ) -> None:
        self.function = function
        LIBRARY.define(f"{name}(Tensor t, str divergence) -> Tensor")
        # No autograd kernel, so that the function may differentiate inside; callers define the gradient.
        LIBRARY.impl(name, lambda t, key: function(t, named(key)), "CompositeExplicitAutograd")

        def shaped(t: Tensor, key: str) -> Tensor:
            return t[..., :1].clone() if narrow else torch.empty(t.shape, dtype=t.dtype, device=t.device)

        torch.library.register_fake(f"fgan::{name}", shaped, lib=LIBRARY)
        self.operator = getattr(torch.ops.fgan, name).default

    def __call__(self, t: Tensor, divergence: Divergence) -> Tensor:
        """Return the function's value, without a gradient."""
        t = t.detach()
        return self.operator(t, name_of(divergence)) if tracing() else self.function(t, divergence)


def name_of(divergence: Divergence) -> str:
    """Return the name of a divergence in programs; other processes can find it by this if it is in the catalogue."""
    held = next((name for name, one in _held.items() if one is divergence), None)
    if held is not None:
        return held
    with _disable_current_modes():
        try:
            alike = _same(named(divergence.name), divergence)
        except FganError:  # not a name of the catalogue
            alike = False
    if alike:
        return divergence.name
    name = f"{divergence.name}#{uuid.uuid4().hex}"
    _held[name] = divergence
    return name


def named(name: str) -> Divergence:
    """Return the divergence with this name in programs."""
    if name not in _held:
        _held[name] = _spelling[0](name)
    return _held[name]


def spelled_by(spelling: Callable[[str], Divergence]) -> None:
    """Register the function that reads names; it is defined in a higher layer."""
    _spelling[:] = [spelling]


def _same(one: Divergence, other: Divergence) -> bool:
    at = torch.tensor(POINTS, dtype=torch.float64)
    return type(one) is type(other) and torch.equal(one.real_at(at), other.real_at(at))


class _OutsideOfTraces(cached_property):
    def __get__(self, instance: Any, owner: type | None = None) -> Any:  # noqa: ANN401
        """Return the value, or the descriptor itself on the class."""
        if instance is None or not tracing():
            return super().__get__(instance, owner)
        with _disable_current_modes():
            return super().__get__(instance, owner)


fact = cached_property if TYPE_CHECKING else _OutsideOfTraces
"""A `cached_property` that is never computed inside a trace."""
