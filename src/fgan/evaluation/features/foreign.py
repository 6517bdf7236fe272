"""An extractor that the user wrote: any callable on images."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from fgan.data import Dataset
from fgan.errors import FganError
from fgan.evaluation.features.inception import hash_of


class Foreign:
    """A user's callable as an extractor: called with uint8 images (n, C, H, W), or float32 vectors (n, D).

    Args:
        name: what to call it.
        function: returns features (n, d).
        shape: of a sample, to see how many features come.

    Raises:
        FganError: where it fails, or returns something else.

    >>> Foreign("means", lambda x: x.float().mean((2, 3)), (3, 8, 8)).dimension
    3
    """

    def __init__(self, name: str, function: Any, shape: tuple[int, ...]) -> None:  # noqa: ANN401 - it is the user's
        self.function = function.eval() if isinstance(function, nn.Module) else function
        self.name = str(getattr(function, "name", name))
        self.trained_on = str(getattr(function, "trained_on", ""))
        self.sha256 = str(getattr(function, "sha256", ""))
        if not self.sha256 and isinstance(function, nn.Module) and function.state_dict():
            self.sha256 = hash_of(function.state_dict())
        kind = torch.uint8 if len(shape) == 3 else torch.float32
        self.dimension = self(torch.zeros(2, *shape, dtype=kind)).shape[1]

    def to(self, device: torch.device | str) -> Self:
        """Move it to a device if it can be moved, and return it."""
        if hasattr(self.function, "to"):
            self.function.to(device)
        return self

    def __call__(self, values: Tensor) -> Tensor:
        """Return its features (n, d)."""
        try:
            features = self.function(values)
        except Exception as error:  # whatever the user's code may raise
            raise FganError(
                f"{self.name} must turn {values.dtype} samples of the shape {tuple(values.shape)} into features; "
                f"it raised {type(error).__name__}: {error}."
            ) from error
        if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != len(values):
            received = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
            raise FganError(
                f"{self.name} must return features (n, d), here ({len(values)}, d); got {received}. "
                "Flatten them."
            )
        return features.float()


def load_foreign(target: str, dataset: Dataset) -> Foreign:
    """Return the extractor that `module:callable` names, which may lie in the working directory.

    Raises:
        FganError: where there is no such module or name.
    """
    module, _, attribute = target.partition(":")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise FganError(
            f'--extractor must name what can be imported, module:callable; "{target}" cannot: {error}.'
        ) from error
    finally:
        sys.path.remove(here)
    if not callable(found):
        raise FganError(f'--extractor must name a callable; "{target}" is a {type(found).__name__}.')
    return Foreign(target, found, dataset.shape)
