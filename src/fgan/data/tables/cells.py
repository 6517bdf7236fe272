"""Columns of strings as numbers, dates or words: one number format for all files, and no stray cell unsaid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.data.tables.dates import ALMOST, dates_in, require_one_zone, require_plain_dates
from fgan.data.tables.formats import (
    NAMES,
    OTHER,
    SIGNS,
    floats_of,
    has_codes,
    number_of,
    shows_decimal,
    spelled,
    without_unit,
)
from fgan.data.tables.kinds import as_category, stray_cells
from fgan.data.tables.missing import MISSING, is_missing_word
from fgan.data.tables.options import TextOptions
from fgan.data.tables.rows import FEWER_COLUMNS, Rows
from fgan.data.tables.spelling import Spelling, spelling_of_moments, spelling_of_numbers
from fgan.data.tables.table import Column
from fgan.data.tables.values import as_words
from fgan.errors import DataError
from fgan.memory import current_budget

NUMBERS = 16
"""Bytes that a cell takes as a number, under both decimal signs."""
EXACT = 2.0**53
"""The largest whole number up to which float64 holds all."""


@dataclass(frozen=True)
class Strings:
    """A column of a file as it stands there.

    Args:
        name: of the column.
        file: of the file.
        cells: without spaces at their ends.
        rows: where it comes from.
        options: what a user says of the file.
    """

    name: str
    file: str
    cells: list[str]
    rows: Rows
    options: TextOptions

    @cached_property
    def missing(self) -> NDArray[np.bool_] | None:
        """Which cells are missing; None for none."""
        distinct = set(self.cells)
        if not MISSING.intersection(map(str.lower, distinct)):  # fast, for a million different numbers
            return None
        gone = {cell for cell in distinct if is_missing_word(cell)}
        return np.fromiter((cell in gone for cell in self.cells), dtype=bool, count=len(self.cells))

    @cached_property
    def known(self) -> list[str]:
        """The cells that are not missing."""
        cells = self.cells
        if self.missing is not None:
            cells = [cell for cell, gone in zip(self.cells, self.missing.tolist(), strict=True) if not gone]
        return cells if "".join(cells).isascii() else [spelled(cell) for cell in cells]

    @cached_property
    def text(self) -> str:
        """The same in lines."""
        return "\n".join(self.known)

    @cached_property
    def readings(self) -> dict[str, tuple[NDArray[np.float64], str]]:
        """The numbers, and the sign between thousands, under each decimal sign under which all cells are numbers."""
        if not self.known or self.text.count("\n") >= len(self.known):
            return {}
        current_budget().require(
            NUMBERS * len(self.known), lambda: f'column "{self.name}" of {self.file}', FEWER_COLUMNS
        )
        both = len(self.signs) > 1
        if both and "." not in self.text and "," not in self.text:  # no sign to choose: read once
            numbers = floats_of(self.known, self.text, SIGNS[0], self.options.thousands)
            return {} if numbers is None else dict.fromkeys(SIGNS, numbers)
        shown = {sign for sign in SIGNS if both and shows_decimal(self.known, self.text, sign)}
        found = {
            sign: floats_of(self.known, self.text, sign, self.options.thousands)
            for sign in self.signs
            if not shown - {sign}
        }
        return {sign: numbers for sign, numbers in found.items() if numbers is not None}

    @property
    def signs(self) -> tuple[str, ...]:
        """The decimal signs that can be meant."""
        options = self.options
        if options.decimal:
            return (options.decimal,)
        return (OTHER[options.thousands],) if options.thousands in SIGNS else SIGNS

    @property
    def undecided(self) -> bool:
        """Whether the cells are numbers under both decimal signs, and others."""
        both = self.readings
        return len(both) > 1 and both["."] is not both[","] and not np.array_equal(both["."][0], both[","][0])

    def line_of(self, cell: str) -> int:
        """Return the line in which a cell that is not missing first stands."""
        place = next(number for number, one in enumerate(self.cells) if spelled(one) == cell)
        return self.rows.lines[place]


def signs_shown(columns: Sequence[Strings]) -> dict[str, Strings]:
    """Return the decimal signs that cells can only be read with, each with the first column that shows it."""
    shown: dict[str, Strings] = {}
    for column in columns:
        if len(column.readings) == 1 and len(column.signs) > 1:
            shown.setdefault(next(iter(column.readings)), column)
    return shown


def decimal_of(columns: Sequence[Strings]) -> str:
    """Return the decimal sign of all files; "" where no cell shows one.

    Raises:
        DataError: where both signs are used, or cells can be read either way.
    """
    shown = signs_shown(columns)
    if len(shown) > 1:
        (one, a), (other, b) = shown.items()
        raise DataError(
            f"all files must use the same decimal sign; {_example(a, one)}, but {_example(b, other)}. Convert "
            "one, or read "
            "each with fgan.read_table(path, decimal=...)."
        )
    if shown:
        return next(iter(shown))
    doubtful = [column for column in columns if column.undecided]
    for column in doubtful:
        sign = _by_custom(column)
        if sign:
            continue
        cell = next(cell for cell in column.known if "," in cell or "." in cell)
        values = [number_of(cell, decimal) for decimal in SIGNS]
        assert values[0] and values[1], "numbers either way"
        raise DataError(
            f'"{cell}" in line {column.line_of(cell)} of {column.file}, column "{column.name}", is ambiguous: '
            f"{values[0].value:g} (decimal point) or {values[1].value:g} (decimal comma). Pass --decimal "
            "point or "
            "--decimal comma."
        )
    return "." if doubtful else ""


def _by_custom(column: Strings) -> str:
    """Return "." where values are as 1.234 throughout: commas separate them, or all have three decimals."""
    if any("," in cell for cell in column.known):
        return ""
    if column.rows.separator == ",":
        return "."
    return "." if column.rows.separator != ";" and all("." in cell for cell in column.known) else ""


def _example(column: Strings, sign: str) -> str:
    other = OTHER[sign]
    cell = next((cell for cell in column.known if number_of(cell, other) is None), column.known[0])
    return f'"{cell}" in line {column.line_of(cell)} of {column.file} has a decimal {NAMES[sign]}'


def typed(column: Strings, decimal: str, kind: str = "") -> Column:
    """Return a column of numbers, dates or words.

    Args:
        column: as it stands in the file.
        decimal: the sign of all files; "" where none shows.
        kind: "number" or "category", where a user says so.

    Raises:
        DataError: for a cell that is none where almost all are, or where a user says that it is one.
    """
    known, where = column.known, f'column "{column.name}" of {column.file}'
    decimal = column.signs[0] if len(column.signs) == 1 else decimal
    if kind == "category" or not known:
        return _placed(
            column, as_words(known, where), kind="category", why="asked for" if kind else "no values"
        )
    reading = column.readings.get(decimal or next(iter(column.readings), ""))
    if reading is not None and kind != "number" and has_codes(column.text):
        return _placed(column, as_words(known, where), kind="category", why="leading zeros")
    if reading is not None:
        numbers = _whole(column.text, *reading, decimal or ".")
        return _placed(column, numbers, spelling_of_numbers(known, decimal or ".", reading[1]))
    if kind != "number":
        dated = dates_in(known)
        if dated:
            require_one_zone(known, f'"{column.name}" of {column.file}')
            spelling = spelling_of_moments(known)
            return _placed(
                column, np.array(dated[0]), spelling, unit=dated[1], kind="number", why="dates or times"
            )
    words = as_words(known, where)  # which may need too much memory: said before each cell is looked at
    _require_no_stray(column, decimal, ALMOST if kind != "number" else 0.0)
    return _placed(column, words, kind="category", why="words")


def _placed(column: Strings, values: NDArray[Any], spelling: Spelling | None = None, **how: str) -> Column:
    """Return a column in which values stand where cells are not missing."""
    if column.missing is None:
        return Column(values, None, **how, spelling=spelling)
    cells = np.zeros(len(column.cells), dtype=values.dtype)
    cells[~column.missing] = values
    written = column.cells[int(column.missing.argmax())]
    return Column(cells, column.missing, **how, written=written, spelling=spelling)


def _whole(text: str, numbers: NDArray[np.float64], grouped: str, decimal: str) -> NDArray[Any]:
    """Return whole numbers where no cell has a decimal sign or a power, and 64 bits hold them exactly."""
    if decimal in text or any(letter in text for letter in "eEnN"):
        return numbers
    largest = np.abs(numbers).max()
    if largest <= EXACT:
        return numbers.astype(np.int64)
    if largest >= 2.0**63:
        return numbers
    cells = (text.replace(grouped, "") if grouped else text).split("\n")
    return np.fromiter(map(int, cells), dtype=np.int64, count=len(cells))


def _require_no_stray(column: Strings, decimal: str, most: float) -> None:
    """Raise a DataError where more than a share of the cells are numbers, so that the others must be mistakes."""
    known, signs = column.known, (decimal,) if decimal else column.signs

    def numbers(cell: str, signs: Sequence[str]) -> bool:
        return any(number_of(cell, sign, column.options.thousands) for sign in signs)

    distinct = {cell: numbers(cell, SIGNS) for cell in set(known)}
    good = sum(distinct[cell] for cell in known)
    where = f'column "{column.name}" of {column.file}'
    mend = as_category(column.name)
    if good > most * len(known) or (most == 0 and good < len(known)):
        sign = max(signs, key=lambda one: sum(number_of(cell, one) is not None for cell in known))
        stray = [cell for cell in known if not numbers(cell, (sign,))]
        rule = f"numbers with a decimal {NAMES[sign]}" if numbers(stray[0], SIGNS) else ""
        first = f'"{stray[0]}" in line {column.line_of(stray[0])}'
        raise stray_cells(column.name, column.file, len(stray), len(known), first, rule)
    amounts = {
        cell: (amount := without_unit(cell)) is not None and numbers(amount, SIGNS) for cell in distinct
    }
    if sum(distinct[cell] or amounts[cell] for cell in known) > ALMOST * len(known):
        cell = next(cell for cell in known if amounts[cell])
        raise DataError(
            f'{where} holds amounts such as "{cell}" (line {column.line_of(cell)}) instead of plain numbers. '
            f"Remove the unit, or {mend}."
        )
    require_plain_dates(known, where, lambda: f"line {column.line_of(known[0])}", mend)
