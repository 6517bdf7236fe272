"""What two sets of samples must be, and what is worth knowing of them before they are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.errors import DataError

FEWEST = 50
NAMED = 5
"""Columns or categories that a sentence names before it counts the rest."""
FEW_WORDS, MOST_WORDS = 20, 1000
"""So many words of a column are never too many; more than so many always are."""
DISTINCT = 0.9
"""Share of distinct samples from which on a sample that occurs twice is a copy, not a coincidence."""


def require_supported(array: NDArray[Any], name: str) -> None:
    """Raise a DataError for what is no array of real numbers, words or truth values."""
    kind = array.dtype.kind
    if array.ndim == 0 or array.size == 0:
        raise DataError(
            f"samples are rows of numbers or categories; {name} has the shape {array.shape}. Give (n, d) or (n,)."
        )
    if array.ndim > 4:
        raise DataError(
            f"samples have rank 1 to 4; {name} has the shape {array.shape}. Flatten what is no image."
        )
    words = kind == "O" and all(isinstance(one, (str, bool, int, np.integer)) for one in array.flat)
    if kind not in "biufU" and not words:
        raise DataError(
            f"samples hold real numbers, words or truth values; {name} holds {array.dtype}. "
            'Convert them, for example with array.astype("float64").'
        )


def require_alike(
    first: tuple[int, ...],
    second: tuple[int, ...],
    names: tuple[str, str],
    columns: tuple[str, ...] = (),
    other_columns: tuple[str, ...] = (),
) -> None:
    """Raise a DataError where samples differ in their shape, or columns in their names."""
    if first != second:
        raise DataError(
            f"samples of both sets have one shape; those of {names[0]} have {first}, those of {names[1]} {second}. "
            "Compare the same features of both."
        )
    if columns != other_columns:
        odd = next((a, b) for a, b in zip(columns, other_columns, strict=True) if a != b)
        raise DataError(
            f'tables have the same columns in the same order; got "{odd[0]}" in {names[0]} where {names[1]} has '
            f'"{odd[1]}". Select and order them alike.'
        )


def require_enough(n: int, m: int, names: tuple[str, str]) -> None:
    """Raise a DataError for too few samples to train, stop and report."""
    for count, name in ((n, names[0]), (m, names[1])):
        if count < FEWEST:
            raise DataError(
                f"an estimate needs at least {FEWEST} samples of each set, for some of them train and others report; "
                f"{name} has {count}. Give more."
            )


def require_most(n: int | None) -> None:
    """Raise a DataError for a number of samples that is none, or too few for an estimate."""
    if n is not None and (isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < FEWEST):
        raise DataError(f"n must be a whole number of samples, at least {FEWEST}; got {n!r}.")


def require_names(columns: Sequence[str], name: str) -> None:
    """Raise a DataError for a table without columns, or with two of one name."""
    if not columns:
        raise DataError(f"a table has at least one column; {name} has none.")
    twice = next((column for column, count in Counter(columns).items() if count > 1), None)
    if twice is not None:
        raise DataError(f'each column of a table has a name of its own; {name} has "{twice}" more than once.')


def require_columns(cells: Sequence[NDArray[Any]], columns: Sequence[str], name: str) -> None:
    """Raise a DataError for columns that are not lists of one length."""
    for column, cell in zip(columns, cells, strict=True):
        if cell.ndim != 1:
            raise DataError(
                f'a column has one value in each row; "{column}" of {name} has the shape {cell.shape}. Give each of '
                "its columns a name of its own."
            )
        if len(cell) != len(cells[0]):
            raise DataError(
                f'columns of a table have one length; in {name} "{columns[0]}" has {len(cells[0])} rows and '
                f'"{column}" {len(cell)}. Give rows that are whole.'
            )


def require_one_kind(
    first: Sequence[NDArray[Any]],
    second: Sequence[NDArray[Any]],
    columns: Sequence[str],
    names: tuple[str, str],
) -> None:
    """Raise a DataError for a column that is words in one set and numbers in the other, as one stray cell makes it."""
    for column, *cells in zip(columns, first, second, strict=True):
        words = [cell.dtype.kind == "U" for cell in cells]
        if words[0] == words[1]:
            continue
        of_words = words.index(True)
        stray = next(
            (f'"{word}" in row {row}' for row, word in enumerate(cells[of_words]) if not _is_number(word)),
            None,
        )
        mend = (
            f"the first {stray}. Repair or remove that row, or make both words." if stray
            else "each of which is a number. Convert them."
        )  # fmt: skip
        raise DataError(
            f'a column is words in both sets or in neither; "{column}" is words in {names[of_words]} and none in '
            f"{names[1 - of_words]}: {mend}"
        )


def require_few_words(words: int, column: str, rows: int) -> None:
    """Raise a DataError for a column of words that would be a coordinate each, hardly any of them twice."""
    most = max(FEW_WORDS, min(MOST_WORDS, rows // 10))
    if words > most:
        raise DataError(
            f'each word of a column becomes a coordinate beside numbers, at most {most} in {rows} rows; "{column}" has '
            f"{words}. Leave it out, merge rare ones, or give numbers as numbers."
        )


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def require_finite(cells: Sequence[NDArray[Any]], columns: Sequence[str], name: str) -> None:
    """Raise a DataError that counts NaN and infinities and names the first."""
    for cell, column in zip(cells, columns, strict=True):
        if cell.dtype.kind != "f":
            continue
        bad = ~np.isfinite(cell)
        if bad.any():
            raise DataError(
                f"samples must be finite numbers; {int(bad.sum())} of {len(cell)} in {column} of {name} are NaN or "
                f"infinite, the first in row {int(bad.argmax())}. Remove or repair those rows."
            )


def notes_on(p: Tensor, q: Tensor, kind: str, columns: tuple[str, ...]) -> list[str]:
    """Return what a user should know of two sets before trusting a number about them."""
    if kind == "categories":
        return one_sided(p, q, columns)
    notes = constant_columns(p, q, columns) if kind == "vectors" else []
    return notes + copies(p, q)


def one_sided(p: Tensor, q: Tensor, categories: tuple[str, ...]) -> list[str]:
    """Say which categories only one side has, and what follows."""
    notes = []
    in_p, in_q = (torch.bincount(side, minlength=len(categories)) > 0 for side in (p, q))
    for name, other, only, infinite in (
        ("P", "Q", in_p & ~in_q, "kl, pearson and jeffreys"),
        ("Q", "P", in_q & ~in_p, "reverse-kl, neyman and jeffreys"),
    ):
        missing = [categories[index] for index in only.nonzero().flatten().tolist()]
        if missing:
            notes.append(
                f"{_listed(missing)} occur{'s' if len(missing) == 1 else ''} in {name} only. Where {other} has no mass "
                f"and {name} has some, {infinite} are +inf, and so are the estimates, although {other} may merely "
                "be too small to show it; lower_bound stays finite and holds. js, squared-hellinger and "
                "total-variation are finite either way."
            )
    return notes


def constant_columns(p: Tensor, q: Tensor, columns: tuple[str, ...]) -> list[str]:
    """Say which columns say nothing, and which separate the sets at once."""
    flat_p, flat_q = ((side == side[0]).all(0) for side in (p, q))
    same = flat_p & flat_q & (p[0] == q[0])
    apart = flat_p & flat_q & (p[0] != q[0])
    half = flat_p ^ flat_q
    notes = []
    for which, meaning in (
        (same, "the same value in all samples and so says nothing"),
        (apart, "one value in P and another in Q: the two never meet, and kl is +inf"),
        (
            half,
            "one value only in one of the sets: as densities the two never meet there, and kl is +inf one way",
        ),
    ):
        names = [columns[index] for index in which.nonzero().flatten().tolist()]
        if names:
            notes.append(f"{_listed(names)} {'has' if len(names) == 1 else 'have each'} {meaning}.")
    return notes


def copies(p: Tensor, q: Tensor) -> list[str]:
    """Say how many samples occur in both sets, or more than once in one, where samples hardly ever coincide."""
    rows_p, rows_q = ([row.tobytes() for row in side.flatten(1).numpy()] for side in (p, q))
    count_p, count_q = Counter(rows_p), Counter(rows_q)
    notes = []
    shared = sum(count for row, count in count_p.items() if row in count_q)
    if min(len(count_p) / len(rows_p), len(count_q) / len(rows_q)) > DISTINCT and shared:
        notes.append(
            f"{shared} of {len(rows_p)} samples of P occur in Q as well: if they are the same records, they make the "
            "two look alike, and the sets are not independent. Leave them out of one."
        )
    for name, counts, rows in (("P", count_p, rows_p), ("Q", count_q, rows_q)):
        repeated = len(rows) - len(counts)
        if 0 < repeated <= (1 - DISTINCT) * len(rows):
            notes.append(
                f"{repeated} of {len(rows)} samples of {name} are copies of others in it: a copy may report on a "
                "critic that was trained on it, and the estimate may be too high. Remove them."
            )
    return notes


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    listed = ", ".join(f'"{name}"' for name in names[:NAMED])
    return f"{listed} and {rest} more" if rest > 0 else listed
