"""Draws of code that asks torch's global generator, such as `nn.Linear`, from a generator of its own instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from fgan.dispatch import DispatchMode


class DrawnFrom(DispatchMode):
    """While entered, this thread's draws that name no generator come from this one, on its device.

    The numbers are those that `torch.manual_seed` would have given; but the global generator, which all threads and
    libraries share, is neither read nor moved.

    Args:
        random: the generator.

    >>> with DrawnFrom(torch.Generator().manual_seed(0)):
    ...     layer = torch.nn.Linear(2, 1)
    >>> layer.bias.item() == torch.nn.Linear(2, 1).bias.item()
    False
    """

    def __init__(self, random: torch.Generator) -> None:
        super().__init__()
        self.random = random

    @classmethod
    def seeded(cls, seed: int) -> DrawnFrom:
        """Return it with a new generator of the CPU."""
        return cls(torch.Generator().manual_seed(seed))

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: tuple[type, ...],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the operation returns
        """Call an operation, one that draws with the generator."""
        kwargs = dict(kwargs or {})
        if torch.Tag.nondeterministic_seeded in func.tags:  # pyright: ignore[reportFunctionMemberAccess]
            func = _with_generator(func)
            if kwargs.get("generator") is None and _takes_generator(func):
                kwargs["generator"] = self.random
        return func(*args, **kwargs)


def _takes_generator(func: Any) -> bool:  # noqa: ANN401 - torch's operators have no public type
    return any(argument.name == "generator" for argument in func._schema.arguments)


def _with_generator(func: Any) -> Any:  # noqa: ANN401
    """Return an operator's form that takes a generator, such as that of `torch.randn`, where it is another one."""
    if _takes_generator(func):
        return func
    names = {"low": "low_generator"}.get(func._overloadname, "generator")
    return getattr(func.overloadpacket, names, func)
