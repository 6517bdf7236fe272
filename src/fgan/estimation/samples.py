"""Two sets of samples from wherever they are, made alike: vectors, images or categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.data import Dataset, TensorSource, load_data
from fgan.data.arrays import to_samples
from fgan.data.dataset import as_uint8
from fgan.data.notes import Say, to_stderr
from fgan.errors import DataError
from fgan.estimation.checks import (
    require_alike,
    require_enough,
    require_finite,
    require_supported,
)
from fgan.training.run_directory import RunDirectory

Samples = Any
"""An array, a tensor, a list, a table (columns by name), a `Dataset`, the name of data, or a run directory."""
Array = NDArray[Any]

DRAWN = 10_000
"""Samples that are drawn from a run or a distribution, unless told."""
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


@dataclass(frozen=True)
class Read:
    """One set as it was given: rows of cells (n, k), or images."""

    name: str
    cells: list[Array]
    columns: tuple[str, ...]
    images: Tensor | None = None


def pair_of(p: Samples, q: Samples, *, n: int | None = None, seed: int = 0, say: Say = to_stderr) -> Pair:
    """Read two sets of samples.

    Args:
        p, q: see `Samples`. Real numbers are vectors. Whole numbers, words and truth values are categories, each
            distinct row one, if these are few; else whole numbers are numbers, and each word a coordinate of 0 and 1.
            Arrays of rank 3 and 4 are images, as for `fgan.load_data`.
        n: samples drawn from runs and distributions (10,000 unless told), and at most taken of named data.
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
        require_alike(tuple(first.images.shape[1:]), tuple(second.images.shape[1:]), names)
        require_enough(len(first.images), len(second.images), names)
        shape = tuple(first.images.shape[1:])
        return Pair(first.images, second.images, "images", names, (), lambda x: _images_like(x, shape, say))
    if (first.images is None) != (second.images is None):
        raise DataError(f"both sets hold images, or neither; of {names[0]} and {names[1]} only one does.")
    require_alike((len(first.cells),), (len(second.cells),), names, first.columns, second.columns)
    require_enough(len(first.cells[0]), len(second.cells[0]), names)
    for one in (first, second):
        require_finite(one.cells, one.columns, one.name)
    categories = categories_of(first, second)
    return _categorical(first, second, categories) if categories is not None else vectors_of(first, second)


def read(samples: Samples, side: str, n: int | None, seed: int, say: Say) -> Read:
    """Return samples as rows of cells, or as images; `side` names those that have no name of their own."""
    if isinstance(samples, (str, Path)) and (Path(samples) / "config.json").is_file():
        samples = RunDirectory(samples)
    if isinstance(samples, RunDirectory):
        drawn = samples.sample(n or DRAWN, seed=seed)
        return _of_tensor(as_uint8(drawn) if drawn.ndim == 4 else drawn, str(samples.path))
    if isinstance(samples, (str, Path)):
        samples = load_data(samples, say=say)
    if isinstance(samples, Dataset):
        return _of_tensor(_drawn(samples, n, seed), samples.name)
    if isinstance(samples, Mapping) or hasattr(samples, "columns"):  # a table, such as of pandas
        columns = tuple(map(str, samples.keys()))
        return Read(side, [_array(samples[name], f"{side}, column {name}") for name in samples], columns)
    array = _array(samples, side)
    if array.ndim > 2:
        return _of_tensor(to_samples(array, side), side)
    cells = [array] if array.ndim == 1 else list(array.T)
    return Read(side, cells, tuple(f"column {number}" for number in range(len(cells))))


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
    require_supported(array, name)
    return array.astype(str) if array.dtype.kind == "O" else array


def _of_tensor(values: Tensor, name: str) -> Read:
    if values.ndim == 4:
        return Read(name, [], (), values)
    cells = list(values.double().numpy().T)
    return Read(name, cells, tuple(f"column {number}" for number in range(len(cells))))


