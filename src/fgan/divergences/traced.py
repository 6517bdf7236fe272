"""Iterations inside a traced program: each is one operator, whose number of steps its input decides when it runs.

A tracer such as `make_fx` keeps the operations that one input went through. Whoever asks a tensor for its values, to
stop early or to take a branch, freezes the answer of that input into the program. `settled` never asks there, and
`Operator` keeps a loop out of the trace.
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
    """Whether operations are being recorded or simulated, so that the values seen now are not all there will be."""
    return torch._C._len_torch_dispatch_stack() > 0


def settled(mask: Tensor) -> bool:
    """Return whether all of a mask is true, as far as that may be asked: False in a program that is being made.

    On CUDA the question waits for the device, and while a graph is captured there it is not allowed.
    """
    captured = mask.is_cuda and torch.cuda.is_current_stream_capturing()
    return not (captured or tracing()) and bool(mask.all())


class Operator:
    """A function of a tensor and a divergence as an operator `fgan::name`, which a tracer takes as a whole.

    Args:
        name: the operator's.
        function: of a tensor and a divergence; the result is like the tensor, with a last axis of one if `narrow`.
        narrow: see `function`.
    """

    def __init__(
        self, name: str, function: Callable[[Tensor, Divergence], Tensor], *, narrow: bool = False
    ) -> None:
        self.function = function
        LIBRARY.define(f"{name}(Tensor t, str divergence) -> Tensor")
        # No kernel for autograd, so that the function may differentiate inside; gradients are the caller's.
        LIBRARY.impl(name, lambda t, key: function(t, named(key)), "CompositeExplicitAutograd")
        shaped = (lambda t, key: t[..., :1].clone()) if narrow else (lambda t, key: torch.empty_like(t))
        torch.library.register_fake(f"fgan::{name}", shaped, lib=LIBRARY)
        self.operator = getattr(torch.ops.fgan, name).default

    def __call__(self, t: Tensor, divergence: Divergence) -> Tensor:
        """Return the function's value, without a gradient."""
        t = t.detach()
        return self.operator(t, name_of(divergence)) if tracing() else self.function(t, divergence)


def name_of(divergence: Divergence) -> str:
    """Return what a program calls a divergence; another process finds it by that, where the catalogue spells it."""
    held = next((name for name, one in _held.items() if one is divergence), None)
    if held is not None:
        return held
    with _disable_current_modes():
        try:
            alike = _same(named(divergence.name), divergence)
        except FganError:  # a name that means nothing to the catalogue
            alike = False
    if alike:
        return divergence.name
    name = f"{divergence.name}#{uuid.uuid4().hex}"
    _held[name] = divergence
    return name


def named(name: str) -> Divergence:
    """Return the divergence that a program calls so."""
    if name not in _held:
        _held[name] = _spelling[0](name)
    return _held[name]


def spelled_by(spelling: Callable[[str], Divergence]) -> None:
    """Let names be read by this function, which is above this floor."""
    _spelling[:] = [spelling]


def _same(one: Divergence, other: Divergence) -> bool:
    at = torch.tensor(POINTS, dtype=torch.float64)
    return type(one) is type(other) and torch.equal(one.real_at(at), other.real_at(at))


class _OutsideOfTraces(cached_property):
    def __get__(self, instance: Any, owner: type | None = None) -> Any:  # noqa: ANN401
        """Return the fact, or itself where the class is asked."""
        if instance is None or not tracing():
            return super().__get__(instance, owner)
        with _disable_current_modes():
            return super().__get__(instance, owner)


fact = cached_property if TYPE_CHECKING else _OutsideOfTraces
"""A `cached_property` that is computed outside of a program that is being made, whoever asks first."""
