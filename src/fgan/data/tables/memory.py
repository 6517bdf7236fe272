"""Tables in memory: of pandas, polars or Arrow, or mappings from names to columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from fgan.data.tables.dates import dated
from fgan.data.tables.table import Column, Table
from fgan.data.tables.values import column_of
from fgan.errors import DataError


def _column(values: Any, name: str) -> Column:  # noqa: ANN401 - whatever a library calls a column
    return dated(column_of(values, name), name)


def table_in(
    table: Any,  # noqa: ANN401 - of a library that need not be there
    name: str,
    column: Callable[[Any, str], Column] = _column,
) -> Table:
    """Return a table in memory as columns by name.

    Args:
        table: of pandas, polars or Arrow, or a mapping.
        name: what errors call it.
        column: makes a `Column` of one of its columns.

    Raises:
        DataError: for names that are not names, and columns of different lengths.
    """
    found: Any = table.keys() if hasattr(table, "keys") else getattr(table, "column_names", None)
    keys = list(getattr(table, "columns", ()) if found is None else found)
    names = tuple(map(str, keys))
    if not names:
        raise DataError(f"a table must have at least one column; {name} has none.")
    if any(isinstance(key, tuple) for key in keys):
        raise DataError(
            f"column names must be single strings; those of {name} have several levels. Join them."
        )
    twice = next((one for one, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise DataError(f'column names must be unique; {name} has "{twice}" more than once.')
    columns = {one: column(table[key], f"{name}, column {key}") for one, key in zip(names, keys, strict=True)}
    rows = len(columns[names[0]])
    for one, found in columns.items():
        if found.cells.ndim != 1:
            raise DataError(
                f'a column must have one value per row; "{one}" of {name} has the shape {found.cells.shape}. '
                "Split it into "
                "single columns."
            )
        if len(found) != rows:
            raise DataError(
                f'all columns must have the same length; in {name} "{names[0]}" has {rows} rows and "{one}" '
                f"has {len(found)}."
            )
    return Table(columns, name, numbers=range(rows))
