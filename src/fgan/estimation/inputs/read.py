"""Read one set of samples from an array, a table, a file or a run: rows of cells, or images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from fgan.data.tables import Column, ColumnRead, Table, is_table, read_tables
from fgan.data.tables.dates import dated
from fgan.data.tables.kinds import Kinds
from fgan.data.tables.memory import table_in
from fgan.data.tables.missing import checked_policy
from fgan.data.tables.shapes import unfolded
from fgan.data.tables.table import gone_in
from fgan.data.tables.values import column_of
from fgan.errors import DataError
from fgan.estimation.inputs.weighting import WeightsLike, taken_apart
from fgan.estimation.weights import effective_size
from fgan.load_options import LoadOptions
from fgan.output import Say
from fgan.training.run_directory import RunDirectory

Samples = Any
"""An array, a tensor, a list, a table (columns by name), a `Dataset`, the name of data, or a run directory."""
Array = NDArray[Any]

FEWEST = 50
"""Minimum number of samples of a set."""
DRAWN = 10_000
"""Default number of samples drawn from a run or a distribution."""
ARRAYS = (".npy", ".npz")
"""Suffixes of files that hold an array."""


@dataclass(frozen=True)
class Read:
    """One set as it was given: rows of cells (n, k), or images.

    Args:
        name: what to call it.
        cells: its columns; none of images.
        columns: their names.
        images: uint8 (n, c, h, w), if it holds images.
        named: whether the columns were given names.
        how: what each column is taken for; its kind is "" until that is decided.
        gone: which rows lack a value (n,); None for none.
        dropped: rows that were left out.
        file: what was understood of a file of text; "" of anything else.
        weight: of each sample, between 0 and 1 (n,); None where they have none.
        places: the row that each sample was given in (n,); None where none was left out.
    """

    name: str
    cells: list[Array]
    columns: tuple[str, ...]
    images: Tensor | None = None
    named: bool = False
    how: tuple[ColumnRead, ...] = ()
    gone: NDArray[np.bool_] | None = None
    dropped: int = 0
    file: str = ""
    weight: Array | None = None
    places: NDArray[np.int64] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample: (c, h, w) of an image, (k,) of a row."""
        return (len(self.cells),) if self.images is None else tuple(self.images.shape[1:])

    @property
    def numbers(self) -> bool:
        """Whether all columns are numbers, none of them categories."""
        return all(one.kind == "number" for one in self.how)

    def __len__(self) -> int:
        """Count the samples."""
        return len(self.cells[0] if self.images is None else self.images)

    def select(self, names: Sequence[str]) -> Read:
        """Return the same samples with these columns, in this order."""
        if tuple(names) == self.columns:
            return self
        places = [self.columns.index(name) for name in names]
        cells, how = [self.cells[place] for place in places], tuple(self.how[place] for place in places)
        return replace(self, cells=cells, how=how, columns=tuple(names))

    def place_of(self, row: int) -> str:
        """Return what to call a sample: the row that it was given in, from 0."""
        return f"row {row if self.places is None else self.places[row]}"

    def some(self, n: int | None, seed: int) -> Read:
        """Return at most n of the samples, drawn by chance."""
        if n is None or n >= len(self):
            return self
        return self.at(torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:n].numpy())

    def at(self, rows: NDArray[Any]) -> Read:
        """Return some samples, by their numbers."""
        return replace(
            self,
            images=None if self.images is None else self.images[torch.from_numpy(rows)],
            cells=[cell[rows] for cell in self.cells],
            gone=None if self.gone is None else self.gone[rows],
            weight=None if self.weight is None else self.weight[rows],
            places=rows if self.places is None else self.places[rows],
        )

    def present(self, gone: NDArray[np.bool_] | None) -> Read:
        """Return the rows that lack no value, and count the others."""
        if gone is None:
            return self
        return replace(self.at(np.flatnonzero(~gone)), gone=None, dropped=self.dropped + int(gone.sum()))

    def weighted(self, weight: Array | None) -> Read:
        """Return the samples with weights, those of weight 0 left out.

        Raises:
            DataError: for another number of weights than of samples.
        """
        if weight is None:
            return self
        if len(weight) != len(self):
            raise DataError(
                f"there must be one weight per row; {self.name} has {len(self)} rows but {len(weight)} weights."
            )
        return replace(self, weight=weight).at(np.flatnonzero(weight))

    @property
    def relative(self) -> Tensor | None:
        """The weights, float64 of mean 1 (n,); None where there are none, or all are equal."""
        if self.weight is None or (self.weight == self.weight[0]).all():
            return None
        return torch.from_numpy(self.weight / self.weight.mean())

    @property
    def weight_notes(self) -> tuple[str, ...]:
        """Remarks about the weights."""
        equal = self.weight is not None and self.relative is None
        return (f"the weights of {self.name} are all equal, so they have no effect.",) if equal else ()


