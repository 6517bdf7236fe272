"""Numbers or categories: one rule for every column, and the switch that overrules it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fgan.data.tables.table import KINDS, Cells
from fgan.errors import DataError, did_you_mean

Kinds = Mapping[str, str] | Mapping[int, str] | Mapping[int | str, str] | str | None
"""Of columns by name, or by place in an array; or one for all."""

MOST_LABELS = 20
"""Whole numbers of more different values than this are numbers."""
ROWS_EACH = 10
"""So are those with fewer rows than this for each value."""
LADDER = 8
"""So are at least so many values whose counts rise and fall along their order, with rare ones at its ends."""
RARE = 0.01
"""The share of all rows below which a value is rare."""


def kind_of(*sets: Cells) -> tuple[str, str]:
    """Return "number" or "category" for a column of one set or of both, and why.

    Real numbers are numbers; words and truth values are categories. Whole numbers are numbers where there are more than
    20 different ones, fewer than 10 rows for each, or where their counts show an order, as of a Poisson variable.

    >>> kind_of(np.arange(300) % 61)[0], kind_of(np.arange(300) % 5)[0]
    ('number', 'category')
    """
    if any(cells.dtype.kind in "Ub" for cells in sets):
        return "category", "words" if any(cells.dtype.kind == "U" for cells in sets) else "truth values"
    if any(cells.dtype.kind == "f" for cells in sets):
        return "number", ""
    together = np.concatenate([cells.ravel() for cells in sets])
    distinct, counts = np.unique(together, return_counts=True)
    found = f"whole numbers with {len(distinct)} values"
    if len(distinct) > MOST_LABELS:
        return "number", found
    if len(distinct) * ROWS_EACH > min(map(len, sets)):
        return "number", f"{found}, few rows for each"
    if _ordered(counts):
        return "number", f"{found}, rare ones at the ends"
    return "category", found


def _ordered(counts: Cells) -> bool:
    """Whether counts of values in their order rise and then fall, up to chance, and are rare at an end only."""
    if len(counts) < LADDER:
        return False
    usual = np.flatnonzero(counts >= RARE * counts.sum())
    if len(usual) in (0, len(counts)) or usual[-1] - usual[0] + 1 != len(usual):
        return False
    chance = 3 * np.sqrt(counts[1:] + counts[:-1])
    steps, mode = np.diff(counts), int(counts.argmax())
    return bool((steps[:mode] > -chance[:mode]).all() and (steps[mode:] < chance[mode:]).all())


def kinds_by_name(kinds: Kinds, columns: Sequence[str], named: bool) -> dict[str, str]:
    """Return the kinds that a user asks for, by the columns' names.

    Raises:
        DataError: for a column or a kind that there is none of.
    """
    if kinds is None:
        return {}
    if isinstance(kinds, str):
        kinds = dict.fromkeys(columns, kinds)
    elif not isinstance(kinds, Mapping):
        raise DataError(
            f'kinds must be a dict such as {{"age": "number"}}, or one kind for all columns; got '
            f"{type(kinds).__name__}."
        )
    places = dict(enumerate(columns))
    found: dict[str, str] = {}
    for key, kind in kinds.items():
        whole = isinstance(key, (int, np.integer)) and not isinstance(key, bool) and not named
        name = places.get(int(key), "") if whole else str(key)
        if name not in columns:
            raise DataError(
                f'kinds (--numbers, --categories): there is no column "{key}"; the columns are '
                f"{', '.join(columns)}."
                f"{did_you_mean(str(key), columns)}"
            )
        if kind not in KINDS:
            raise DataError(f'a kind must be one of {", ".join(KINDS)}; got "{kind}" for "{key}".')
        found[name] = kind
    return found


def as_category(column: str) -> str:
    """Return how a user treats a column as a category, as the end of an error."""
    return f'treat the column as a category (--categories {column}, kinds={{"{column}": "category"}})'


def stray_cells(column: str, table: str, strays: int, rows: int, first: str, rule: str = "") -> DataError:
    """Return the error for a column of numbers in which a few cells are not.

    Args:
        column: its name.
        table: what to call the table.
        strays: number of cells that are not numbers.
        rows: number of cells.
        first: the first of them, and its place.
        rule: which numbers are meant, such as "numbers with a decimal comma".
    """
    return DataError(
        f'column "{column}" of {table} holds numbers, but {strays:,} of {rows:,} cells are not{rule and " "}{rule}, '
        f"the first {first}. Repair it, or {as_category(column)}."
    )
