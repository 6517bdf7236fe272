"""Extractors without weights: pixels, and vectors as they are."""

from __future__ import annotations

import math
from typing import Self

import torch
from torch import Tensor

from fgan.data.dataset import as_float


class Plain:
    """The samples themselves, flattened; images in [0, 1].

    Args:
        name: "pixels" or "raw".
        shape: of a sample.

    >>> Plain("pixels", (1, 8, 8))(torch.full((2, 1, 8, 8), 51, dtype=torch.uint8)).shape
    torch.Size([2, 64])
    """

    sha256 = ""
    trained_on = ""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        self.name, self.dimension = name, math.prod(shape)

    def to(self, device: torch.device | str) -> Self:
        """Return it: it has nothing to move."""
        return self

    def __call__(self, values: Tensor) -> Tensor:
        """Return features (n, dimension)."""
        return as_float(values).flatten(1)