def read(
    samples: Samples,
    side: str,
    n: int | None,
    seed: int,
    say: Say,
    missing: str = "refuse",
    weights: WeightsLike = None,
    options: LoadOptions | None = None,
) -> Read:
    """Return samples as rows of cells, or as images.

    Args:
        samples: see `Samples`.
        side: names those that have no name of their own.
        n: the maximum number of rows, chosen at random; from a run or distribution, how many to draw (default: 10,000).
        seed: decides which.
        say: function that receives remarks about loaded data.
        missing: "refuse" rows that lack a value, or "drop" them.
        weights: of the samples; see `WeightsLike`.
        options: how files become samples.

    Raises:
        DataError: where they cannot be read, or hold what is no finite number, word or truth value.
    """
    samples, weight = taken_apart(samples, weights, side)
    require_rows(samples, weight, side)
    found = read_rows(samples, side, n, seed, say, missing, options, weight).weighted(weight)
    found = found.present(found.gone).some(n, seed)
    require_finite(found)
    return found


def read_rows(
    samples: Samples,
    side: str,
    n: int | None,
    seed: int,
    say: Say,
    missing: str,
    options: LoadOptions | None = None,
    weight: Array | None = None,
) -> Read:
    """Return samples as `read` does, with the rows that lack a value, which `gone` names, and all others.

    Rows of weight 0 may lack what they like: `weighted` leaves them out.
    """
    check_count(n)
    needed = None if weight is None else weight > 0
    found = _whole(samples, side, n, seed, say, checked_policy(missing), options, needed)
    return replace(found, how=found.how or tuple(ColumnRead(name, "") for name in found.columns))


def require_finite(found: Read) -> None:
    """Raise a DataError if a number is NaN or infinite."""
    for cell, column in zip(found.cells, found.columns, strict=True):
        if cell.dtype.kind == "f" and not np.isfinite(cell).all():
            bad = ~np.isfinite(cell)
            first = int(bad.argmax()) if found.places is None else int(found.places[bad.argmax()])
            raise DataError(
                f"samples must be finite; {int(bad.sum())} of {len(cell)} values in {column} of {found.name} "
                "are NaN "
                f"or infinite, the first in row {first}. Repair or remove those rows"
                + (', or drop them with missing="drop" (--missing drop).' if np.isnan(cell).any() else ".")
            )


def check_count(n: int | None) -> None:
    """Raise a DataError if n is not a whole number, or too small for an estimate."""
    if n is not None and (isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < FEWEST):
        raise DataError(f"n must be a whole number of samples, at least {FEWEST}; got {n!r}.")


def require_rows(samples: Samples, weight: Array | None, side: str) -> None:
    """Raise a DataError for weights of samples that are drawn at random."""
    if weight is not None and not keeps_order(samples):
        raise DataError(
            f"weights need rows in their original order; {side} is a named data set or a run, drawn at "
            "random. Pass an array, "
            "a .npy file or a table."
        )


def require_enough(*sets: Read, hint: str = "") -> None:
    """Raise a DataError, with a hint, for too few (effective) samples to train, stop and report."""
    for one in sets:
        weight = one.relative
        effective = len(one) if weight is None else effective_size(weight)
        if effective < FEWEST:
            many = (
                len(one)
                if weight is None
                else f"{len(one)}, with an effective sample size of {effective:.3g}"
            )
            raise DataError(
                f"an estimate needs at least {FEWEST} samples of each set (some train, others are held out); "
                f"{one.name} has {many}. Provide more.{hint and ' '}{hint}"
            )


def keeps_order(samples: Samples) -> bool:
    """Whether samples stand in the order in which they were given, so that a row means the same in two sets.

    >>> keeps_order("x.npy"), keeps_order("digits")
    (True, False)
    """
    if isinstance(samples, (str, Path)):
        return Path(samples).suffix.lower() in ARRAYS or is_table(samples)
    return not isinstance(samples, (Dataset, RunDirectory))


