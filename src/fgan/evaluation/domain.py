"""Where metrics hold: what is said beside a number that is less than it seems, and what does not fit into memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.memory import require_memory

FEWER = (
    "Take fewer samples (--n, or n= in Python) or features of fewer numbers (--extractor, extractor=), "
    "or leave the metric out."
)


@dataclass(frozen=True)
class Caveat:
    """What makes a number less than it seems.

    Args:
        text: what it is, with the figures.
        unusable: whether the number says nothing at all.
    """

    text: str
    unusable: bool = False


def require_memory_of(metric: str, needed: float, *sides: Tensor) -> None:
    """Refuse a metric that needs more bytes than are free, besides the features of its sides (n, d).

    Raises:
        MemoryLimitError: where they are not free.
    """
    sizes = " against ".join(f"{len(side):,}" for side in sides)
    what = f"{metric} of {sizes} samples with {sides[0].shape[1]:,} numbers each"
    require_memory(needed, what, FEWER, sides[0].device)