def _drawn(data: Dataset, n: int | None, seed: int) -> Tensor:
    """Return all samples of a finite set, or n of them, or n of a distribution."""
    generator = torch.Generator().manual_seed(seed)
    sources = [source for source in (data.train, data.held_out) if isinstance(source, TensorSource)]
    if not sources:
        return data.train.draw(n or DRAWN, generator)
    values = torch.cat([source.values for source in sources])
    return (
        values
        if n is None or n >= len(values)
        else values[torch.randperm(len(values), generator=generator)[:n]]
    )


def _images_like(x: Samples, shape: tuple[int, ...], say: Say) -> Tensor:
    images = read(x, "x", None, 0, say).images
    require_alike(shape, () if images is None else tuple(images.shape[1:]), ("the fitted samples", "x"))
    assert images is not None, "shapes are alike"
    return images


def categories_of(first: Read, second: Read) -> dict[tuple[Any, ...], int] | None:
    """Return the number of each distinct row of both sets, or None where they are not categories."""
    if any(cell.dtype.kind == "f" for one in (first, second) for cell in one.cells):
        return None
    rows = {row: None for one in (first, second) for row in rows_of(one.cells)}
    smaller = min(len(first.cells[0]), len(second.cells[0]))
    if len(rows) > MOST_CATEGORIES * smaller:
        return None
    return {row: number for number, row in enumerate(sorted(rows, key=str))}


def rows_of(cells: Sequence[Array]) -> list[tuple[Any, ...]]:
    """Return columns as rows."""
    return list(zip(*(cell.tolist() for cell in cells), strict=True))


def _categorical(first: Read, second: Read, number_of: dict[tuple[Any, ...], int]) -> Pair:
    def encode(samples: Samples) -> Tensor:
        rows = rows_of(read(samples, "x", None, 0, to_stderr).cells)
        unknown = next((row for row in rows if row not in number_of), None)
        if unknown is not None:
            raise DataError(
                f"log_ratio knows the categories that it was fitted to; got {', '.join(map(str, unknown))}, which was "
                "in neither set. Leave it out."
            )
        return torch.tensor([number_of[row] for row in rows])

    p, q = (torch.tensor([number_of[row] for row in rows_of(one.cells)]) for one in (first, second))
    labels = tuple(", ".join(map(str, row)) for row in number_of)
    return Pair(p, q, "categories", (first.name, second.name), labels, encode)


def _words(cell: Array) -> Array:
    """Return a column as words; 1.0 is the word 1, as a column beside real numbers has it."""
    whole = cell.dtype.kind == "f" and bool((cell == np.round(cell)).all())
    return (cell.astype(np.int64) if whole else cell).astype(str)


def vectors_of(first: Read, second: Read) -> Pair:
    """Return float64 vectors: numbers as they are, and 0 or 1 for each word or truth value of a column."""
    words = [
        sorted({*map(str, a.tolist()), *map(str, b.tolist())})
        if "U" in (a.dtype.kind, b.dtype.kind)
        else None
        for a, b in zip(first.cells, second.cells, strict=True)
    ]
    names = []
    for column, known in zip(first.columns, words, strict=True):
        names += [column] if known is None else [f"{column} = {word}" for word in known]

    def columns_of(cells: Sequence[Array]) -> Tensor:
        made = []
        for cell, known in zip(cells, words, strict=True):
            if known is None:
                made.append(np.asarray(cell, dtype=np.float64)[:, None])
            else:
                made.append((_words(cell)[:, None] == np.array(known)).astype(np.float64))
        return torch.from_numpy(np.concatenate(made, 1))

    def encode(samples: Samples) -> Tensor:
        given = read(samples, "x", None, 0, to_stderr)
        require_alike((len(words),), (len(given.cells),), ("the fitted samples", "x"))
        require_finite(given.cells, given.columns, "x")
        for cell, known, column in zip(given.cells, words, first.columns, strict=True):
            unknown = None if known is None else next((one for one in _words(cell) if one not in known), None)
            if unknown is not None:
                raise DataError(
                    f"log_ratio knows the categories that it was fitted to; {column} of x holds {unknown}, which was "
                    "in neither set. Leave it out."
                )
        return columns_of(given.cells)

    return Pair(
        columns_of(first.cells),
        columns_of(second.cells),
        "vectors",
        (first.name, second.name),
        tuple(names),
        encode,
    )
