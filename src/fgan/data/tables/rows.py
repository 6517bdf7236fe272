"""Rows and columns of a text: the separator that gives a rectangle, the line of names, and what is left out."""

from __future__ import annotations

import csv
import io
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from fgan.data.tables.beginning import beginning, line_end
from fgan.data.tables.formats import number_of, spelled
from fgan.data.tables.missing import is_missing_word
from fgan.data.tables.options import SEPARATORS, TextOptions
from fgan.errors import DataError
from fgan.memory import MEND, current_budget

SAMPLE = 1 << 18
"""Letters of a text by which separators are tried."""
CHUNK, CHUNK_CELLS = 10_000, 1_000_000
"""Rows that are lists at once, and their cells."""
MOST_COLUMNS = 1 << 16
CELL = 16
"""Bytes of the places in two lists that a cell takes, besides its letters."""
FEWER_COLUMNS = f"Save it as .parquet, or leave columns out. {MEND}"
MOST_PREFACE = 20
"""Lines before a table that are taken for its title."""
SHOWN = 3
"""Values of a reading that an error shows."""
Row = list[str]


class Reader(Protocol):
    """What `csv.reader` makes."""

    line_num: int

    def __iter__(self) -> Iterator[Row]:
        """Go through the rows."""
        ...

    def __next__(self) -> Row:
        """Return the next row."""
        ...


@dataclass(frozen=True)
class Rows:
    """The cells of a text, as strings.

    Args:
        columns: a column's cells, by its name.
        lines: by which each row ends in the file.
        separator: between values; "" where there is one column.
        notes: what was left out.
    """

    columns: dict[str, list[str]]
    lines: Sequence[int]
    separator: str
    notes: tuple[str, ...]


def rows_of(text: str, path: Path, options: TextOptions) -> Rows:
    """Return the cells of a text.

    Raises:
        DataError: where no separator gives a rectangle, or two do; for names that are none.
    """
    text, skipped, notes, separator = beginning(text, path, options)
    if not separator:
        separator = _separator(text, path, options)
    _require_room(text, separator, path)
    columns = _regular(text, separator, path) if options.header else None
    if columns:
        return Rows(
            columns,
            range(2 + skipped, 2 + skipped + len(next(iter(columns.values())))),
            separator,
            tuple(notes),
        )
    rows, lines = _parsed(text, path, separator, skipped)
    if not rows or (options.header and len(rows) < 2):
        raise DataError(
            f"{path} must have a header line and lines of values; it has {len(rows)} non-empty "
            f"line{'s' * (len(rows) != 1)}."
        )
    first = _trimmed(rows.pop(0)) if options.header else []
    if options.header:
        lines = lines[1:]
        _require_names(first, path)
    width = len(first) or max(len(row) for row in rows)
    rows, lines, more = _whole_rows(rows, lines, width, path, separator)
    names = first + [""] * (width - len(first)) if options.header else [f"column {k}" for k in range(width)]
    cells = [list(column) for column in zip(*rows, strict=True)]
    del rows
    columns, left_out = _named(names, cells, path)
    return Rows(columns, lines, separator if width > 1 else "", (*notes, *more, *left_out))


def _require_room(text: str, separator: str, path: Path) -> None:
    """Refuse a table of very many columns, and one whose cells do not fit into memory."""
    width = text.count(separator or ",", 0, line_end(text)) + 1 if separator else 1
    if width > MOST_COLUMNS:
        raise DataError(
            f"a table may have at most {MOST_COLUMNS:,} columns; {path} has {width:,}. Save it with rows and columns "
            "exchanged, or as an array (.npy)."
        )
    cells = text.count("\n") + 1 + (text.count(separator) if separator else 0)
    current_budget().require(len(text) + CELL * cells, f"Reading {path} ({cells:,} cells)", FEWER_COLUMNS)


def _reader(text: str, separator: str, *, strict: bool = True) -> Reader:
    # Encoded, a text takes a byte a letter; io.StringIO would take four.
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="")
    if separator == " ":
        return csv.reader((" ".join(line.split()) for line in lines), delimiter=" ", strict=strict)
    return csv.reader(lines, delimiter=separator or "\x1f", strict=strict)


def _separator(text: str, path: Path, options: TextOptions) -> str:
    """Return the only sign that cuts all lines into equally many values; "" where there is one column."""
    whole = len(text) <= SAMPLE
    head = text if whole else text[: text.rfind("\n", 0, SAMPLE) + 1 or SAMPLE]
    found: dict[str, list[Row]] = {}
    widest: tuple[int, str] = (1, "")
    for sign in (",", ";", "\t", "|"):
        try:
            rows = [
                row for row in _reader(head, sign, strict=whole) if row and any(cell.strip() for cell in row)
            ]
        except csv.Error:  # such as a quote that is not closed, which parsing by this sign then tells
            widest = max(widest, (len(head[: line_end(head)].split(sign)), sign))
            continue
        if not rows:
            continue
        widest = max(widest, (len(_trimmed(rows[0])), sign))
        rows = rows if whole else rows[:-1]
        if _rectangle(rows, options.header):
            found[sign] = rows
    if len(found) > 1:
        raise DataError(_undecided(path, found))
    if found:
        return next(iter(found))
    if widest[0] > 1:  # names are several, so that some line must differ: what is parsed by it says which
        return widest[1]
    _require_one_column(head, path, whole)
    return ""


