"""What all losses share: which divergence, which reduction."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.catalogue import DivergenceLike, divergence
from fgan.errors import FganError

REDUCTIONS = ("mean", "sum", "none")


def chosen(given: DivergenceLike) -> Divergence:
    """Return the divergence of this name, or the one that was given."""
    return given if isinstance(given, Divergence) else _named(given)


@lru_cache(maxsize=128)  # a name is read once, not in every step
def _named(name: str) -> Divergence:
    return divergence(name)


def reduced(values: Tensor, reduction: str, mask: Tensor | None = None) -> Tensor:
    """Return the mean or the sum of the values where the mask is true, or all of them, 0 elsewhere.

    The mean of no values is 0.

    Raises:
        FganError: for an unknown reduction.
    """
    if reduction not in REDUCTIONS:
        raise FganError(f'the reduction must be one of {", ".join(REDUCTIONS)}; got "{reduction}".')
    if mask is not None:
        values = torch.where(mask, values, 0)
    if reduction == "none":
        return values
    if reduction == "sum":
        return values.sum()
    count = values.numel() if mask is None else mask.expand(values.shape).sum()
    return values.sum() / (count.clamp(min=1) if isinstance(count, Tensor) else max(count, 1))