def opened(samples: Sequence[Samples], kinds: Kinds, say: Say) -> list[Samples]:
    """Return samples in which files of tables are tables, whose numbers are written alike."""
    files = [isinstance(one, (str, Path)) and is_table(one) for one in samples]
    paths = [one for one, file in zip(samples, files, strict=True) if file]
    by_name = {str(key): kind for key, kind in kinds.items()} if isinstance(kinds, Mapping) else {}
    tables = iter(read_tables(paths, [()] * len(paths), kinds=by_name, say=say) if paths else [])
    return [next(tables) if file else unfolded(one) for one, file in zip(samples, files, strict=True)]


def _whole(
    samples: Samples,
    side: str,
    n: int | None,
    seed: int,
    say: Say,
    missing: str,
    options: LoadOptions | None,
    needed: NDArray[np.bool_] | None,
) -> Read:
    if isinstance(samples, (str, Path)) and (Path(samples) / "config.json").is_file():
        samples = RunDirectory(samples)
    if isinstance(samples, RunDirectory):
        drawn = samples.sampler().rows(n or DRAWN, seed)
        if isinstance(drawn, Table):
            return _of_table(drawn, str(samples.path), missing, needed)
        return _of_tensor(as_uint8(drawn) if drawn.ndim == 4 else drawn, str(samples.path))
    if isinstance(samples, (str, Path)) and Path(samples).suffix.lower() in ARRAYS:
        return _of_array(read_array(samples), str(samples), missing, options, say, needed)
    if isinstance(samples, (str, Path)) and is_table(samples):
        (samples,) = opened([samples], None, say)
    if isinstance(samples, (str, Path)):
        samples = load_data(samples, options=options, say=say)
    if isinstance(samples, Dataset):
        return _of_tensor(_of_data(samples, n, seed), samples.name)
    if isinstance(samples, Mapping) or hasattr(samples, "columns"):
        return _of_table(samples, side, missing, needed)
    return _of_array(samples, side, missing, options, say, needed)


def _of_table(table: Samples, side: str, missing: str, needed: NDArray[np.bool_] | None) -> Read:
    """Return a mapping, or a table of pandas, polars or pyarrow."""
    whole = table if isinstance(table, Table) else table_in(table, side, _column)
    if needed is not None and len(needed) == whole.count:
        whole = whole.needing(needed)
    if missing == "refuse":
        _require_complete(whole)
    how = tuple(ColumnRead(name, one.kind, one.unit, one.why) for name, one in whole.columns.items())
    cells = [one.cells for one in whole.columns.values()]
    gone = gone_in(whole.columns.values()) if missing == "drop" else None
    return Read(side, cells, tuple(whole.columns), None, True, how, gone, whole.dropped, whole.how)


def _require_complete(table: Table) -> None:
    """Raise a DataError for a missing cell; NaN among numbers is said together with what is infinite."""
    said = {name: one for name, one in table.columns.items() if one.missing is None or not _is_nan(one)}
    table.select(list(said)).complete()


def _is_nan(column: Column) -> bool:
    return column.cells.dtype.kind == "f" and bool(np.isnan(column.cells).any())


def _of_array(
    samples: Samples,
    name: str,
    missing: str,
    options: LoadOptions | None,
    say: Say,
    needed: NDArray[np.bool_] | None,
) -> Read:
    column = _column(samples, name)
    array = column.cells
    if array.ndim > 2:
        return _of_tensor(to_samples(array, name, options, say), name)
    rows = np.arange(len(array))
    names = tuple(f"column {number}" for number in range(1 if array.ndim == 1 else array.shape[1]))
    columns = {
        one: column if array.ndim == 1 else column.at((rows, number))  # pyright: ignore[reportArgumentType]
        for number, one in enumerate(names)
    }
    table = Table(columns, name, numbers=range(len(array)))
    return replace(_of_table(table, name, missing, needed), named=False)


def _column(samples: Samples, name: str) -> Column:
    if isinstance(samples, Tensor):
        samples = samples.detach().cpu()
        samples = (samples.float() if samples.dtype in (torch.bfloat16, torch.float16) else samples).numpy()
    column = dated(column_of(samples, name), name)
    array = column.cells
    if array.ndim == 0 or array.size == 0:
        raise DataError(f"samples must have the shape (n,) or (n, d); {name} has the shape {array.shape}.")
    if array.ndim > 4:
        raise DataError(
            f"samples must have 1 to 4 axes; {name} has the shape {array.shape}. Flatten samples that are not images."
        )
    return column


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
    return data.frame.outward(torch.cat([source.values for source in sources]))
