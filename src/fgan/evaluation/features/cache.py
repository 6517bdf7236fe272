"""A cache of features on disk, keyed by the content of the samples and of the extractor."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from fgan.data.dataset import add_content
from fgan.evaluation.domain import FEWER, require_finite
from fgan.evaluation.features.extractor import Extractor
from fgan.files import cache_folder, replace_durably
from fgan.memory import require_memory
from fgan.output import watched

MOST_BYTES = 2**30
"""Maximum size of the cache in bytes; the oldest files are deleted first."""
_REFUSED: set[Path] = set()  # folders that could not be written to, of which the user has been told


@torch.no_grad()
def features_of(
    extractor: Extractor,
    values: Tensor,
    *,
    batch_size: int = 250,
    device: str = "cpu",
    cache: bool = True,
    say: Callable[[str], None],
) -> Tensor:
    """Return features, float32 (n, dimension), on `device`.

    Args:
        extractor: what makes them. One without a hash of its weights is asked every time.
        values: uint8 images (n, C, H, W) or float32 vectors (n, D).
        batch_size: samples in one pass.
        device: where to compute.
        cache: look in `$FGAN_CACHE` (or the system's cache) first, and leave them there.
        say: told, once in a process, where that folder cannot be written to.

    Raises:
        FganError: for features that are not finite.
        MemoryLimitError: where they do not fit into memory.
    """
    path = (
        _path(extractor, values)
        if cache and extractor.sha256 and getattr(extractor, "remember", True)
        else None
    )
    known = None if path is None else _read(path, len(values), extractor.dimension)
    if known is not None:
        return known.to(device)
    # The parts, and all of them joined.
    needed = 8 * len(values) * extractor.dimension
    what = (
        f"Extracting {extractor.dimension:,} features of each of {len(values):,} samples by {extractor.name}"
    )
    require_memory(needed, what, FEWER, device)
    extractor = extractor.to(device)
    batches = watched(values.split(batch_size), f"{extractor.name} features", unit="batches")
    parts = [extractor(part.to(device)).float() for part in batches]
    features = require_finite(torch.cat(parts))
    if path is not None:
        _write(path, features, say)
    return features


def _path(extractor: Extractor, values: Tensor) -> Path:
    digest = hashlib.sha256(f"{extractor.name} {extractor.sha256} {extractor.dimension} ".encode())
    add_content(digest, values)
    return cache_folder() / "features" / f"{digest.hexdigest()}.safetensors"


def _read(path: Path, n: int, dimension: int) -> Tensor | None:
    """Return remembered features; None where there are none, or the file is damaged."""
    try:
        features = load(path.read_bytes())["features"]
    except (OSError, SafetensorError, KeyError):
        return None
    with contextlib.suppress(OSError):  # the last used go last, but a folder may be for reading only
        path.touch()
    return features if features.shape == (n, dimension) else None


def _write(path: Path, features: Tensor, say: Callable[[str], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_durably(path, save({"features": features.cpu().contiguous()}))
        _forget_oldest(path.parent)
    except OSError as error:
        if path.parent not in _REFUSED:
            say(f"features are not cached: cannot write to {path.parent} ({error})")
        _REFUSED.add(path.parent)


def _forget_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if total > MOST_BYTES and path != files[0]:
            path.unlink(missing_ok=True)
