"""The protocol of feature extractors."""

from __future__ import annotations

from typing import Protocol, Self, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class Extractor(Protocol):
    """Turns samples into features, each sample by itself.

    Attributes:
        name: its name in reports.
        dimension: number of features.
        sha256: hash of its weights; "" if unknown, and then its features are never cached.
        remember: optional; False if features must not be cached although the weights have a hash.
        trained_on: the data set that it was trained on, or "".
    """

    name: str
    dimension: int
    sha256: str
    trained_on: str

    def __call__(self, values: Tensor) -> Tensor:
        """Return features, float32 (n, dimension), of uint8 images (n, C, H, W) or float32 vectors (n, D)."""
        ...

    def to(self, device: torch.device | str) -> Self:
        """Move it to a device, and return it."""
        ...


@runtime_checkable
class Classifier(Extractor, Protocol):
    """An extractor whose features a linear layer turns into classes.

    Attributes:
        classes: how many.
    """

    classes: int

    def logits(self, features: Tensor) -> Tensor:
        """Return logits (n, classes) of features (n, dimension)."""
        ...
