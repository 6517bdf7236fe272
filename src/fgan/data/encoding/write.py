"""Rows of a table as a file of text, as Parquet, or as a DataFrame of pandas."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fgan.data.encoding.column import ColumnCode
from fgan.data.encoding.table import TableEncoding
from fgan.data.tables import Column, Table
from fgan.data.tables.spelling import microseconds
from fgan.data.tables.values import IN_UTC
from fgan.errors import DataError
from fgan.files import save_file

if TYPE_CHECKING:
    from pandas import DataFrame

TEXT, PARQUET = (".csv", ".tsv"), (".parquet", ".pq")
SUFFIXES = (*TEXT, *PARQUET)
"""Endings of names of files that tables are written to."""


def save_table(table: Table, path: Path, encoding: TableEncoding) -> None:
    """Write rows as a file of text, spelled as the one that was read, or as Parquet.

    Args:
        table: what `TableEncoding.decode` made.
        path: ends in one of `SUFFIXES`.
        encoding: that made it.

    Raises:
        DataError: where it cannot be written, or pandas or pyarrow are missing.
    """
    if path.suffix.lower() in PARQUET:
        save_file(path, _parquet(table, encoding), "A table")
        return
    save_file(path, text_of(table, path, encoding).encode(), "A table")


def text_of(table: Table, path: Path, encoding: TableEncoding) -> str:
    """Return rows as lines of text."""
    separator = "\t" if path.suffix.lower() == ".tsv" else encoding.separator or ","
    memory = io.StringIO()
    writer = csv.writer(memory, delimiter=separator, lineterminator="\n")
    if encoding.header:
        writer.writerow(table)
    columns = [_texts(table.columns[one.read.name], one) for one in encoding.columns]
    writer.writerows(zip(*columns, strict=True))
    return memory.getvalue()


def _texts(column: Column, code: ColumnCode) -> list[str]:
    gone = np.zeros(len(column), dtype=bool) if column.missing is None else column.missing
    cells = column.cells
    if code.spelling and cells.dtype.kind != "U":
        texts = code.spelling.write(cells, column.unit) if not column.unit or code.spelling.template else [
            _moment(one, column.unit, code) for one in cells
        ]  # fmt: skip
    else:
        texts = [str(one) for one in cells.tolist()]
    # What a library calls a missing cell, a file leaves empty.
    written = column.written if not code.stored.dtype else ""
    return [written if lost else text for text, lost in zip(texts, gone.tolist(), strict=True)]


def _moment(value: float, unit: str, code: ColumnCode) -> str:
    """Return a date of a library as ISO 8601, and a duration as its seconds."""
    if not unit.startswith("days"):
        return repr(float(value))
    text = str(np.datetime64(round(value * 86_400e6), "us")).removesuffix(".000000").removesuffix("T00:00:00")
    return text + "Z" if unit == IN_UTC else text


def frame_of(table: Table, encoding: TableEncoding) -> DataFrame:
    """Return rows as a DataFrame of pandas, of the types that the data had.

    Dates of files are of pandas' type datetime64, whole numbers with missing cells Int64.
    """
    import pandas

    made: dict[str, Any] = {}
    for one in encoding.columns:
        made[one.read.name] = _series(table.columns[one.read.name], one)
    frame = pandas.DataFrame(made)
    numbers = [one.stored.number for one in encoding.columns]
    if any(one is not None for one in numbers):
        frame.columns = [name if one is None else one for name, one in zip(made, numbers, strict=True)]
    return frame


def _series(column: Column, code: ColumnCode) -> Any:  # noqa: ANN401 - pandas is optional
    import pandas

    cells, gone, stored = column.cells, column.missing, code.stored
    if stored.categories is not None:
        names = {str(one): one for one in stored.categories}
        values = [names.get(str(one)) for one in cells.tolist()]
        known = _without(values, gone)
        return pandas.Categorical(known, categories=list(stored.categories), ordered=stored.ordered)
    if column.unit.startswith("days"):
        return _datetimes(cells, gone, column.unit, stored.dtype)
    if column.unit:
        if code.spelling and code.spelling.template:
            return pandas.Series(_without(code.spelling.write(cells, column.unit), gone), dtype=object)
        values = microseconds(cells, column.unit).astype("timedelta64[us]")
        values[gone if gone is not None else []] = np.timedelta64("NaT")
        return pandas.Series(values)
    if cells.dtype.kind in "Ub":
        whole = gone is None and cells.dtype.kind == "b"
        series = pandas.Series(_without(cells.tolist(), gone), dtype=bool if whole else object)
    else:
        series = pandas.Series(cells)
        if gone is not None:
            series = series.astype("Int64").mask(gone) if cells.dtype.kind in "iu" else series.mask(gone)
    return _cast(series, stored.dtype)


def _cast(series: Any, dtype: str) -> Any:  # noqa: ANN401
    """Return a column in its own type, where that holds it."""
    if not dtype or str(series.dtype) == dtype:
        return series
    try:
        return series.astype(dtype)
    except (TypeError, ValueError):
        return series


def _datetimes(cells: NDArray[Any], gone: NDArray[np.bool_] | None, unit: str, dtype: str) -> Any:  # noqa: ANN401
    import pandas

    values = microseconds(cells, unit).astype("datetime64[us]")
    if gone is not None:
        values[gone] = np.datetime64("NaT")
    series = pandas.Series(values)
    series = series.dt.tz_localize("UTC") if unit == IN_UTC else series
    if dtype.startswith("datetime64") and "," in dtype:
        series = series.dt.tz_convert(dtype.partition(",")[2].strip(" ]"))
    if dtype.startswith("period["):
        return series.dt.to_period(dtype[len("period[") : -1])
    return _cast(series, dtype) if dtype.startswith("datetime64") else series


def _without(values: list[Any], gone: NDArray[np.bool_] | None) -> list[Any]:
    if gone is None:
        return values
    return [None if lost else one for one, lost in zip(values, gone.tolist(), strict=True)]


def _parquet(table: Table, encoding: TableEncoding) -> bytes:
    try:
        import pandas  # noqa: F401  # pyright: ignore[reportUnusedImport]
        import pyarrow  # noqa: F401  # pyright: ignore[reportUnusedImport, reportMissingImports]
    except ImportError as error:
        raise DataError(
            f'writing Parquet needs {error.name}, which is not installed. Run: pip install "fgan[parquet]" '
            "pandas, "
            "or write .csv."
        ) from None
    memory = io.BytesIO()
    frame_of(table, encoding).rename(columns=str).to_parquet(memory, index=False)
    return memory.getvalue()
