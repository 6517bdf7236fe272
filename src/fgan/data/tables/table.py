"""A table as it was read: cells by column, what each column is taken for, what was dropped, and how files were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[Any]
"""Of one column: float64, int64, bool or words."""
KINDS = ("number", "category")
"""What a column can be taken for."""


@dataclass(frozen=True)
class Column:
    """A column as it was read.

    Args:
        cells: float64, int64, bool or words (n,); any value where one is missing.
        missing: which cells are missing (n,); None for none.
        unit: of numbers that were made of dates, times or durations, such as "seconds"; "" of others.
        kind: "number" or "category" where the type or the spelling decides; "" of whole numbers, which may be either.
        why: what decided, for people.
    """

    cells: Cells
    missing: NDArray[np.bool_] | None = None
    unit: str = ""
    kind: str = ""
    why: str = ""

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.cells)


@dataclass(frozen=True)
class ColumnRead:
    """What a column was taken for.

    Args:
        name: the column's.
        kind: "number" or "category".
        unit: such as "days since 1970-01-01"; "" where it is the file's own.
        why: what decided.
    """

    name: str
    kind: str
    unit: str = ""
    why: str = ""

    def __str__(self) -> str:
        """Write it for people."""
        return f"{self.name} is a {self.kind}" + "".join(f", {one}" for one in (self.unit, self.why) if one)


@dataclass(frozen=True)
class HowRead:
    """How samples were read.

    Args:
        columns: what each was taken for; none of images.
        files: a line for each file of text: encoding, separator, number format, size.
        dropped: rows left out for missing values, of the first set and of the second; of rows that belong together, twice
            the same number.
    """

    columns: tuple[ColumnRead, ...] = ()
    files: tuple[str, ...] = ()
    dropped: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Table(Mapping[str, Cells]):
    """Columns by name: a mapping to their cells, which also knows how they were read.

    Args:
        columns: each, by its name.
        name: of the table: its path.
        how: what was understood of the file, in a line.
        rows: what errors call its rows: "line" or "row".
        numbers: of each row (n,); None where they count from 1.
        number_format: the decimal sign that the file shows; "" where none shows.
    """

    columns: dict[str, Column]
    name: str = ""
    how: str = ""
    rows: str = "row"
    numbers: Sequence[int] | None = None
    number_format: str = ""

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
