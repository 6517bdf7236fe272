"""One column of a table: how its cells are encoded, and what type and spelling they had."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fgan.data.encoding.category import CategoryCode
from fgan.data.encoding.number import NumberCode
from fgan.data.encoding.stored import WrittenColumn, checked_category, checked_number, checked_spelling
from fgan.data.tables import Column, ColumnRead
from fgan.data.tables.spelling import MICROSECONDS, Spelling, microseconds
from fgan.json_files import shaped

Array = NDArray[Any]


@dataclass(frozen=True)
class Stored:
    """The type of a column in memory.

    Args:
        dtype: as pandas, polars or NumPy call it; "" of files of text.
        categories: of a categorical type, in its order; None of others.
        ordered: whether that order means something.
        number: what the column is called where that is a whole number; None where it is a word.
    """

    dtype: str = ""
    categories: tuple[Any, ...] | None = None
    ordered: bool = False
    number: int | None = None


@dataclass(frozen=True)
class ColumnCode:
    """How a column becomes coordinates, and back.

    Args:
        read: its name and what it was taken for.
        code: of its cells.
        spelling: how a file writes its numbers or dates; None of words.
        written: how a missing cell stands there.
        stored: its type in memory.
    """

    read: ColumnRead
    code: NumberCode | CategoryCode
    spelling: Spelling | None = None
    written: str = ""
    stored: Stored = Stored()

    @property
    def width(self) -> int:
        """Coordinates."""
        return self.code.width

    def encode(self, column: Column) -> Array:
        """Return its cells as rows (n, width)."""
        return self.code.encode(in_ticks(column), self.read.name)

    def decode(self, coordinates: Array) -> Column:
        """Return the cells of rows (n, width)."""
        return self.dressed(self.code.decode(coordinates))

    def dressed(self, column: Column) -> Column:
        """Return cells with the unit and the spelling of the column."""
        cells, unit = column.cells, self.read.unit
        if unit and isinstance(self.code, NumberCode):
            cells = cells / _per_unit(unit)
        return replace(
            column,
            cells=cells,
            unit=unit,
            kind=self.read.kind,
            written=self.written,
            spelling=self.spelling,
        )

    def to_json(self) -> dict[str, Any]:
        """Describe it in JSON's types."""
        kind = "number" if isinstance(self.code, NumberCode) else "category"
        return {
            **asdict(self.read),
            "missing_as": self.written,
            "spelling": asdict(self.spelling) if self.spelling else None,
            "stored": asdict(self.stored),
            "encoding": {"as": kind, **self.code.to_json()},
        }

    @classmethod
    def from_json(cls, values: WrittenColumn, origin: str) -> Self:
        """Return what `to_json` described.

        Raises:
            DataError: if it is damaged; `origin` names the file.
        """
        encoding, spelling = values["encoding"], values["spelling"]
        if encoding.get("as") == "number":
            code = checked_number(shaped(encoding, NumberCode, origin), origin)
        else:
            code = checked_category(shaped(encoding, CategoryCode, origin), origin)
        return cls(
            ColumnRead(values["name"], values["kind"], values["unit"], values["why"]),
            code,
            checked_spelling(shaped(spelling, Spelling, origin), origin) if spelling else None,
            values["missing_as"],
            shaped(values["stored"], Stored, origin),
        )


def in_ticks(column: Column) -> Column:
    """Return dates, times and durations in whole microseconds; all else as it is."""
    if not column.unit.startswith(("days", "seconds")) or column.cells.dtype.kind not in "fiu":
        return column
    known = column.cells if column.missing is None else np.where(column.missing, 0.0, column.cells)
    return replace(column, cells=microseconds(known, column.unit))


def _per_unit(unit: str) -> int:
    return MICROSECONDS if unit.startswith("days") else 1_000_000 if unit.startswith("seconds") else 1


def stored_of(values: Any) -> Stored:  # noqa: ANN401 - a column of a library
    """Return the type of a column of pandas, polars or Arrow."""
    kind: Any = getattr(values, "dtype", getattr(values, "type", ""))
    categories = getattr(kind, "categories", None)
    if str(kind) == "category" and categories is not None:
        return Stored("category", tuple(categories.tolist()), bool(kind.ordered))
    if str(kind).startswith(("Categorical", "Enum", "dictionary")):
        return Stored("category")
    return Stored(str(kind))
