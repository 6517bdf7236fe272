"""Encode samples as vectors, images or categories, and new samples in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fgan.data.tables import HowRead
from fgan.data.tables.formats import is_number
from fgan.errors import DataError
from fgan.estimation.inputs.read import Array, Read, Samples, opened, read
from fgan.estimation.inputs.settle import as_asked, words_of
from fgan.estimation.inputs.weighting import columns_of, without_column
from fgan.estimation.weights import Weights, size_of, some_of
from fgan.output import to_stderr

MOST_CATEGORIES = 0.1
"""Maximum number of distinct rows per sample for each row to be one category."""
EXACT = 2**53
"""The largest whole number up to which float64 holds all."""
FEW_WORDS, MOST_WORDS = 20, 1000
"""Up to the first number of distinct words is always accepted in a column; more than the second never is."""
FITTED = ("the fitted samples", "x")
"""The names of the fitted samples and of new ones in errors."""


@dataclass(frozen=True)
class Inputs:
    """Samples of P and of Q, or of X and of Y row by row, in the form that methods take.

    Args:
        first, second: vectors, float64 (n, d); images, uint8 (n, c, h, w); or categories, int64 (n,).
        kind: "vectors", "images" or "categories".
        names: what to call the two.
        columns: the name of each coordinate of a vector that critics see, or of each category that they know.
        encode: turns further samples into what critics see; None where there are no critics.
        joint: whether a row of one belongs to the same row of the other: critics see both, side by side.
        numbers: whether every coordinate is a number of its own, none of them a category's.
        notes: warnings about the samples.
        weights: of the samples of each, relative; twice the same of rows that belong together.
        how: how columns and files were interpreted, and how many rows were dropped.
    """

    first: Tensor
    second: Tensor
    kind: str
    names: tuple[str, str]
    columns: tuple[str, ...]
    encode: Callable[[Samples], Tensor] | None = None
    joint: bool = False
    numbers: bool = False
    notes: tuple[str, ...] = ()
    weights: Weights = (None, None)
    how: HowRead = field(default_factory=HowRead)

    @property
    def width(self) -> int:
        """Coordinates of the first set, or categories."""
        return len(self.columns) if self.kind == "categories" else self.first.shape[1]

    @property
    def weighted(self) -> bool:
        """Whether samples have weights."""
        return any(weight is not None for weight in self.weights)

    @property
    def sizes(self) -> tuple[float, float]:
        """The effective sample size of each set."""
        return size_of(self.first, self.weights[0]), size_of(self.second, self.weights[1])

    @property
    def smallest(self) -> int:
        """How many samples the smaller set has, effective ones where they have weights."""
        return int(min(self.sizes))

    def some(self, first: Tensor, second: Tensor) -> Inputs:
        """Return some rows of each set."""
        weights = some_of(self.weights[0], first), some_of(self.weights[1], second)
        return replace(self, first=self.first[first], second=self.second[second], weights=weights)


def require_alike(
    first: tuple[int, ...],
    second: tuple[int, ...],
    names: tuple[str, str],
    columns: tuple[str, ...] = (),
    other_columns: tuple[str, ...] = (),
) -> None:
    """Raise a DataError where samples differ in their shape, or columns in their names, in whichever order."""
    lone = [
        f'"{min(mine - other)}" is in {name} only'
        for mine, other, name in (
            (set(columns), set(other_columns), names[0]),
            (set(other_columns), set(columns), names[1]),
        )
        if columns and other_columns and mine - other
    ]
    if lone:
        values = any(map(is_number, (set(columns) ^ set(other_columns))))
        hint = " If the files have no header line, pass --no-header." if values else ""
        raise DataError(
            f"both tables must have the same columns; {', and '.join(lone)}. Select the same columns.{hint}"
        )
    if first != second:
        raise DataError(
            f"both sets must have samples of the same shape; {names[0]} has {first}, {names[1]} has {second}. "
            "Use the same features in both."
        )


def require_one_kind(first: Read, second: Read) -> None:
    """Raise a DataError for a column that is words in one set and numbers in the other, as one stray cell makes it."""
    for column, *cells in zip(first.columns, first.cells, second.cells, strict=True):
        words = [cell.dtype.kind == "U" for cell in cells]
        if words[0] == words[1]:
            continue
        of_words = words.index(True)
        names = (first.name, second.name)
        stray = next(
            (f'"{word}" in row {row}' for row, word in enumerate(cells[of_words]) if not is_number(word)),
            None,
        )
        mend = (
            f"the first {stray}. Repair or remove that row, or make the column words in both sets." if stray
            else "all of which are numbers. Convert them to numbers."
        )  # fmt: skip
        raise DataError(
            f'a column must have the same type in both sets; "{column}" is words in {names[of_words]} but not '
            f"in {names[1 - of_words]}: {mend}"
        )


def _further(
    samples: Samples,
    shape: tuple[int, ...],
    names: tuple[str, ...] | None = None,
    asked: Mapping[str, str] | None = None,
    aside: Sequence[str] = (),
) -> Read:
    """Read further samples of a shape.

    Args:
        samples: the samples.
        shape: that of the fitted ones.
        names: of the columns of a table, which are taken by them.
        asked: kinds that were asked for.
        aside: columns of the fitted tables that were no features but weights, and that may be there still.
    """
    (samples,) = opened([samples], None, to_stderr)
    for column in aside:
        if column in columns_of(samples):
            samples, _ = without_column(samples, column, FITTED[1])
    given = read(samples, FITTED[1], None, 0, to_stderr)
    expected, received = (names, given.columns) if names is not None and given.named else ((), ())
    require_alike(shape, given.shape, FITTED, expected, received)
    return as_asked(given.select(expected or given.columns), asked or {})


@dataclass(frozen=True)
class ImagesLike:
    """Reads further images of a shape (c, h, w)."""

    shape: tuple[int, ...]

    def of(self, samples: Read) -> Tensor:
        """Return images, uint8 (n, c, h, w)."""
        assert samples.images is not None, "shapes are alike"
        return samples.images

    def __call__(self, samples: Samples) -> Tensor:
        """Return further images, uint8 (n, c, h, w)."""
        return self.of(_further(samples, self.shape))


def categories_of(*sets: Read) -> dict[tuple[Any, ...], int] | None:
    """Return the number of each distinct row of all sets, or None where they are not categories."""
    if any(column.kind == "number" for one in sets for column in one.how):
        return None
    rows = {row: None for one in sets for row in rows_of(one.cells)}
    if len(rows) > MOST_CATEGORIES * min(map(len, sets)):
        return None
    return {row: number for number, row in enumerate(sorted(rows, key=str))}


def rows_of(cells: Sequence[Array]) -> list[tuple[Any, ...]]:
    """Return columns as rows."""
    return list(zip(*(cell.tolist() for cell in cells), strict=True))


@dataclass(frozen=True)
class Numbered:
    """Gives each distinct row the number of its category.

    Args:
        number_of: the numbers, by row.
        names: of the columns, if they were given some.
        asked: kinds of columns that a user asked for, by name.
        aside: columns that were weights, by name.
    """

    number_of: dict[tuple[Any, ...], int]
    names: tuple[str, ...] | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    aside: tuple[str, ...] = ()

    def of(self, samples: Read) -> Tensor:
        """Return the categories (n,) of samples that are all known."""
        return torch.tensor([self.number_of[row] for row in rows_of(samples.cells)])

    def __call__(self, samples: Samples) -> Tensor:
        """Return the categories (n,) of further samples.

        Raises:
            DataError: for a row that is none of them.
        """
        given = _further(samples, (len(next(iter(self.number_of))),), self.names, self.asked, self.aside)
        unknown = next((row for row in rows_of(given.cells) if row not in self.number_of), None)
        if unknown is not None:
            raise DataError(
                "log_ratio knows only the categories of the fitted samples; got "
                f"{', '.join(map(str, unknown))}. "
                "Leave these rows out."
            )
        return self.of(given)


@dataclass(frozen=True)
class Coordinates:
    """Makes float64 vectors of rows: numbers as they are, and 0 or 1 for each word of a column.

    Args:
        columns: their names.
        words: the words of each column; None of numbers.
        named: whether the names were given.
        asked: kinds of columns that a user asked for, by name.
        origins: what is subtracted from each column first, so that float64 holds whole numbers beyond 2^53 apart.
        aside: columns that were weights, by name.
    """

    columns: tuple[str, ...]
    words: tuple[tuple[str, ...] | None, ...]
    named: bool
    asked: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[int, ...] = ()
    aside: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each coordinate."""
        names: list[str] = []
        for column, known in zip(self.columns, self.words, strict=True):
            names += [column] if known is None else [f"{column} = {word}" for word in known]
        return tuple(names)

    def of(self, samples: Read) -> Tensor:
        """Return the vectors (n, d) of samples whose words are all known."""
        made = [
            _less(cell, origin)[:, None]
            if known is None
            else (words_of(cell)[:, None] == np.array(known)).astype(np.float64)
            for cell, known, origin in zip(
                samples.cells, self.words, self.origins or (0,) * len(self.words), strict=True
            )
        ]
        return torch.from_numpy(np.concatenate(made, 1))

    def __call__(self, samples: Samples) -> Tensor:
        """Return the vectors (n, d) of further samples.

        Raises:
            DataError: for other columns, words where there were numbers, unknown words, NaN.
        """
        names = self.columns if self.named else None
        given = _further(samples, (len(self.columns),), names, self.asked, self.aside)
        pairs = list(zip(given.cells, self.words, strict=True))
        fitted = [np.zeros(1) if known is None else cell for cell, known in pairs]
        require_one_kind(Read(FITTED[0], fitted, self.columns), given)
        for column, (cell, known) in zip(self.columns, pairs, strict=True):
            unknown = next((one for one in words_of(cell) if one not in known), None) if known else None
            if unknown is not None:
                raise DataError(
                    f"log_ratio knows only the categories of the fitted samples; {column} of x holds "
                    f"{unknown}. "
                    "Leave these rows out."
                )
        return self.of(given)


