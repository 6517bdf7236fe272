"""A set of samples from wherever it is: rows of cells, or images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.data import Dataset, TensorSource, load_data
from fgan.data.arrays import read_array, to_samples
from fgan.data.dataset import as_uint8
from fgan.errors import DataError
from fgan.estimation.inputs.weighting import WeightsLike, taken_apart
from fgan.estimation.weights import effective_size
from fgan.output import Say
from fgan.training.run_directory import RunDirectory

Samples = Any
"""An array, a tensor, a list, a table (columns by name), a `Dataset`, the name of data, or a run directory."""
Array = NDArray[Any]

FEWEST = 50
"""Samples of a set that an estimate needs at least."""
DRAWN = 10_000
"""Samples that are drawn from a run or a distribution, unless told."""
ARRAYS = (".npy", ".npz")
"""Endings of files that hold an array, which is taken as it stands."""


@dataclass(frozen=True)
class Read:
    """One set as it was given: rows of cells (n, k), or images.

    Args:
        name: what to call it.
        cells: its columns; none of images.
        columns: their names.
        images: uint8 (n, c, h, w), if it holds images.
        named: whether the columns were given names.
        weight: of each sample, between 0 and 1 (n,); None where they have none.
    """

    name: str
    cells: list[Array]
    columns: tuple[str, ...]
    images: Tensor | None = None
    named: bool = False
    weight: Array | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample: (c, h, w) of an image, (k,) of a row."""
        return (len(self.cells),) if self.images is None else tuple(self.images.shape[1:])

    @property
    def numbers(self) -> bool:
        """Whether all columns are numbers, none of them words or truth values."""
        return all(cell.dtype.kind in "fiu" for cell in self.cells)

    def __len__(self) -> int:
        """Count the samples."""
        return len(self.cells[0] if self.images is None else self.images)

    def some(self, n: int | None, seed: int) -> Read:
        """Return at most n of the samples, drawn by chance."""
        if n is None or n >= len(self):
            return self
        return self.rows(torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:n].numpy())

    def rows(self, which: Array) -> Read:
        """Return some of the samples, by number or by truth value, with their weights."""
        return replace(
            self,
            images=None if self.images is None else self.images[torch.from_numpy(which)],
            cells=[cell[which] for cell in self.cells],
            weight=None if self.weight is None else self.weight[which],
        )

    def weighted(self, weight: Array | None) -> Read:
        """Return the samples with weights, those of weight 0 left out.

        Raises:
            DataError: for another number of weights than of samples.
        """
        if weight is None:
            return self
        if len(weight) != len(self):
            raise DataError(
                f"weights are one for each row; {self.name} has {len(self)} rows and {len(weight)} weights. Give as many."
            )
        return replace(self, weight=weight).rows(weight > 0)

    @property
    def relative(self) -> Tensor | None:
        """The weights, float64 of mean 1 (n,); None where there are none, or all are equal."""
        if self.weight is None or (self.weight == self.weight[0]).all():
            return None
        return torch.from_numpy(self.weight / self.weight.mean())

    @property
    def weight_notes(self) -> tuple[str, ...]:
        """What is worth knowing of the weights."""
        equal = self.weight is not None and self.relative is None
        return (f"the weights of {self.name} are all equal, which is as having none.",) if equal else ()


def read(
    samples: Samples, side: str, n: int | None, seed: int, say: Say, weights: WeightsLike = None
) -> Read:
    """Return samples as rows of cells, or as images.

    Args:
        samples: see `Samples`.
        side: names those that have no name of their own.
        n: the maximum number of rows, chosen at random; from a run or distribution, how many to draw (default: 10,000).
        seed: decides which.
        say: told what is worth knowing of data that are loaded.
        weights: of the samples; see `WeightsLike`.

    Raises:
        DataError: where they cannot be read, or hold what is no finite number, word or truth value.
    """
    check_count(n)
    if weights is not None and not keeps_order(samples):
        raise DataError(
            f"weights belong to rows; {side} is a data set by name or a run, whose samples are drawn. Give an array, a "
            ".npy file or a table."
        )
    samples, weight = taken_apart(samples, weights, side)
    found = _whole(samples, side, n, seed, say).weighted(weight).some(n, seed)
    for cell, column in zip(found.cells, found.columns, strict=True):
        if cell.dtype.kind == "f" and not np.isfinite(cell).all():
            bad = ~np.isfinite(cell)
            raise DataError(
                f"samples must be finite numbers; {int(bad.sum())} of {len(cell)} in {column} of {found.name} are NaN "
                f"or infinite, the first in row {int(bad.argmax())}. Remove or repair those rows."
            )
    return found


def check_count(n: int | None) -> None:
    """Raise a DataError for a number of samples that is none, or too few for an estimate."""
    if n is not None and (isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < FEWEST):
        raise DataError(f"n must be a whole number of samples, at least {FEWEST}; got {n!r}.")


