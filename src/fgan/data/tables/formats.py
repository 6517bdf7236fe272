"""How numbers are written: the decimal sign and the one between thousands, found from all cells of files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

Floats = list[float]
SIGNS = (".", ",")
"""Decimal signs that files use."""
NAMES = {".": "point", ",": "comma"}
_SPELL = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'", "\u2212": "-"})
_POWER = r"(?:[eE][+-]?\d+)?"
_PLAIN = {
    sign: re.compile(rf"[+-]?(?:\d+(?:{re.escape(sign)}\d*)?|{re.escape(sign)}\d+){_POWER}", re.ASCII)
    for sign in SIGNS
}
_GROUPED = {
    sign: re.compile(
        rf"[+-]?[1-9]\d{{0,2}}(?:(?P<by>[ '{re.escape(other)}])\d{{3}})(?:(?P=by)\d{{3}})*(?:{re.escape(sign)}\d*)?",
        re.ASCII,
    )
    for sign, other in (SIGNS, SIGNS[::-1])
}
"""Of numbers under 1,000 groups say nothing, and one that begins with 0 has none."""
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_UNIT = re.compile(r"^(?:[€$£¥]|USD|EUR|CHF|GBP)\s*|\s*(?:[%‰€$£¥]|USD|EUR|CHF|GBP)$")


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


def number_of(cell: str, decimal: str, thousands: str = "") -> Reading | None:
    """Return a cell as a number whose decimal sign is given, or None where it is none.

    >>> number_of("1.234,5", ","), number_of("1.234,5", ".")
    (Reading(value=1234.5, grouped='.'), None)
    """
    if _PLAIN[decimal].fullmatch(cell):
        return Reading(float(cell.replace(decimal, ".")))
    if _SPECIAL.fullmatch(cell):
        return Reading(float(cell))
    found = _GROUPED[decimal].fullmatch(cell)
    if found and thousands in ("", found["by"]):
        return Reading(float(cell.replace(found["by"], "").replace(decimal, ".")), found["by"])
    return None


def without_unit(cell: str) -> str | None:
    """Return the number of an amount such as "12%" or "€ 5", or None where nothing was taken off."""
    less = _UNIT.sub("", cell)
    return less if less != cell else None


def floats_of(cells: list[str], decimal: str) -> Floats | None:
    """Return plain numbers, fast; None where some cell is no plain number with this decimal sign.

    >>> floats_of(["1,5", "2"], ",")
    [1.5, 2.0]
    """
    text = "\n".join(cells)
    if "_" in text or not text.isascii() or (decimal == "," and "." in text):
        return None
    try:
        return list(map(float, (text.replace(",", ".").split("\n") if decimal == "," else cells)))
    except ValueError:
        return None


def shows_decimal(cells: Iterable[str], decimal: str) -> bool:
    """Whether some number has this decimal sign and could not be one with thousands, as 1.5 is and 1.234 is not."""
    other = SIGNS[1 - SIGNS.index(decimal)]
    return any(decimal in cell and number_of(cell, other) is None for cell in cells)
