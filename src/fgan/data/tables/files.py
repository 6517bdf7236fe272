"""Tables of named columns from files: .csv and .tsv, and .parquet where a reader of it is installed."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.errors import DataError

Column = NDArray[Any]
DELIMITERS = {".csv": ",", ".tsv": "\t"}
TABLES = (*DELIMITERS, ".parquet")
"""The endings of names that are read as tables."""


@dataclass(frozen=True)
class _Table:
    """Cells by column, and what an error calls their rows.

    Args:
        columns: a column's cells, by its name.
        kind: of a row: "line", by where it ends in the file (an empty one holds no row), or "row".
        numbers: one for each row.
    """

    columns: dict[str, list[str]]
    kind: str
    numbers: Sequence[int]


def is_table(name: str | Path) -> bool:
    """Whether a name is that of a table.

    >>> is_table("trips.csv"), is_table("mnist")
    (True, False)
    """
    return Path(name).suffix.lower() in TABLES


def read_table(path: str | Path, columns: tuple[str, ...] = ()) -> dict[str, Column]:
    """Return the columns of a table by name: whole numbers, real numbers, or words where a cell is neither.

    Args:
        path: the file; the first line of a .csv or .tsv names its columns.
        columns: the ones that are wanted, in this order; all of them unless told.

    Raises:
        DataError: where it cannot be read, lacks a column, is ragged, or has an empty cell in a wanted column.
    """
    path = Path(path)
    table = _parquet(path) if path.suffix.lower() == ".parquet" else _delimited(path)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise DataError(
            f'{path} has no column "{missing[0]}"; it has {", ".join(table.columns) or "none"}. Name some of these.'
        )
    return {name: _typed(table, name, path) for name in columns or table.columns}


def _delimited(path: Path) -> _Table:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, delimiter=DELIMITERS[path.suffix.lower()])
            rows = [(row, reader.line_num) for row in reader if row]
    except FileNotFoundError:
        raise DataError(f"there is no file {path}.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read {path} ({error}). Save it as comma-separated text in UTF-8.") from error
    if len(rows) < 2:
        raise DataError(
            f"{path} must have a line of names and lines of values; it has {len(rows)} that are not empty."
        )
    (names, _), *rows = rows
    if len(set(names)) < len(names):
        raise DataError(f"every column of {path} must have a name of its own; got {', '.join(names)}.")
    for row, line in rows:
        if len(row) != len(names):
            raise DataError(
                f"every line of {path} must have {len(names)} values; line {line} has {len(row)}."
            )
    cells = {name: [row[k].strip() for row, _ in rows] for k, name in enumerate(names)}
    return _Table(cells, "line", [line for _, line in rows])


def _parquet(path: Path) -> _Table:
    try:
        import pyarrow.parquet as parquet  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise DataError(
            f'reading {path} needs pyarrow, which is not installed. Do: pip install "fgan[parquet]", or save it '
            "as .csv."
        ) from None
    if not path.is_file():
        raise DataError(f"there is no file {path}.")
    try:
        table = parquet.read_table(path)
        columns = table.to_pydict()
    except Exception as error:  # pyarrow's errors have no common class
        raise DataError(f"{path} is no parquet file that can be read ({error}).") from error
    cells = {
        str(name): ["" if cell is None else str(cell) for cell in column] for name, column in columns.items()
    }
    return _Table(cells, "row", range(1, table.num_rows + 1))


def _typed(table: _Table, name: str, path: Path) -> Column:
    cells, kind = table.columns[name], table.kind
    empty = next((number for number, cell in zip(table.numbers, cells, strict=True) if cell == ""), None)
    if empty:
        raise DataError(
            f'column "{name}" of {path} is empty in {kind} {empty}. Fill it, remove such {kind}s, or name other '
            "columns by --columns."
        )
    for kind in (np.int64, np.float64):
        try:
            return np.array([kind(cell) for cell in cells])
        except (ValueError, OverflowError):
            continue
    return np.array(cells)
