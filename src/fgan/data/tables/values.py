"""A column from whatever holds it: numpy, pandas, polars, Arrow, or objects of Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from fgan.data.tables.missing import is_missing
from fgan.data.tables.table import Cells, Column
from fgan.errors import DataError
from fgan.memory import MEND, current_budget

DAYS = "days since 1970-01-01"
IN_UTC = f"{DAYS} in UTC"
"""Of moments with a time zone; those without one are of an unknown one."""
SECONDS = "seconds"
EPOCH = dt.datetime(1970, 1, 1)
DAY = 86400.0
LETTER = 4
"""Bytes of a letter in an array of words."""
Values = Any
"""What a library calls a column."""


def column_of(values: Values, name: str) -> Column:
    """Return a column: cells of one type, which are missing, and the unit of dates and durations.

    Args:
        values: an array, a masked array, a list, or a column of pandas, polars or Arrow.
        name: what errors call it.

    Raises:
        DataError: for cells that are no numbers, words, truth values, dates, times or durations.
    """
    if isinstance(values, Column):
        return values
    array = _from_library(values)
    if isinstance(array, Column):
        return array
    masked = np.ma.getmaskarray(array) if isinstance(array, np.ma.MaskedArray) else None
    if isinstance(array, np.ma.MaskedArray):
        array = array.data
    found = _of_array(array if isinstance(array, np.ndarray) else _as_array(array, name), name)
    return found if masked is None else _also_missing(found, masked)


def _also_missing(column: Column, more: Cells) -> Column:
    missing = more if column.missing is None else more | column.missing
    return Column(column.cells, missing if missing.any() else None, column.unit, column.kind, column.why)


def _as_array(values: Values, name: str) -> Cells:
    try:
        if isinstance(values, (list, tuple)) and any(
            not isinstance(one, (bool, int, float)) for one in values
        ):
            flat = all(isinstance(one, str) or not hasattr(one, "__len__") for one in values)
            if flat:  # numpy would turn None beside words, and 1 beside "a", into words of its own
                array = np.empty(len(values), dtype=object)
                array[:] = values
                return array
        return np.asarray(values)
    except ValueError as error:
        raise DataError(f"all rows must have the same length; those of {name} do not ({error}).") from error


def _from_library(values: Values) -> Values:
    """Return what pandas, polars and Arrow hold as an array or a list of objects; a column, if they name its kind."""
    kind = str(getattr(values, "dtype", getattr(values, "type", "")))
    if kind.startswith("timestamp[") and "tz=" in kind:  # Arrow, whose arrays of numpy have no zone
        return replace(_of_times(np.asarray(values).astype("datetime64[us]")), unit=IN_UTC)
    if hasattr(values, "combine_chunks") or hasattr(values, "dictionary_decode"):  # Arrow
        if kind.startswith("dictionary"):
            return _category(values.to_pylist(), "an Arrow dictionary")
        return values.to_pylist() if values.null_count or not _plain(kind) else values.to_numpy()
    if hasattr(values, "is_null") and hasattr(values, "to_list"):  # polars
        if kind.startswith(("Categorical", "Enum")):
            return _category(values.to_list(), kind.split("(")[0])
        return values.to_numpy() if not values.null_count() and _plain(kind) else values.to_list()
    if hasattr(values, "isna") and hasattr(values, "to_numpy"):  # pandas
        if kind == "category":
            return _category(values.astype(object).tolist(), "of pandas' type category")
        if getattr(values.dtype, "tz", None) is not None:
            moments = _of_times(values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
            return replace(moments, unit=IN_UTC)
        if kind.startswith("period"):
            return values.dt.to_timestamp().to_numpy()
        return values.to_numpy() if isinstance(values.dtype, np.dtype) else values.tolist()
    return values


def _plain(kind: str) -> bool:
    """Whether an array of numpy holds such a column of Arrow or polars as it is."""
    return kind.lower().rstrip("0123456789") in (
        "int",
        "uint",
        "float",
        "double",
        "halffloat",
        "bool",
        "boolean",
    )


def _category(values: Sequence[Any], why: str) -> Column:
    missing = np.array([is_missing(one) for one in values], dtype=bool)
    words = as_words(["" if gone else str(one) for one, gone in zip(values, missing, strict=True)])
    return Column(words, missing if missing.any() else None, kind="category", why=why)


def _of_array(array: Cells, name: str) -> Column:
    kind = array.dtype.kind
    if kind in "Mm":
        return _of_times(array)
    if kind == "f":
        gone = np.isnan(array)
        return Column(array, gone if gone.any() else None)
    if kind in "biu":
        return Column(array)
    if kind == "U":
        return of_words(array)
    if kind == "T" or kind == "S":
        return of_words(array.astype(str))
    if kind != "O":
        raise no_such(name, str(array.dtype))
    flat = array.ravel()
    missing = np.fromiter((is_missing(one) for one in flat), dtype=bool, count=len(flat))
    known = flat[~missing]
    column = _of_objects(known, name)
    if not missing.any():
        return Column(column.cells.reshape(array.shape), None, column.unit, column.kind, column.why)
    cells = np.zeros(len(flat), dtype=column.cells.dtype)
    cells[~missing] = column.cells
    first = flat[int(missing.argmax())]
    names = {"float": "NaN", "NAType": "NA", "NaTType": "NaT", "NoneType": "None"}
    written = first if isinstance(first, str) else names.get(type(first).__name__, str(first))
    return Column(
        cells.reshape(array.shape),
        missing.reshape(array.shape),
        column.unit,
        column.kind,
        column.why,
        written,
    )


def of_words(cells: Cells) -> Column:
    """Return a column of words, of which some may stand for a missing value."""
    distinct, place = np.unique(cells, return_inverse=True)
    gone = np.array([is_missing(str(word)) for word in distinct], dtype=bool)[place].reshape(cells.shape)
    written = str(cells.flat[int(gone.argmax())]) if gone.any() else ""
    return Column(cells, gone if gone.any() else None, kind="category", why="words", written=written)


def as_words(cells: Sequence[str], where: str = "a column") -> Cells:
    """Return words as an array, in which each takes as much memory as the longest.

    Raises:
        MemoryLimitError: if that does not fit.
    """
    longest = max(map(len, cells), default=0)
    # Once as they are, once as they are sorted, once as some are chosen.
    current_budget().require(
        3 * LETTER * longest * len(cells),
        lambda: f"{where}, with cells of up to {longest:,} letters in {len(cells):,} rows,",
        f"Leave the column out (--drop), or shorten its longest cells. {MEND}",
    )
    return np.array(cells, dtype=str)


def no_such(name: str, received: str) -> DataError:
    """Return the error for values that are none of a table's."""
    return DataError(
        f"samples must be real numbers, strings, booleans, dates, times or durations; {name} holds {received}. "
        'Convert them, for example with array.astype("float64").'
    )


