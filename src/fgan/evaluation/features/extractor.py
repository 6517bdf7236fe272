"""What every feature extractor offers."""

from __future__ import annotations

from typing import Protocol, Self, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class Extractor(Protocol):
    """Turns samples into features, each sample by itself.

    Attributes:
        name: what reports call it.
        dimension: of its features.
        sha256: of its weights; "" where that is unknown, and then its features are never remembered.
        remember: optional; False where features must not be remembered although the weights have a hash.
        trained_on: the data set that it was trained on, "" for none.
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