def _rectangle(rows: list[Row], header: bool) -> bool:
    """Whether rows have one length, 2 or more; a separator at the end of lines makes no column."""
    if len(rows) < 2:
        return bool(rows) and len(_trimmed(rows[0])) > 1
    width = len(_trimmed(rows[0])) if header else max(len(row) for row in rows)
    return width > 1 and all(len(row) == width or _only_longer(row, width) for row in rows)


def _trimmed(row: Row) -> Row:
    """Return a row without empty values at its end."""
    row = [cell.strip() for cell in row]
    while row and not row[-1]:
        row.pop()
    return row


def _only_longer(row: Row, width: int) -> bool:
    return len(row) > width and not any(cell.strip() for cell in row[width:])


def _undecided(path: Path, found: dict[str, list[Row]]) -> str:
    readings = []
    for sign, rows in found.items():
        shown = " | ".join(rows[min(1, len(rows) - 1)][:SHOWN])
        readings.append(f"{SEPARATORS[sign]}: {len(rows[0])} columns, such as {shown}")
    return (
        f"the separator of {path} is ambiguous: {'; or '.join(readings)}. Pass "
        f"--separator {' or '.join(SEPARATORS[sign] for sign in found)}."
    )


def _require_one_column(head: str, path: Path, whole: bool) -> None:
    """Raise a DataError where a single name stands above lines that are several values."""
    lines = [line for line in head.splitlines() if line.strip()]
    lines = lines if whole else lines[:-1]
    _require_no_preface(lines, path)
    _require_no_spaces(lines, path)
    lines = lines[1:]
    for sign in (";", "\t", "|", ",", " "):
        counts = {len(line.strip().split(sign)) for line in lines}
        if len(counts) != 1 or counts == {1}:
            continue
        values = [one.strip() for line in lines for one in line.strip().split(sign)]
        numbers = sum(number_of(value, mark) is not None for value in values for mark in ".,")
        alone = all(
            number_of(spelled(line.strip()), ",") or number_of(spelled(line.strip()), ".") for line in lines
        )
        if alone or (sign in ", " and numbers < len(values)) or any('"' in line for line in lines):
            continue
        raise DataError(
            f"every line of {path} must have as many values as the header: the header has 1, the others "
            f"{max(counts)} separated by {SEPARATORS[sign]}. Name each column, or pass --separator."
        )


def _require_no_spaces(lines: list[str], path: Path) -> None:
    """Raise a DataError where spaces part all lines into equally many values, of which some column is numbers."""
    rows = [line.split() for line in lines]
    if len(set(map(len, rows))) != 1 or len(rows) < 3 or '"' in "".join(lines):
        return
    if all(_numbers_in([line.strip()]) for line in lines[1:]):  # spaces between thousands
        return
    if any(len(_numbers_in(list(column))) == len(column) for column in zip(*rows[1:], strict=True)):
        raise DataError(
            f"every line of {path} has {len(rows[0])} values separated by spaces, and there is no other "
            "separator. If "
            "they are columns, pass --separator space."
        )


def _require_no_preface(lines: list[str], path: Path) -> None:
    """Raise a DataError where a few lines of one value, such as a title, stand before lines that are several."""
    for sign in (";", "\t", "|", ","):
        widths = [len(line.strip().split(sign)) for line in lines]
        first = next((place for place, width in enumerate(widths) if width > 1), 0)
        table = widths[first:]
        if not 0 < first <= MOST_PREFACE or len(table) < 2 or len(set(table)) > 1:
            continue
        values = [one.strip() for line in lines[first + 1 :] for one in line.strip().split(sign)]
        if sum(any(number_of(value, mark) for mark in ".,") for value in values) * 4 < len(values):
            continue
        raise DataError(
            f'the first line of {path} must be the header; it is "{lines[0].strip()[:40]}", while the table '
            f"with {table[0]} "
            f'columns seems to begin at "{lines[first].strip()[:40]}". Remove the lines before the header, or '
            "start them "
            "with #."
        )