def _of_times(array: Cells) -> Column:
    gone = np.isnat(array)
    missing = gone if gone.any() else None
    if array.dtype.kind == "M":
        days = array.astype("datetime64[us]").astype(np.int64) / (DAY * 1e6)
        return Column(days, missing, DAYS, "number", "dates")
    unit = np.datetime_data(array.dtype)[0]
    if unit in ("Y", "M", "generic"):  # of no fixed length
        name = {"Y": "years", "M": "months"}.get(unit, "durations of no unit")
        return Column(array.astype(np.int64) * 1.0, missing, name, "number", "durations")
    return Column(array / np.timedelta64(1, "s"), missing, SECONDS, "number", "durations")


def days_of(moment: dt.date) -> float:
    """Return days since 1970-01-01; of a moment with a time zone, in UTC.

    >>> days_of(dt.datetime(1970, 1, 2, 12))
    1.5
    """
    if not isinstance(moment, dt.datetime):
        return float(moment.toordinal() - EPOCH.toordinal())
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return (moment - EPOCH) / dt.timedelta(days=1)


def _seconds_of(time: dt.time) -> float:
    return time.hour * 3600.0 + time.minute * 60 + time.second + time.microsecond / 1e6


def _of_objects(known: Cells, name: str) -> Column:
    types = {type(one) for one in known}

    def only(*wanted: type) -> bool:
        return all(issubclass(one, wanted) for one in types)

    if only(bool, np.bool_):
        return (
            Column(known.astype(bool))
            if len(known)
            else Column(as_words([str(one) for one in known]), kind="category")
        )
    if only(str):
        return Column(as_words([str(one) for one in known]), kind="category", why="words")
    if only(dt.date, np.datetime64):
        return _of_moments(known, name)
    if only(dt.timedelta, np.timedelta64):
        seconds = [
            one / np.timedelta64(1, "s") if isinstance(one, np.timedelta64) else one.total_seconds()
            for one in known
        ]
        return Column(np.array(seconds, dtype=np.float64), None, SECONDS, "number", "durations")
    if only(dt.time):
        return Column(
            np.array([_seconds_of(one) for one in known]), None, f"{SECONDS} of the day", "number", "times"
        )
    if bool not in types and np.bool_ not in types:
        if only(int, np.integer):
            try:
                return Column(known.astype(np.int64))
            except OverflowError:  # whole numbers beyond 64 bits are names
                return Column(
                    as_words([str(one) for one in known]), kind="category", why="whole numbers beyond 64 bits"
                )
        if only(int, float, np.integer, np.floating, Decimal, Fraction):
            return Column(np.array([float(one) for one in known]))
    if only(str, bool, int, np.integer, np.bool_):
        return Column(as_words([str(one) for one in known]), kind="category", why="words")
    strange = next((one for one in types if not issubclass(one, (str, bool, int, float, np.generic))), object)
    if len(types) > 1:
        raise no_such(name, " beside ".join(sorted(one.__name__ for one in types)))
    raise no_such(name, f"objects of type {strange.__name__}")


def _of_moments(known: Cells, name: str) -> Column:
    zones = {getattr(one, "tzinfo", None) is not None for one in known if isinstance(one, dt.datetime)}
    if len(zones) > 1:
        raise DataError(
            f"all dates of a column must have a time zone, or none; {name} has both. Give all of them one, "
            "such as UTC."
        )
    days = [
        float((one - np.datetime64(0, "D")) / np.timedelta64(1, "us")) / (DAY * 1e6)
        if isinstance(one, np.datetime64)
        else days_of(one)
        for one in known
    ]
    return Column(
        np.array(days, dtype=np.float64), None, IN_UTC if True in zones else DAYS, "number", "dates"
    )
