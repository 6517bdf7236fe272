"""Operations with a derivative of their own."""

from __future__ import annotations

import inspect

import torch


class Operation(torch.autograd.Function):
    """An operation with a derivative of its own, whose signature is found once: torch looks for it at every call."""

    def __init_subclass__(cls) -> None:
        """Keep the signature of `forward` where `inspect.signature` finds it."""
        super().__init_subclass__()
        cls.forward.__signature__ = inspect.signature(cls.forward)  # pyright: ignore[reportFunctionMemberAccess]
