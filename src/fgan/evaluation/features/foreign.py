"""A custom extractor: any callable on images or vectors."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from fgan.data import Dataset
from fgan.errors import FganError
from fgan.evaluation.features.inception import hash_of

TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


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
        self.name = _text(function, "name") or name
        self.trained_on = _text(function, "trained_on")
        self.sha256 = _text(function, "sha256")
        # Weights alone do not tell whether the code around them is still the same; its author may say so.
        self.remember = bool(self.sha256)
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
            with contextlib.redirect_stdout(sys.stderr):  # what that code prints is not the result
                features = self.function(values)
        except Exception as error:  # whatever the user's code may raise
            raise FganError(
                f"extractor {self.name} failed on {values.dtype} samples of the shape {tuple(values.shape)}: "
                f"{type(error).__name__}: {error}."
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
        FganError: where there is no such module or name, or importing it fails.
    """
    module, _, attribute = target.partition(":")
    if not TARGET.fullmatch(target) or module.endswith(".py"):
        raise FganError(
            f'--extractor must be module:callable, with an importable module; got "{target}". '
            "For my_module.py in the working directory, write my_module:my_extractor."
        )
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            found = importlib.import_module(module)
            for part in attribute.split("."):
                found = getattr(found, part)
    except (Exception, SystemExit) as error:  # whatever the user's code may raise
        raise FganError(
            f'cannot import --extractor "{target}": {error} ({type(error).__name__}). Write module:callable.'
        ) from error
    finally:
        sys.path.remove(here)
    if not callable(found) or isinstance(found, type):
        kind = "class" if isinstance(found, type) else type(found).__name__
        raise FganError(
            f'--extractor must name a callable on samples; "{target}" is a {kind}. Name a function or an '
            "instance of a class."
        )
    return Foreign(target, found, dataset.shape)


def _text(function: object, attribute: str) -> str:
    """Return an attribute that is a string, "" for any other: a hash of None is no hash."""
    value = getattr(function, attribute, "")
    return value if isinstance(value, str) else ""
