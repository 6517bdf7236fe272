"""Two sets of samples made alike: vectors, images or categories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fgan.errors import DataError
from fgan.estimation.inputs.notes import (
    require_alike,
    require_enough,
    require_few_words,
    require_finite,
    require_one_kind,
)
from fgan.estimation.inputs.read import Array, Read, Samples, read
from fgan.output import Say, to_stderr

MOST_CATEGORIES = 0.1
"""Whole numbers, words and truth values are categories while there are at most so many for each sample."""


@dataclass(frozen=True)
class Pair:
    """Two sets of samples of one kind.

    Args:
        p, q: vectors, float64 (n, d); images, uint8 (n, c, h, w); or categories, int64 (n,).
        kind: "vectors", "images" or "categories".
        names: what to call the two.
        columns: the name of each coordinate of a vector, or of each category.
        encode: turns further samples into the same form.
    """

    p: Tensor
    q: Tensor
    kind: str
    names: tuple[str, str]
    columns: tuple[str, ...]
    encode: Callable[[Samples], Tensor]


def pair_of(p: Samples, q: Samples, *, n: int | None = None, seed: int = 0, say: Say = to_stderr) -> Pair:
    """Read two sets of samples.

    Args:
        p, q: see `Samples`. Real numbers are vectors. Whole numbers, words and truth values are categories, each
            distinct row one, if these are few; else whole numbers are numbers, and each word a coordinate of 0 and 1.
            Arrays of rank 3 and 4 are images, as for `fgan.load_data`.
        n: samples drawn from runs and distributions (10,000 unless told), and at most taken of all others.
        seed: decides which.
        say: told what is worth knowing of data that are loaded.

    Raises:
        DataError: where they cannot be read, are not of one kind and size, are too few, or hold NaN.

    >>> pair = pair_of([0.5, 1.5] * 50, [[0.0], [1.0]] * 50)
    >>> pair.p.shape, pair.kind
    (torch.Size([100, 1]), 'vectors')
    """
    first, second = read(p, "P", n, seed, say), read(q, "Q", n, seed + 1, say)
    names = (first.name, second.name)
    if first.images is not None and second.images is not None:
        like = ImagesLike(tuple(first.images.shape[1:]))
        require_alike(like.shape, tuple(second.images.shape[1:]), names)
        require_enough(len(first), len(second), names)
        return Pair(first.images, second.images, "images", names, (), like)
    if (first.images is None) != (second.images is None):
        raise DataError(f"both sets hold images, or neither; of {names[0]} and {names[1]} only one does.")
    require_alike((len(first.cells),), (len(second.cells),), names, first.columns, second.columns)
    require_enough(len(first), len(second), names)
    for one in (first, second):
        require_finite(one.cells, one.columns, one.name)
    require_one_kind(first.cells, second.cells, first.columns, names)
    categories = categories_of(first, second)
    return _categorical(first, second, categories) if categories is not None else vectors_of(first, second)


@dataclass(frozen=True)
class ImagesLike:
    """Reads further images of a shape (c, h, w)."""

    shape: tuple[int, ...]

    def __call__(self, samples: Samples) -> Tensor:
        """Return them, uint8 (n, c, h, w)."""
        images = read(samples, "x", None, 0, to_stderr).images
        require_alike(
            self.shape, () if images is None else tuple(images.shape[1:]), ("the fitted samples", "x")
        )
        assert images is not None, "shapes are alike"
        return images


def categories_of(first: Read, second: Read) -> dict[tuple[Any, ...], int] | None:
    """Return the number of each distinct row of both sets, or None where they are not categories."""
    if any(cell.dtype.kind == "f" for one in (first, second) for cell in one.cells):
        return None
    rows = {row: None for one in (first, second) for row in rows_of(one.cells)}
    if len(rows) > MOST_CATEGORIES * min(len(first), len(second)):
        return None
    return {row: number for number, row in enumerate(sorted(rows, key=str))}


def rows_of(cells: Sequence[Array]) -> list[tuple[Any, ...]]:
    """Return columns as rows."""
    return list(zip(*(cell.tolist() for cell in cells), strict=True))


def _categorical(first: Read, second: Read, number_of: dict[tuple[Any, ...], int]) -> Pair:
    encode = Numbered(number_of, first.columns if first.named else None)
    labels = tuple(", ".join(map(str, row)) for row in number_of)
    return Pair(encode.of(first), encode.of(second), "categories", (first.name, second.name), labels, encode)


def _like(samples: Samples, columns: int, names: tuple[str, ...] | None) -> Read:
    """Read further samples of so many columns; of a table, of these names."""
    given = read(samples, "x", None, 0, to_stderr)
    sides = ("the fitted samples", "x")
    expected, received = (names, given.columns) if names is not None and given.named else ((), ())
    require_alike((columns,), (len(given.cells),), sides, expected, received)
    return given


@dataclass(frozen=True)
class Numbered:
    """Gives each distinct row the number of its category.

    Args:
        number_of: the numbers, by row.
        names: of the columns, if they were given some.
    """

    number_of: dict[tuple[Any, ...], int]
    names: tuple[str, ...] | None

    def of(self, samples: Read) -> Tensor:
        """Return the categories (n,) of samples that are all known."""
        return torch.tensor([self.number_of[row] for row in rows_of(samples.cells)])

    def __call__(self, samples: Samples) -> Tensor:
        """Return the categories (n,) of further samples.

        Raises:
            DataError: for a row that is none of them.
        """
        given = _like(samples, len(next(iter(self.number_of))), self.names)
        unknown = next((row for row in rows_of(given.cells) if row not in self.number_of), None)
        if unknown is not None:
            raise DataError(
                f"log_ratio knows the categories that it was fitted to; got {', '.join(map(str, unknown))}, which was "
                "in neither set. Leave it out."
            )
        return self.of(given)


def _words(cell: Array) -> Array:
    """Return a column as words; 1.0 is the word 1, as a column beside real numbers has it."""
    whole = cell.dtype.kind == "f" and bool((cell == np.round(cell)).all())
    return (cell.astype(np.int64) if whole else cell).astype(str)


@dataclass(frozen=True)
class Coordinates:
    """Makes float64 vectors of rows: numbers as they are, and 0 or 1 for each word of a column.

    Args:
        columns: their names.
        words: the words of each column; None of numbers.
        named: whether the names were given.
    """

    columns: tuple[str, ...]
    words: tuple[tuple[str, ...] | None, ...]
    named: bool

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
            np.asarray(cell, dtype=np.float64)[:, None]
            if known is None
            else (_words(cell)[:, None] == np.array(known)).astype(np.float64)
            for cell, known in zip(samples.cells, self.words, strict=True)
        ]
        return torch.from_numpy(np.concatenate(made, 1))

    def __call__(self, samples: Samples) -> Tensor:
        """Return the vectors (n, d) of further samples.

        Raises:
            DataError: for other columns, words where there were numbers, unknown words, NaN.
        """
        given = _like(samples, len(self.columns), self.columns if self.named else None)
        require_finite(given.cells, given.columns, "x")
        for cell, known, column in zip(given.cells, self.words, self.columns, strict=True):
            if known is None:
                require_one_kind([np.zeros(1)], [cell], [column], ("the fitted samples", "x"))
                continue
            unknown = next((one for one in _words(cell) if one not in known), None)
            if unknown is not None:
                raise DataError(
                    f"log_ratio knows the categories that it was fitted to; {column} of x holds {unknown}, which was "
                    "in neither set. Leave it out."
                )
        return self.of(given)


def vectors_of(first: Read, second: Read) -> Pair:
    """Return float64 vectors: numbers as they are, and 0 or 1 for each word of a column; see `coordinates_of`."""
    encode = coordinates_of(first, second)
    names = (first.name, second.name)
    return Pair(encode.of(first), encode.of(second), "vectors", names, encode.names, encode)


def coordinates_of(*sets: Read) -> Coordinates:
    """Return what makes vectors of sets of the same columns, and knows all of their words.

    Raises:
        DataError: for a column of so many different words that few would recur.
    """
    first, words = sets[0], []
    for column, *cells in zip(first.columns, *(one.cells for one in sets), strict=True):
        known = (
            sorted({word for cell in cells for word in cell.tolist()}) if cells[0].dtype.kind == "U" else None
        )
        if known is not None:
            require_few_words(len(known), column, sum(map(len, sets)))
        words.append(None if known is None else tuple(known))
    return Coordinates(first.columns, tuple(words), first.named)
