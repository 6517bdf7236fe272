"""Tables from files: text as offices write it, and Parquet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fgan.data.tables.cells import Strings, decimal_of, signs_shown, typed
from fgan.data.tables.content import decoded, is_parquet, read_bytes
from fgan.data.tables.formats import NAMES
from fgan.data.tables.missing import checked_policy
from fgan.data.tables.options import GROUPINGS, SEPARATORS, TextOptions
from fgan.data.tables.parquet import read_parquet
from fgan.data.tables.rows import Rows, rows_of
from fgan.data.tables.table import Column, Table
from fgan.errors import DataError, did_you_mean
from fgan.memory import memory_limit
from fgan.output import Say

FOUND_OUT = TextOptions()
LARGE = 32 * 2**20
"""Bytes of a file that takes seconds."""


@dataclass(frozen=True)
class _Text:
    path: Path
    rows: Rows
    spelling: str


def read_table(
    path: str | Path,
    columns: Sequence[str] = (),
    *,
    separator: str = "",
    decimal: str = "",
    thousands: str = "",
    encoding: str = "",
    header: bool = True,
    kinds: Mapping[str, str] | None = None,
    missing: str = "refuse",
) -> Table:
    """Read a CSV or Parquet table as a mapping from column names to cells.

    A cell is a whole number, a real number, a date (in days) or a string. The separator, the number format and the
    encoding are detected; `how` describes them in one line. An ambiguous file is refused.

    Args:
        path: the file, optionally compressed by gzip, bzip2 or xz. Its first line names the columns.
        columns: columns to read, in this order (default: all).
        separator: separator of values: "," ";" "|" " " or a tab (default: detected).
        decimal: decimal sign, "." or "," (default: detected).
        thousands: thousands separator (default: detected).
        encoding: encoding, such as "cp1252" (default: detected).
        header: whether the first line names the columns.
        kinds: "number" or "category" by column name, if detection would be wrong.
        missing: "refuse" a column with missing values, or "drop" rows with missing values.

    Returns:
        A `Table`: a mapping from column names to arrays.

    Raises:
        DataError: if the file cannot be read or is ambiguous; for a missing column, a missing value, or a word in a
            column of numbers.
    """
    checked_policy(missing)
    options = TextOptions(separator, decimal, thousands, encoding, header)
    (table,) = read_tables([path], [columns], options, kinds)
    return table.without_missing() if missing == "drop" else table.complete()


@memory_limit()
def read_tables(
    paths: Sequence[str | Path],
    columns: Sequence[Sequence[str]],
    options: TextOptions = FOUND_OUT,
    kinds: Mapping[str, str] | None = None,
    say: Say | None = None,
    drop: Sequence[str] = (),
) -> list[Table]:
    """Return tables, with the cells that they lack.

    Args:
        paths: of the files.
        columns: the ones that are wanted of each; all where there are none.
        options: what a user says of text.
        kinds: "number" or "category" by the name of a column.
        say: function that receives a remark if a file takes seconds.
        drop: columns that are left out, and not looked at.

    Raises:
        DataError: see `read_table`.
    """
    for path in map(Path, paths):
        if say and path.is_file() and path.stat().st_size > LARGE:
            say(f"reading {path}, {path.stat().st_size / 2**20:,.0f} MiB")
    read = [_opened(Path(path).expanduser(), options) for path in paths]
    strings: list[dict[str, Strings] | None] = []
    columns = [_without(drop, wanted, one) for one, wanted in zip(read, columns, strict=True)]
    for one, wanted in zip(read, columns, strict=True):
        _require_columns(wanted, one.columns if isinstance(one, Table) else one.rows.columns, one)
        strings.append(None if isinstance(one, Table) else _strings(one, wanted, options))
    kinds = kinds or {}
    signs = _decimals(
        [column for one in strings for name, column in (one or {}).items() if kinds.get(name) != "category"]
    )
    found = []
    for one, text, wanted in zip(read, strings, columns, strict=True):
        if isinstance(one, Table) or text is None:
            assert isinstance(one, Table)
            found.append(one.select(wanted or list(one)))
            continue
        sign = signs.get(one.rows.separator, "")
        chosen = {name: typed(column, sign, kinds.get(name, "")) for name, column in text.items()}
        how = _how(one, text, chosen, options, sign)
        lines, separator = one.rows.lines, one.rows.separator
        found.append(Table(chosen, str(one.path), how, "line", lines, separator=separator))
    return found


def _decimals(columns: Sequence[Strings]) -> dict[str, str]:
    """Return the decimal sign by separator: files with another separator may have another sign if all show theirs."""
    groups: dict[str, list[Strings]] = {}
    for column in columns:
        groups.setdefault(column.rows.separator, []).append(column)
    if all(len(signs_shown(group)) == 1 for group in groups.values()):
        return {separator: decimal_of(group) for separator, group in groups.items()}
    return dict.fromkeys(groups, decimal_of(columns))


def _opened(path: Path, options: TextOptions) -> Table | _Text:
    if is_parquet(path):
        return read_parquet(path)
    content, packed = read_bytes(path)
    text, encoding = decoded(content, path, options.encoding)
    del content
    spelling = [packed] if packed else []
    spelling += [encoding] if encoding != "utf-8" else []
    return _Text(path, rows_of(text, path, options), ", ".join(spelling))


def _strings(text: _Text, wanted: Sequence[str], options: TextOptions) -> dict[str, Strings]:
    columns = text.rows.columns
    return {
        name: Strings(name, str(text.path), list(map(str.strip, columns[name])), text.rows, options)
        for name in wanted or columns
    }


def _without(drop: Sequence[str], wanted: Sequence[str], one: Table | _Text) -> Sequence[str]:
    """Return the columns that are wanted less those that are not; all other ones where none is named."""
    if not drop:
        return wanted
    names = one.columns if isinstance(one, Table) else one.rows.columns
    _require_columns(drop, names, one)
    kept = [name for name in wanted or names if name not in drop]
    if not kept:
        raise DataError(f"--drop leaves no column of {', '.join(names)}. Drop fewer.")
    return kept


def _require_columns(wanted: Sequence[str], names: Mapping[str, object], one: Table | _Text) -> None:
    missing = [name for name in wanted if name not in names]
    if missing:
        path = one.name if isinstance(one, Table) else one.path
        raise DataError(
            f'{path} has no column "{missing[0]}"; it has {", ".join(names) or "none"}.'
            f"{did_you_mean(missing[0], names)}"
        )


def _how(
    text: _Text,
    strings: Mapping[str, Strings],
    columns: Mapping[str, Column],
    options: TextOptions,
    sign: str,
) -> str:
    """Say in a line what was understood of a file of text."""
    rows, decimal = text.rows, options.decimal or sign
    parts = [text.spelling, f"{SEPARATORS[rows.separator]} between values" if rows.separator else ""]
    parts.append(f"decimal {NAMES[decimal]}" if decimal else "")
    numbers = [name for name, one in columns.items() if one.cells.dtype.kind in "fi" and not one.unit]
    grouped = {
        by
        for name in numbers
        for sign, (_, by) in strings[name].readings.items()
        if sign == (decimal or sign)
    }
    parts += [f"{GROUPINGS[by]} between thousands" for by in sorted(grouped) if by]
    parts += ["" if options.header else "no line of names", *rows.notes, f"{len(rows.lines):,} rows"]
    count = Counter(_sort(one) for one in columns.values())
    sorts = ", ".join(f"{number} of {sort}" for sort, number in sorted(count.items()))
    columns_read = f"{len(columns)} column{'s' if len(columns) > 1 else ''} ({sorts})"
    return f"read {text.path}: {', '.join([*filter(None, parts), columns_read])}"


def _sort(column: Column) -> str:
    if column.unit:
        return "dates or times"
    return "words" if column.cells.dtype.kind == "U" else "numbers"
