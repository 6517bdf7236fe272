"""How numbers are written: the decimal sign and the one between thousands, found from all cells of files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIGNS = (".", ",")
"""Decimal signs that files use."""
NAMES = {".": "point", ",": "comma"}
OTHER = {".": ",", ",": "."}
_SPELL = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'", "\u2212": "-"})
_GROUPS = {(sign, by): re.escape(by) for sign in SIGNS for by in (OTHER[sign], " ", "'")}
_PLAIN = {
    sign: re.compile(rf"[+-]?(?:\d+(?:[{sign}]\d*)?|[{sign}]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
    for sign in SIGNS
}
_GROUPED = {
    (sign, by): re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{escaped}\d{{3}})+(?:[{sign}]\d*)?", re.ASCII)
    for (sign, by), escaped in _GROUPS.items()
}
"""Of a decimal sign and one between thousands: below 1,000 there is none of these, and no number begins with 0."""
_EITHER = {key: re.compile(f"{_GROUPED[key].pattern}|{_PLAIN[key[0]].pattern}", re.ASCII) for key in _GROUPS}
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE | re.ASCII)
_BEGINNINGS = frozenset("0123456789+-.,iI")
"""What a number begins with: most words are none by their first letter."""
_CURRENCIES = ("€", "$", "£", "¥", "USD", "EUR", "CHF", "GBP")
_UNITS = (*_CURRENCIES, "%", "‰")
_UNIT = re.compile(f"^(?:{'|'.join(map(re.escape, _CURRENCIES))})|(?:{'|'.join(map(re.escape, _UNITS))})$")


@dataclass(frozen=True)
class Reading:
    """A cell as a number, under one decimal sign.

    Args:
        value: the number.
        grouped: the sign between its thousands; "" for none.
    """

    value: float
    grouped: str = ""


def spelled(cell: str) -> str:
    """Return a cell with plain spaces, apostrophes and minus signs."""
    return cell if cell.isascii() else cell.translate(_SPELL).strip()


def is_number(word: str) -> bool:
    """Whether a word is a number as Python writes it.

    >>> is_number("-1.5"), is_number("a")
    (True, False)
    """
    try:
        float(word)
    except ValueError:
        return False
    return True


def number_of(cell: str, decimal: str, thousands: str = "") -> Reading | None:
    """Return a cell as a number whose decimal sign is given, or None where it is none.

    >>> number_of("1.234,5", ","), number_of("1.234,5", ".")
    (Reading(value=1234.5, grouped='.'), None)
    """
    if cell[:1] not in _BEGINNINGS:
        return None
    if _PLAIN[decimal].fullmatch(cell):
        return Reading(float(cell.replace(decimal, ".")))
    if _SPECIAL.fullmatch(cell):
        return Reading(float(cell))
    for by in [thousands] if thousands else [OTHER[decimal], " ", "'"]:
        if _GROUPED[decimal, by].fullmatch(cell):
            return Reading(float(cell.replace(by, "").replace(decimal, ".")), by)
    return None


def without_unit(cell: str) -> str | None:
    """Return the number of an amount such as "12%" or "€ 5", or None where nothing was taken off."""
    if not cell.startswith(_CURRENCIES) and not cell.endswith(_UNITS):
        return None
    return _UNIT.sub("", cell).strip()


def floats_of(
    cells: Sequence[str], text: str, decimal: str, thousands: str = ""
) -> tuple[NDArray[np.float64], str] | None:
    """Return numbers and the sign between their thousands, or None where some cell is no number.

    Args:
        cells: not empty.
        text: all of them in lines.
        decimal: the decimal sign.
        thousands: the sign between thousands; "" for any, but one in all cells.

    >>> floats_of(["1.000,5", "2"], "1.000,5\\n2", ",")
    (array([1000.5,    2. ]), '.')
    """
    if "_" in text or not text.isascii():
        return None
    by = next((by for by in (OTHER[decimal], " ", "'") if by in text), "")
    if by:
        if thousands not in ("", by) or not all(map(_EITHER[decimal, by].fullmatch, cells)):
            return None
        text = text.replace(by, "")
    if by or decimal == ",":
        cells = text.replace(",", ".").split("\n")
    try:
        return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells)), by
    except ValueError:
        return None


def shows_decimal(cells: Sequence[str], text: str, decimal: str) -> bool:
    """Whether some cell has this decimal sign and could not be a number with thousands, as 1.5 is and 1.234 is not."""
    if decimal not in text:
        return False
    with_thousands = _GROUPED[OTHER[decimal], decimal].fullmatch
    return any(decimal in cell and not with_thousands(cell) for cell in cells)


_CODE = re.compile(r"(?:^|\n)0[0-9]+(?:\n|$)")


def has_codes(text: str) -> bool:
    """Whether some line is digits that begin with 0, as zip codes do and numbers do not.

    >>> has_codes("10001\\n00501"), has_codes("0\\n10\\n0.5")
    (True, False)
    """
    return bool(_CODE.search(text))
