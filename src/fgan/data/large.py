"""Arrays of which a copy is much: read by blocks, and gathered into a file where memory has no room for them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.errors import DataError
from fgan.files import cache_folder
from fgan.memory import current_budget, require_memory

LARGE = 2**24
"""An array of more numbers is read by blocks."""
BLOCK = 2**20
"""Numbers that are copied at a time."""
SHARE = 0.7
"""Of the free memory that one array may take: as much again as half of it is needed besides."""


class Columns(NamedTuple):
    """What is known of each column, in float64."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]


class Rows:
    """Rows (N, D) of an array that may lie in a file: float32 when they are asked for.

    Args:
        array: finite numbers that fit float32.
    """

    ndim = 2

    def __init__(self, array: NDArray[Any]) -> None:
        self.array, self.shape = array, array.shape

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.array)

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Return rows in this order."""
        return gathered(self.array, rows, torch.float32)


def is_large(array: NDArray[Any] | Tensor) -> bool:
    """Whether an array is treated by blocks."""
    return (array.numel() if isinstance(array, Tensor) else array.size) > LARGE


def blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Return an array by blocks of rows."""
    step = max(BLOCK * len(array) // max(array.size, 1), 1)
    for first in range(0, len(array), step):
        yield array[first : first + step]


def all_finite(array: NDArray[Any], dtype: type[np.floating[Any]] | None = None) -> bool:
    """Whether all numbers are finite, in a type that may be narrower."""
    with np.errstate(over="ignore"):
        return all(np.isfinite(one if dtype is None else one.astype(dtype)).all() for one in blocks(array))


def columns_of(array: NDArray[Any]) -> Columns:
    """Return what is known of the columns of (N, D): extremes, means, standard deviations (that of a constant is 0)."""
    if not is_large(array):
        exact = array.astype(np.float64)
        return Columns(exact.min(axis=0), exact.max(axis=0), exact.mean(axis=0), exact.std(axis=0))
    low = np.min([one.min(axis=0) for one in blocks(array)], axis=0).astype(np.float64)
    high = np.max([one.max(axis=0) for one in blocks(array)], axis=0).astype(np.float64)
    mean = sum(one.astype(np.float64).sum(axis=0) for one in blocks(array)) / len(array)
    with np.errstate(over="ignore"):
        squares = sum(np.square(one.astype(np.float64) - mean).sum(axis=0) for one in blocks(array))
    return Columns(low, high, np.asarray(mean), np.sqrt(np.asarray(squares) / len(array)))


def take(values: Tensor, rows: Tensor) -> Tensor:
    """Return `values[rows]`, in a file where memory has no room for it."""
    if not is_large(values) or values.device.type != "cpu":
        return values[rows]
    return gathered(values.numpy(), rows, values.dtype)


def gathered(array: NDArray[Any], rows: Tensor, dtype: torch.dtype) -> Tensor:
    """Return rows of an array in this order, read by blocks, each in the order of the file.

    Raises:
        DataError, MemoryLimitError: where neither memory nor the disk has room.
    """
    shape = (len(rows), *array.shape[1:])
    size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    free = current_budget().left()
    fits = free is None or size < free
    out = torch.empty(shape, dtype=dtype) if fits else _on_disk(shape, dtype, size)
    # Each block of a file that memory cannot hold reads through all of it: then few and large ones are better.
    numbers = BLOCK if fits else max(BLOCK, int(free or 0) // 16)
    first = 0
    for part in rows.split(max(numbers * len(rows) // max(out.numel(), 1), 1)):
        in_order, places = part.sort()
        out[first + places] = torch.from_numpy(array[in_order.numpy()]).to(dtype)
        first += len(part)
    return out


def _on_disk(shape: tuple[int, ...], dtype: torch.dtype, size: int) -> Tensor:
    """Return a tensor whose memory is a file without a name, which goes when nothing uses it any more."""
    what = f"An array of {shape[0]:,} samples"
    if not hasattr(os, "posix_fallocate"):
        require_memory(size / SHARE, what, "Use fewer samples.")
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if size > shutil.disk_usage(folder).free:
            raise OSError(f"{shutil.disk_usage(folder).free / 1e9:.3g} GB are free")
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            os.posix_fallocate(
                file.fileno(), 0, size
            )  # or the first write beyond the end of the disk would kill us
            return torch.from_file(file.name, shared=True, size=size // dtype.itemsize, dtype=dtype).view(
                shape
            )
    except OSError as error:
        raise DataError(
            f"{what} does not fit into memory, and the {size / 1e9:.3g} GB in {folder} that it needs instead "
            "are not free "
            f"({error}). Set $FGAN_CACHE to another folder, free some space, or use fewer samples."
        ) from error
