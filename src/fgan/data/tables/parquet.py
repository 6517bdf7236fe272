"""Tables from Parquet, read column by column in the memory that there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fgan.data.tables.rows import MOST_COLUMNS
from fgan.data.tables.table import Column, Table
from fgan.data.tables.values import column_of, no_such
from fgan.errors import DataError, FganError
from fgan.memory import MEND, current_budget

BATCH = 1 << 14
"""Rows that are decoded at a time."""
MOST_LISTED = 1 << 16
"""Entries of any list in the file's description, such as the row groups."""
ROW, ROW_WITH_GAPS = 16, 128
"""Bytes a cell takes: twice as a number; as an object of Python where some are missing."""
UNPACKED = 4
"""Bytes for each that a part of a column of words unpacks to: its page, and what the dictionary is built in."""
DESCRIBED = 10
"""Bytes of memory for each of the file's description."""


def read_parquet(path: Path) -> Table:
    """Return the table in a Parquet file.

    Raises:
        DataError: if it cannot be read, is empty, or pyarrow is not installed.
        MemoryLimitError: if it does not fit into memory.
    """
    try:
        import pyarrow.parquet as parquet  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise DataError(
            f'reading {path} needs pyarrow, which is not installed. Run: pip install "fgan[parquet]", or save '
            "it as .csv."
        ) from None
    try:
        _require_description(path)
        with parquet.ParquetFile(path, thrift_container_size_limit=MOST_LISTED) as file:
            names, rows = _checked_names(file.schema_arrow, path), file.metadata.num_rows
            words = [field.name for field in file.schema_arrow if str(field.type) in WORDS]
        # Words as a dictionary: a short file can repeat a long word very often.
        with parquet.ParquetFile(
            path, thrift_container_size_limit=MOST_LISTED, read_dictionary=words
        ) as file:
            columns = {name: _column(file, name, path, name in words) for name in names}
    except (FganError, MemoryError):
        raise
    except Exception as error:  # pyarrow's errors have no common class
        raise DataError(f"cannot read {path} as Parquet ({error}). Save it again.") from error
    if rows == 0 or not columns:
        raise DataError(f"{path} is empty: it has {len(columns)} columns and {rows} rows.")
    return Table(columns, str(path), f"read {path}: Parquet, {rows:,} rows, {len(columns)} columns")


WORDS = ("string", "large_string", "string_view")


def _require_description(path: Path) -> None:
    """Refuse a file whose description, at its end, does not fit into memory."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - 8, 0))
        announced = int.from_bytes(file.read(4), "little")
    current_budget().require(DESCRIBED * min(announced, size), f"The description of {path}")


def _checked_names(schema: Any, path: Path) -> list[str]:  # noqa: ANN401 - of pyarrow
    names = list(schema.names)
    if len(names) > MOST_COLUMNS:
        raise DataError(f"a table may have at most {MOST_COLUMNS:,} columns; {path} has {len(names):,}.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f'column names must be unique; {path} has "{twice}" more than once.')
    for field in schema:
        if field.type.num_fields:
            raise no_such(f'{path}, column "{field.name}"', str(field.type))
    return names


def _column(file: Any, name: str, path: Path, words: bool) -> Column:  # noqa: ANN401 - of pyarrow
    """Return one column."""
    import pyarrow  # pyright: ignore[reportMissingImports]

    budget, where = current_budget(), f'{path}, column "{name}"'
    letters = UNPACKED * _largest_part(file) if words else 0
    budget.require(max(ROW * file.metadata.num_rows, letters), where, MEND)
    parts = []
    for part in _batches(file, name):
        budget.require(0, where)
        parts.append(part)
    if not words:
        values = pyarrow.chunked_array(parts, file.schema_arrow.field(name).type).combine_chunks()
        if values.null_count:
            budget.require(ROW_WITH_GAPS * len(values), where)
        return column_of(values, where)
    cells: list[str | None] = []
    for part in parts:
        known, places = part.dictionary.to_pylist(), part.indices.to_pylist()
        letters = sum(len(known[place] or "") for place in places if place is not None)
        budget.require(ROW * len(part) + letters, where, MEND)  # each word is written out later
        cells += [None if place is None else known[place] for place in places]
    return column_of(cells, where)


def _largest_part(file: Any) -> int:  # noqa: ANN401 - of pyarrow
    """Return the most bytes that a row group has, as the file declares; of a single column pyarrow may not be asked.

    It ends the whole process where the description of a column is damaged (pyarrow 26).
    """
    groups = range(file.metadata.num_row_groups)
    return max((file.metadata.row_group(k).total_byte_size for k in groups), default=0)


def _batches(file: Any, name: str) -> Iterator[Any]:  # noqa: ANN401 - of pyarrow
    for batch in file.iter_batches(batch_size=BATCH, columns=[name], use_threads=False):
        yield batch.column(0)
