"""What each column is taken for, and the encoding that fits the training part of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.data.encoding.category import CategoryCode
from fgan.data.encoding.column import ColumnCode, Stored, in_ticks
from fgan.data.encoding.number import NumberCode
from fgan.data.encoding.table import TableEncoding
from fgan.data.tables import Column, ColumnRead, Table
from fgan.data.tables.kinds import kind_of
from fgan.data.tables.spelling import Spelling, spelling_of_array
from fgan.errors import DataError

ASKED = "asked for"
FEW_WORDS, MOST_WORDS = 20, 1000
"""So many values of a category are never too many; more than so many always are."""
FEWEST_TO_COUNT = 20
"""Rows from which on a column that counts them is an id."""


def settled(table: Table, kinds: Mapping[str, str], label: str = "") -> Table:
    """Return a table each of whose columns is a number or a category.

    Args:
        table: as it was read.
        kinds: "number" or "category" by column, where a user says so.
        label: the column that is to be classes.

    Raises:
        DataError: for words that are to be numbers, and columns that are ids.
    """
    columns = {name: _settled(one, name, kinds.get(name, "")) for name, one in table.columns.items()}
    if label and columns[label].kind == "number":
        raise DataError(
            f'--conditional-on needs a column of categories; "{label}" is numbers. If they are labels, pass '
            f"--categories {label}. Otherwise add a column that puts them into ranges."
        )
    for name, one in columns.items():
        _require_no_id(one, name, table.count)
    return replace(table, columns=columns)


def fitted(
    table: Table, train: NDArray[np.int64], *, label: str = "", stored: Mapping[str, Stored] | None = None
) -> TableEncoding:
    """Return the encoding of a settled table, fitted to its training part.

    Args:
        table: all rows; words are known from all of them, numbers from the training part.
        train: the rows of that part.
        label: the column that is classes.
        stored: the types of columns in memory, by name.
    """
    codes = []
    for name, one in table.columns.items():
        read = ColumnRead(name, one.kind, one.unit, one.why)
        spelling = one.spelling or (None if one.cells.dtype.kind in "Ub" else _spelling(one))
        if one.kind == "category":
            code = CategoryCode.fit(one, train)
        else:
            ticks = in_ticks(one)
            decimals = 0 if one.unit and ticks is not one else spelling.digits if spelling else 0
            code = NumberCode.fit(ticks, train, decimals, name)
        codes.append(ColumnCode(read, code, spelling, one.written, (stored or {}).get(name, Stored())))
    encoding = TableEncoding(tuple(codes), label)
    if not encoding.width:
        raise DataError(
            f"at least one column must vary; all columns of {table.name} are constant{_besides(label)}. Add columns."
        )
    return encoding


def _besides(label: str) -> str:
    return f' besides "{label}"' if label else ""


def _spelling(column: Column) -> Spelling:
    known = column.cells if column.missing is None else column.cells[~column.missing]
    return spelling_of_array(known)


def _settled(column: Column, name: str, asked: str) -> Column:
    known = column.cells if column.missing is None else column.cells[~column.missing]
    if not len(known):
        return replace(column, kind="category", why="no values")
    if asked == "category":
        return replace(column, kind="category", why=ASKED)
    if asked == "number":
        if known.dtype.kind in "Ub":
            return replace(column, cells=_numbers(column, known, name), kind="number", why=ASKED)
        return replace(column, kind="number", why=ASKED)
    if column.kind:
        return column
    kind, why = kind_of(known)
    return replace(column, kind=kind, why=why)


def _numbers(column: Column, known: NDArray[Any], name: str) -> NDArray[Any]:
    try:
        numbers = known.astype(np.float64)
    except ValueError as error:
        raise DataError(
            f'column "{name}" should be numbers (--numbers, kinds), but {error}. Repair it, or treat the '
            "column as a category."
        ) from None
    whole = bool((numbers == np.round(numbers)).all()) and float(np.abs(numbers).max()) < 2.0**53
    cells = np.zeros(len(column), dtype=np.int64 if whole else np.float64)
    cells[slice(None) if column.missing is None else ~column.missing] = numbers
    return cells


def _require_no_id(column: Column, name: str, rows: int) -> None:
    """Raise a DataError for words that hardly recur, and for whole numbers that count the rows."""
    known = column.cells if column.missing is None else column.cells[~column.missing]
    if column.kind == "category":
        most, distinct = max(FEW_WORDS, min(MOST_WORDS, rows // 10)), len(np.unique(known))
        if distinct > most:
            raise DataError(
                f'column "{name}" has {distinct:,} distinct values, such as {known[0]!s}; at most {most} are '
                f"allowed in {rows:,} rows. "
                f"They look like ids or free text. Leave the column out (--drop {name}), or merge rare values."
            )
        return
    whole = known.dtype.kind in "iu" and column.why != ASKED and len(known) == rows >= FEWEST_TO_COUNT
    if whole and (np.diff(known.astype(np.int64)) == 1).all():
        raise DataError(
            f'column "{name}" looks like a row number, from {known[0]} to {known[-1]}. Leave it '
            f"out (--drop {name}), or treat it as numbers (--numbers {name})."
        )
