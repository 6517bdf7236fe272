"""Dates, times and durations that are written as text: numbers of days or seconds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from fgan.data.tables.values import DAYS, SECONDS, days_of

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
    ([1.0, 2.5], 'days since 1970-01-01')
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
                return [read(cell) for cell in cells], unit
    except (ValueError, OverflowError):  # a 13th month
        return None
    return None


def zones_in(cells: Sequence[str]) -> bool:
    """Whether some moments have a time zone and others none."""
    zones = {
        cell.endswith(("Z", "UTC")) or bool(re.search(r"[+-]\d{2}(:?\d{2})?$", cell[16:]))
        for cell in cells
        if len(cell) > 10
    }
    return len(zones) > 1


def looks_like_a_date(cell: str) -> bool:
    """Whether a cell is a date in a form that does not say what is the day and what the month."""
    return bool(_SLASHED.fullmatch(cell))


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