def require_enough(*sets: Read, hint: str = "") -> None:
    """Raise a DataError for too few samples, or effective ones, to train, stop and report; a hint goes with it."""
    for one in sets:
        weight = one.relative
        effective = len(one) if weight is None else effective_size(weight)
        if effective < FEWEST:
            many = (
                len(one)
                if weight is None
                else f"{len(one)}, whose weights leave {effective:.4g} effective ones"
            )
            raise DataError(
                f"an estimate needs at least {FEWEST} samples of each set, for some of them train and others report; "
                f"{one.name} has {many}. Give more.{hint and ' '}{hint}"
            )


def keeps_order(samples: Samples) -> bool:
    """Whether samples stand in the order in which they were given, so that a row means the same in two sets.

    >>> keeps_order("x.npy"), keeps_order("digits")
    (True, False)
    """
    if isinstance(samples, (str, Path)):
        return Path(samples).suffix.lower() in ARRAYS
    return not isinstance(samples, (Dataset, RunDirectory))


def _whole(samples: Samples, side: str, n: int | None, seed: int, say: Say) -> Read:
    if isinstance(samples, (str, Path)) and (Path(samples) / "config.json").is_file():
        samples = RunDirectory(samples)
    if isinstance(samples, RunDirectory):
        drawn = samples.sample(n or DRAWN, seed=seed)
        return _of_tensor(as_uint8(drawn) if drawn.ndim == 4 else drawn, str(samples.path))
    if isinstance(samples, (str, Path)) and keeps_order(samples):
        return _of_array(read_array(samples), str(samples))
    if isinstance(samples, (str, Path)):
        samples = load_data(samples, say=say)
    if isinstance(samples, Dataset):
        return _of_tensor(_of_data(samples, n, seed), samples.name)
    if isinstance(samples, Mapping) or hasattr(samples, "columns"):
        return _of_table(samples, side)
    return _of_array(samples, side)


def _of_table(table: Samples, side: str) -> Read:
    """Return a mapping, or a table of pandas, polars or pyarrow."""
    keys = list(table.keys() if hasattr(table, "keys") else getattr(table, "column_names", table.columns))
    names = tuple(map(str, keys))
    if not names:
        raise DataError(f"a table has at least one column; {side} has none.")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise DataError(f'each column of a table has a name of its own; {side} has "{twice}" more than once.')
    cells = [_array(table[key], f"{side}, column {key}") for key in keys]
    for name, cell in zip(names, cells, strict=True):
        if cell.ndim != 1:
            raise DataError(
                f'a column has one value in each row; "{name}" of {side} has the shape {cell.shape}. Give each of '
                "its columns a name of its own."
            )
        if len(cell) != len(cells[0]):
            raise DataError(
                f'columns of a table have one length; in {side} "{names[0]}" has {len(cells[0])} rows and "{name}" '
                f"{len(cell)}. Give rows that are whole."
            )
    return Read(side, cells, names, named=True)


def _of_array(samples: Samples, name: str) -> Read:
    array = _array(samples, name)
    if array.ndim > 2:
        return _of_tensor(to_samples(array, name), name)
    cells = [array] if array.ndim == 1 else list(array.T)
    return Read(name, cells, tuple(f"column {number}" for number in range(len(cells))))


def _array(samples: Samples, name: str) -> Array:
    if isinstance(samples, Tensor):
        samples = samples.detach().cpu()
        samples = (samples.float() if samples.dtype in (torch.bfloat16, torch.float16) else samples).numpy()
    try:
        array = np.asarray(samples)
    except ValueError as error:
        raise DataError(
            f"samples are rows of one length; {name} has others ({error}). Make it a rectangle."
        ) from error
    if array.ndim == 0 or array.size == 0:
        raise DataError(
            f"samples are rows of numbers or categories; {name} has the shape {array.shape}. Give (n, d) or (n,)."
        )
    if array.ndim > 4:
        raise DataError(
            f"samples have rank 1 to 4; {name} has the shape {array.shape}. Flatten what is no image."
        )
    if array.dtype.kind in "biufU":
        return array
    if array.dtype.kind != "O" or not all(
        isinstance(one, (str, bool, int, np.integer)) for one in array.flat
    ):
        raise DataError(
            f"samples hold real numbers, words or truth values; {name} holds {array.dtype}. "
            'Convert them, for example with array.astype("float64").'
        )
    truths = [isinstance(one, (bool, np.bool_)) for one in array.flat]
    words = any(isinstance(one, str) for one in array.flat) or any(truths) != all(truths)
    try:
        return array.astype(str if words else bool if truths[0] else np.int64)
    except OverflowError:  # whole numbers beyond 64 bits are names
        return array.astype(str)


def _of_tensor(values: Tensor, name: str) -> Read:
    if values.ndim == 4:
        return Read(name, [], (), values)
    cells = list(values.double().numpy().T)
    return Read(name, cells, tuple(f"column {number}" for number in range(len(cells))))


def _of_data(data: Dataset, n: int | None, seed: int) -> Tensor:
    """Return all samples of a finite set, or n of a distribution."""
    sources = [source for source in (data.train, data.held_out) if isinstance(source, TensorSource)]
    if not sources:
        return data.train.draw(n or DRAWN, torch.Generator().manual_seed(seed))
    return torch.cat([source.values for source in sources])
