"""A table as it was read: cells by column, what each column is taken for, what was dropped, and how files were read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.data.tables.spelling import Spelling
from fgan.errors import DataError

Cells = NDArray[Any]
"""Of one column: float64, int64, bool or words."""
KINDS = ("number", "category")
"""What a column can be taken for."""
MOST_SAID = 12
"""Columns that a line for people lists."""


@dataclass(frozen=True)
class Column:
    """A column as it was read.

    Args:
        cells: float64, int64, bool or words (n,); any value where one is missing.
        missing: which cells are missing (n,); None for none.
        unit: of numbers that were made of dates, times or durations, such as "seconds"; "" of others.
        kind: "number" or "category" where the type or the spelling decides; "" of whole numbers, which may be either.
        why: what decided, for people.
        written: how the first missing cell stands in its file; "" where nothing does.
        spelling: how numbers and dates of a file of text are written; None of others.
    """

    cells: Cells
    missing: NDArray[np.bool_] | None = None
    unit: str = ""
    kind: str = ""
    why: str = ""
    written: str = ""
    spelling: Spelling | None = None

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.cells)

    def at(self, rows: NDArray[Any]) -> Column:
        """Return the cells of some rows."""
        missing = None if self.missing is None else self.missing[rows]
        return replace(
            self, cells=self.cells[rows], missing=missing if missing is not None and missing.any() else None
        )


@dataclass(frozen=True)
class ColumnRead:
    """How a column was interpreted.

    Args:
        name: its name.
        kind: "number" or "category".
        unit: such as "days since 1970-01-01"; "" for the file's own unit.
        why: the reason.
    """

    name: str
    kind: str
    unit: str = ""
    why: str = ""

    def __str__(self) -> str:
        """Write it for people."""
        more = ", ".join(filter(None, (self.unit, self.why)))
        return f"{self.name} is a {self.kind}" + (f" ({more})" if more else "")


@dataclass(frozen=True)
class HowRead:
    """How samples were read.

    Args:
        columns: what each was taken for; none of images.
        files: a line for each file of text: encoding, separator, number format, size.
        dropped: rows left out for missing values, of the first set and of the second; the same number twice where rows
            belong together.
    """

    columns: tuple[ColumnRead, ...] = ()
    files: tuple[str, ...] = ()
    dropped: tuple[int, int] = (0, 0)

    def lines(self) -> list[str]:
        """Say it for people, where there was something to decide."""
        said = [str(one) for one in self.columns if one.why or one.unit]
        rest = len(said) - MOST_SAID
        lines = (
            [f"read: {'; '.join(said[:MOST_SAID])}{f'; and {rest} more columns' if rest > 0 else ''}"]
            if said
            else []
        )
        if any(self.dropped):
            lines.append(
                f"dropped because of missing values: {self.dropped[0]:,} and {self.dropped[1]:,} rows"
            )
        return lines


@dataclass(frozen=True)
class Table(Mapping[str, Cells]):
    """Columns by name: a mapping to their cells, which also knows how they were read.

    Args:
        columns: each, by its name.
        name: of the table: its path.
        how: what was understood of the file, in a line.
        rows: what errors call its rows: "line" or "row".
        numbers: of each row (n,); None where they count from 1.
        dropped: rows that were left out for missing values.
        separator: between the values of a file of text; "" of others.
    """

    columns: dict[str, Column]
    name: str = ""
    how: str = ""
    rows: str = "row"
    numbers: Sequence[int] | None = None
    dropped: int = 0
    separator: str = ""

    def __getitem__(self, name: str) -> Cells:
        """Return a column's cells by its name."""
        return self.columns[name].cells

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self.columns)

    def __len__(self) -> int:
        """Count the columns."""
        return len(self.columns)

    def select(self, names: Sequence[str]) -> Table:
        """Return the same table with these columns, in this order."""
        return replace(self, columns={name: self.columns[name] for name in names})

    @property
    def count(self) -> int:
        """The rows."""
        return len(next(iter(self.columns.values()), ()))

    def place_of(self, row: int) -> str:
        """Return what to call a row, counted from 0: its line in a file of text, or its number."""
        return f"{self.rows} {row + 1 if self.numbers is None else self.numbers[row]}"

    def complete(self) -> Table:
        """Return the same table.

        Raises:
            DataError: that names the first cell without a value.
        """
        for name, column in self.columns.items():
            if column.missing is not None:
                raise DataError(
                    missing_cell(name, self.name, self.place_of(int(column.missing.argmax())), column)
                )
        return self

    def needing(self, rows: NDArray[np.bool_]) -> Table:
        """Return the same table, in which only cells of some rows count as missing."""
        columns = {}
        for name, one in self.columns.items():
            missing = None if one.missing is None else one.missing & rows
            columns[name] = replace(one, missing=missing if missing is not None and missing.any() else None)
        return replace(self, columns=columns)

    def without_missing(self) -> Table:
        """Return the rows that lack no value, and count the others."""
        gone = gone_in(self.columns.values())
        if gone is None:
            return self
        rows = np.flatnonzero(~gone)
        columns = {name: column.at(rows) for name, column in self.columns.items()}
        numbers = None if self.numbers is None else [self.numbers[row] for row in rows.tolist()]
        return replace(self, columns=columns, numbers=numbers, dropped=self.dropped + int(gone.sum()))


def gone_in(columns: Iterable[Column]) -> NDArray[np.bool_] | None:
    """Return which rows lack a value in some column; None for none."""
    masks = [column.missing for column in columns if column.missing is not None]
    return np.logical_or.reduce(masks) if masks else None


def missing_cell(column: str, table: str, place: str, cells: Column) -> str:
    """Say which cell has no value, how many more there are, and how to mend it."""
    assert cells.missing is not None, "has a missing value"
    more = int(cells.missing.sum()) - 1
    what = f'has the missing value "{cells.written}"' if cells.written else "is empty"
    rows = place.partition(" ")[0]
    return (
        f'column "{column}" of {table} {what} in {place}'
        + (f" and in {more:,} more {rows}{'s' if more > 1 else ''}" if more else "")
        + f'. Fill it, drop such {rows}s (--missing drop, missing="drop"), or choose other columns '
        "with --columns."
    )
