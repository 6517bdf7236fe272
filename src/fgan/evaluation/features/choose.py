"""Choose the feature extractor for a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from fgan.data import Dataset
from fgan.errors import FganError, did_you_mean
from fgan.evaluation.features.extractor import Extractor
from fgan.evaluation.features.foreign import Foreign, load_foreign
from fgan.evaluation.features.inception import Inception
from fgan.evaluation.features.plain import Plain
from fgan.evaluation.features.shipped import SHIPPED, Borrowed, PerChannel, ShippedCNN

NAMES = (*SHIPPED, "pixels", "raw", "inception")


def extractor_for(name: str | Extractor | Callable[[Tensor], Tensor] | None, dataset: Dataset) -> Extractor:
    """Return an extractor for a data set: the one named, or the best that ships for it.

    Args:
        name: one of `NAMES`, `inception:WEIGHTS_FILE`, `module:callable`, an extractor, any callable on samples,
            or None or "auto" for the classifier of that data set, else pixels for images and raw for vectors.
        dataset: what it is to see.

    Raises:
        FganError: for an unknown name, or samples that it cannot see.
    """
    if isinstance(name, Extractor):
        return name
    if callable(name):
        return Foreign(getattr(name, "__name__", type(name).__name__), name, dataset.shape)
    if name in (None, "auto"):
        name = _best(dataset)
    if name == "raw" and not dataset.is_image:
        return Plain(name, dataset.shape)
    if ":" in name and not name.startswith("inception:"):
        return load_foreign(name, dataset)
    if name.partition(":")[0] not in NAMES:
        raise FganError(
            f'unknown extractor "{name}".{did_you_mean(name, NAMES)} Choose {", ".join(NAMES)}, '
            "inception:WEIGHTS_FILE or a custom module:callable."
        )
    if not dataset.is_image or name == "raw":
        raise FganError(
            f'extractor "{name}" takes {"vectors" if name == "raw" else "images"}; "{dataset.name}" holds '
            f"samples of the shape {dataset.shape}. Use --extractor {'pixels' if dataset.is_image else 'raw'}."
        )
    if name == "pixels":
        return Plain(name, dataset.shape)
    if name.startswith("inception"):
        path = name.partition(":")[2]
        return Inception(Path(path).expanduser() if path else None)
    return _fitting(name, dataset)


LARGEST = 64
"""Largest side, in pixels, of colour pictures for which cifar-cnn is the default: it resizes them to 32×32."""


def _best(dataset: Dataset) -> str:
    if not dataset.is_image:
        return "raw"
    if dataset.shape[0] == 3 and max(dataset.shape) <= LARGEST and dataset.name != "stacked-mnist":
        return "cifar-cnn"
    known = {kind.trained_on: name for name, kind in SHIPPED.items() if kind.trained_on}
    known["stacked-mnist"] = known["mnist"]
    return known.get(dataset.name, "pixels")


def _fitting(name: str, dataset: Dataset) -> Extractor:
    channels, height, width = SHIPPED[name].shape
    if SHIPPED[name].things and dataset.shape[0] == channels:
        network = ShippedCNN(name)
        own = dataset.shape == network.shape and dataset.classes == SHIPPED[name].things
        return network if own else Borrowed(network)
    if dataset.shape == (channels, height, width):
        return ShippedCNN(name)
    if channels == 1 and dataset.shape[1:] == (height, width):
        return PerChannel(ShippedCNN(name), dataset.shape[0])
    raise FganError(
        f'extractor "{name}" takes images (channels, height, width) of {SHIPPED[name].shape}; '
        f'"{dataset.name}" holds {dataset.shape}. Use --extractor pixels.'
    )


def mismatch(extractor: Extractor, dataset: Dataset) -> str | None:
    """Return a warning if the extractor was trained on other data, else None."""
    expected = {"stacked-mnist": "mnist"}.get(dataset.name, dataset.name)
    if extractor.trained_on in ("", "imagenet", expected):
        return None
    return (
        f"{extractor.name} was trained on {extractor.trained_on}; its features may miss what matters in "
        f"{dataset.name}"
    )