def _less(cell: Array, origin: int) -> Array:
    """Return numbers less a whole one, exactly where they are whole."""
    if not origin:
        return np.asarray(cell, dtype=np.float64)
    if cell.dtype.kind == "f":
        return cell - float(origin)
    return (cell.astype(object) - origin).astype(np.float64)


def _origin(cells: Sequence[Array]) -> int:
    """Return the offset to subtract from whole numbers that float64 cannot distinguish; 0 for all others."""
    if any(cell.dtype.kind not in "iu" for cell in cells):
        return 0
    low, high = min(int(cell.min()) for cell in cells), max(int(cell.max()) for cell in cells)
    return low + (high - low) // 2 if max(-low, high) > EXACT else 0


def coordinates_of(
    *sets: Read, asked: Mapping[str, str] | None = None, aside: tuple[str, ...] = ()
) -> Coordinates:
    """Return what makes vectors of sets of the same columns, and knows all of their words.

    A category of two whole numbers, or of truth values, is one coordinate; any other is one for each of its values.

    Raises:
        DataError: for a column of so many different words that few would recur.
    """
    first, words, origins, rows = sets[0], [], [], sum(map(len, sets))
    most = max(FEW_WORDS, min(MOST_WORDS, rows // 10))
    for how, column, *cells in zip(first.how, first.columns, *(one.cells for one in sets), strict=True):
        distinct = (
            {one for cell in cells for one in np.unique(cell).tolist()} if how.kind == "category" else set()
        )
        if how.kind == "number" or (cells[0].dtype.kind != "U" and len(distinct) <= 2):
            words.append(None)
            origins.append(_origin(cells))
            continue
        known = tuple(map(str, sorted(distinct)))
        if len(known) > most:
            raise DataError(
                f'column "{column}" has {len(known)} distinct values, too many for one-hot coding (at most '
                f"{most} in {rows} "
                "rows). Leave it out (name the others with --columns), merge rare values, or convert it to numbers."
            )
        words.append(known)
        origins.append(0)
    return Coordinates(first.columns, tuple(words), first.named, asked or {}, tuple(origins), aside)
