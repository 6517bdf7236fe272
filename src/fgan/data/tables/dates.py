"""Dates, times and durations that are written as text: numbers of days or seconds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

import numpy as np

from fgan.data.tables.table import Column
from fgan.data.tables.values import DAYS, IN_UTC, SECONDS, days_of
from fgan.errors import DataError

ALMOST = 0.9
"""The share of cells of one kind from which on the others are taken for mistakes."""
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII,
)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?", re.ASCII)
_LASTING = re.compile(r"(-?\d+) days?,? ?\+?(?:(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?))?", re.ASCII)
_SLASHED = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}(?: .*)?", re.ASCII)


def dates_in(cells: Sequence[str]) -> tuple[list[float], str] | None:
    """Return numbers and their unit, or None where some cell is no date, time or duration of one form.

    Forms are 2024-01-31, with a time and a zone where there are some, 31.01.2024, 10:30:00, and 1 days 10:30:00.

    >>> dates_in(["1970-01-02", "1970-01-03T12:00:00Z"])
    ([1.0, 2.5], 'days since 1970-01-01 in UTC')
    """
    if not cells:
        return None
    try:
        for form, read, unit in (
            (_ISO, _iso, DAYS),
            (_DOTTED, _dotted, DAYS),
            (_TIME, _time, f"{SECONDS} of the day"),
            (_LASTING, _lasting, SECONDS),
        ):
            if form.fullmatch(cells[0]):
                if not all(map(form.fullmatch, cells)):
                    return None
                return [read(cell) for cell in cells], IN_UTC if form is _ISO and zones_of(cells) == {
                    True
                } else unit
    except (ValueError, OverflowError):  # a 13th month
        return None
    return None


def dated(column: Column, name: str) -> Column:
    """Return a column of words in memory as dates, times or durations, where all of them are; as it is, otherwise.

    Raises:
        DataError: for moments of which some have a time zone and others none.

    >>> dated(Column(np.array(["1970-01-02", "1970-01-03"]), kind="category", why="words"), "t").cells.tolist()
    [1.0, 2.0]
    """
    if column.why != "words" or column.cells.ndim != 1:
        return column
    known = column.cells if column.missing is None else column.cells[~column.missing]
    words = list(map(str.strip, known.tolist()))
    found = dates_in(words)
    if found is None:
        return column
    require_one_zone(words, name)
    days = np.zeros(len(column))
    days[slice(None) if column.missing is None else ~column.missing] = found[0]
    return Column(days, column.missing, found[1], "number", "dates or times", column.written)


def require_one_zone(cells: Sequence[str], name: str) -> None:
    """Raise a DataError where some moments of a column have a time zone and others none."""
    if len(zones_of(cells)) > 1:
        raise DataError(
            f"all dates of a column must have a time zone, or none; {name} has both. Give all of them one, "
            "such as UTC."
        )


def zones_of(cells: Sequence[str]) -> set[bool]:
    """Return whether moments have a time zone; empty of days."""
    return {
        cell.endswith(("Z", "UTC")) or bool(re.search(r"[+-]\d{2}(:?\d{2})?$", cell[16:]))
        for cell in cells
        if len(cell) > 10
    }


def require_plain_dates(cells: Sequence[str], column: str, place: Callable[[], str], mend: str) -> None:
    """Raise a DataError for words that are dates in forms that do not say what is the day and what the month.

    Args:
        cells: the words of a column.
        column: what an error calls it.
        place: says where its first word stands.
        mend: what to do instead of writing them otherwise.
    """
    if len(set(cells)) > 1 and sum(bool(_SLASHED.fullmatch(cell)) for cell in cells) > ALMOST * len(cells):
        raise DataError(
            f'{column} holds dates such as "{cells[0]}" in {place()}, whose day and month are ambiguous or '
            "whose format varies. "
            f"Write them as 2024-01-31, or {mend}."
        )


def _iso(cell: str) -> float:
    text = cell.replace(" UTC", "+00:00").replace("UTC", "+00:00").replace(",", ".")
    if "." in text:  # Python reads 6 digits of a second
        whole, _, rest = text.partition(".")
        digits = re.match(r"\d+", rest)
        assert digits is not None, "the form has digits there"
        text = f"{whole}.{digits[0][:6]}{rest[len(digits[0]) :]}"
    return days_of(dt.datetime.fromisoformat(text.replace(" +", "+").replace(" Z", "Z")))


def _dotted(cell: str) -> float:
    found = _DOTTED.fullmatch(cell)
    assert found is not None, "the form fits"
    day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
    return days_of(dt.datetime(year, month, day, hour, minute, second))


def _time(cell: str) -> float:
    found = _TIME.fullmatch(cell)
    assert found is not None, "the form fits"
    return int(found[1]) * 3600.0 + int(found[2]) * 60 + float(found[3] or 0)


def _lasting(cell: str) -> float:
    found = _LASTING.fullmatch(cell)
    assert found is not None, "the form fits"
    return (
        int(found[1]) * 86400.0 + int(found[2] or 0) * 3600 + int(found[3] or 0) * 60 + float(found[4] or 0)
    )