def _regular(text: str, separator: str, path: Path) -> dict[str, list[str]] | None:
    """Return the columns of a text whose lines are all alike, fast and with few rows in memory; None of any other."""
    reader = _reader(text, separator)
    try:
        names = [name.strip() for name in next(reader, [])]
        if len(names) < 2 or not all(names) or len(set(names)) < len(names) or _numbers_in(names):
            return None
        cells: list[list[str]] = [[] for _ in names]
        width, empty = {len(names)}, [""] * len(names)
        budget = current_budget()
        rows = max(min(CHUNK, CHUNK_CELLS // len(names)), 1)
        while chunk := list(islice(reader, rows)):
            budget.require(0, lambda: f"Reading {path}", FEWER_COLUMNS)
            if set(map(len, chunk)) != width or empty in chunk:
                return None
            for column, more in zip(cells, zip(*chunk, strict=True), strict=True):
                column.extend(more)
    except csv.Error:
        return None
    whole = cells[0] and reader.line_num == len(cells[0]) + 1
    return dict(zip(names, cells, strict=True)) if whole else None


def _parsed(text: str, path: Path, separator: str, skipped: int) -> tuple[list[Row], Sequence[int]]:
    """Return rows that are not empty and the lines by which they end; of one column, empty ones between others stay."""
    reader = _reader(text, separator)
    try:
        rows: list[Row] = []
        while chunk := list(islice(reader, CHUNK)):
            current_budget().require(0, f"Reading {path}", FEWER_COLUMNS)
            rows += chunk
    except csv.Error as error:
        raise DataError(
            f"cannot read {path} near line {reader.line_num + skipped} ({error}). Check its quotes, or save "
            "it as CSV again."
        ) from error
    while rows and rows[-1] in ([], [""]):
        rows.pop()
    if all(rows) and reader.line_num == len(rows):
        return rows, range(1 + skipped, 1 + skipped + len(rows))
    alone = separator in ("", " ")
    kept: list[Row] = []
    lines = array("l")
    reader = _reader(text, separator)
    for row, _ in zip(reader, range(len(rows)), strict=False):
        if row or (alone and kept):
            kept.append(row or [""])
            lines.append(reader.line_num + skipped)
    return kept, lines


def _whole_rows(
    rows: list[Row], lines: Sequence[int], width: int, path: Path, separator: str
) -> tuple[list[Row], Sequence[int], list[str]]:
    """Return rows of one length, without those of separators only and without values that all lack at the end."""
    notes: list[str] = []
    if set(map(len, rows)) - {width}:
        notes.append("an empty value at the end of lines left out")
        for row, line in zip(rows, lines, strict=True):
            _cut(row, line, width, path, separator)
    empty = [""] * width
    if width > 1 and empty in rows:
        kept = [number for number, row in enumerate(rows) if row != empty]
        notes.append(f"{len(rows) - len(kept)} lines without a value left out")
        rows, lines = [rows[number] for number in kept], array("l", [lines[number] for number in kept])
    if not rows:
        raise DataError(f"{path} must have a header line and lines of values; its lines have no values.")
    return rows, lines, notes


def _cut(row: Row, line: int, width: int, path: Path, separator: str) -> None:
    """Cut a row that is only longer by empty values."""
    if len(row) != width and not _only_longer(row, width):
        between = f", separated by {SEPARATORS[separator]}" if separator else ""
        raise DataError(
            f"every line of {path} must have {width} values; line {line} has {len(row)}{between}. Repair it, "
            "or pass "
            "another --separator."
        )
    del row[width:]


def _numbers_in(names: Row) -> Row:
    return [name for name in names if number_of(spelled(name), ".") or number_of(spelled(name), ",")]


def _require_names(names: Row, path: Path) -> None:
    if not names:
        raise DataError(f"the first line of {path} must name the columns; it has no names.")
    numbers = _numbers_in(names)
    if len(numbers) == len([name for name in names if name and not is_missing_word(name)]) and numbers:
        raise DataError(
            f"the first line of {path} must name the columns; it holds numbers ({', '.join(names[:SHOWN])}). "
            "Add a "
            "header line, or pass --no-header (header=False)."
        )
    twice = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if twice is not None:
        raise DataError(
            f'column names must be unique; {path} has "{twice}" more than once. Got {", ".join(names)}.'
        )


def _named(names: Row, cells: list[list[str]], path: Path) -> tuple[dict[str, list[str]], list[str]]:
    """Return columns by name, less one without a name that counts the rows."""
    columns: dict[str, list[str]] = {}
    for place, (name, column) in enumerate(zip(names, cells, strict=True)):
        if name:
            columns[name] = column
            continue
        counts = [list(map(str, range(first, first + len(column)))) for first in (0, 1)]
        if place or list(map(str.strip, column)) not in counts:
            raise DataError(f"every column of {path} must have a name; column {place + 1} has none. Name it.")
    left_out = (
        [] if len(columns) == len(names) else ["a first column without a name, which counts rows, left out"]
    )
    if not columns:
        raise DataError(f"{path} has no named column. Name its columns.")
    return columns, left_out
