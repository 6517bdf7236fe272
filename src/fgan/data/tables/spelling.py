"""How a file writes its cells, so that others can be written alike: decimals, forms of dates, missing values."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_DECIMALS = 15
"""Numbers with more of them are written as Python does, in as many digits as tell them apart."""
MICROSECONDS = 86_400_000_000
"""Of a day."""
EPOCH = dt.datetime(1970, 1, 1)
_DATE = re.compile(
    r"(?P<Y>\d{4})(?P<a>-)(?P<m>\d{2})-(?P<d>\d{2})(?:(?P<t>[T ])(?P<H>\d{2}):(?P<M>\d{2})"
    r"(?P<s>:(?P<S>\d{2})(?:(?P<p>[.,])(?P<f>\d{1,9}))?)?(?P<z>\s?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?))?)?"
)
_DOTTED = re.compile(
    r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<Y>\d{4})(?: (?P<H>\d{1,2}):(?P<M>\d{2})(?P<s>:(?P<S>\d{2}))?)?"
)
_LASTING = re.compile(
    r"(?P<D>-?\d+)(?P<w> days?,? ?\+?)(?:(?P<H>\d{1,2}):(?P<M>\d{2}):(?P<S>\d{2}(?:\.(?P<f>\d+))?))?"
)
_TIME = re.compile(r"(?P<H>\d{1,2}):(?P<M>\d{2})(?P<s>:(?P<S>\d{2})(?:\.(?P<f>\d+))?)?")


@dataclass(frozen=True)
class Spelling:
    """How numbers, dates, times or durations of a column are written.

    Args:
        least, most: decimals that every cell has, and that some have; `most` is None where they are as many as tell
            numbers apart. Of seconds, where there are some.
        decimal, thousands: signs; thousands "" for none.
        template: of dates, times and durations, with {Y} {m} {d} {D} {H} {M} {S} {f}; "" of numbers.
        offset: minutes that the zone of moments is ahead of UTC.
    """

    least: int = 0
    most: int | None = 0
    decimal: str = "."
    thousands: str = ""
    template: str = ""
    offset: int = 0

    @property
    def digits(self) -> int | None:
        """Decimals of the numbers in which cells are held: those of a day's microsecond for dates; None for any."""
        return None if self.template else self.most

    def write(self, cells: NDArray[Any], unit: str) -> list[str]:
        """Return cells as they are written.

        Args:
            cells: whole or real numbers (n,); days or seconds of dates, times and durations.
            unit: of the column.
        """
        if not self.template:
            return [self._number(one) for one in cells.tolist()]
        return [self._moment(one) for one in microseconds(cells, unit).tolist()]

    def _number(self, value: float) -> str:
        if self.most is None or not np.isfinite(value):
            return repr(float(value)).replace(".", self.decimal)
        text = f"{value:,d}" if isinstance(value, int) and not self.most else f"{value:,.{self.most}f}"
        whole, _, decimals = text.partition(".")
        kept = decimals[: self.least] + decimals[self.least :].rstrip("0")
        whole = whole.replace(",", self.thousands)
        if not whole.strip("-0") and not kept.strip("0"):
            whole = "0"
        return f"{whole}{self.decimal}{kept}" if kept else whole

    def _moment(self, microseconds: int) -> str:
        parts: dict[str, int] = {}
        if "{Y" in self.template:
            moment = EPOCH + dt.timedelta(microseconds=microseconds, minutes=self.offset)
            parts = {"Y": moment.year, "m": moment.month, "d": moment.day}
            rest = moment.hour * 3600 + moment.minute * 60 + moment.second
            fraction = moment.microsecond
        else:
            seconds, fraction = divmod(microseconds, 1_000_000)
            days, rest = divmod(seconds, 86_400) if "{D" in self.template else (0, seconds)
            parts = {"D": days}
        parts |= {"H": rest // 3600, "M": rest // 60 % 60, "S": rest % 60}
        digits = f"{fraction:06d}".ljust(self.most or 0, "0")[: self.most or 0]
        kept = digits[: self.least] + digits[self.least :].rstrip("0")
        text = self.template.format(**parts, f=kept)
        return text.replace("" if kept else f"{self.decimal}\0", "").replace("\0", "")


def microseconds(cells: NDArray[Any], unit: str) -> NDArray[np.int64]:
    """Return days or seconds as whole microseconds; as whole days, minutes and so on where all are, up to rounding.

    Far from 1970 float64 days are a microsecond or more apart, and whole minutes would not stay whole.
    """
    values = cells.astype(np.float64) * float(MICROSECONDS if unit.startswith("days") else 1_000_000)
    far = float(np.abs(values).max(initial=0.0))
    for tick in (MICROSECONDS, 3_600_000_000, 60_000_000, 1_000_000, 1_000):
        whole = np.rint(values / tick)
        if (np.abs(whole * tick - values) <= max(0.5, 4e-16 * far)).all():
            return whole.astype(np.int64) * tick
    return np.rint(values).astype(np.int64)


def spelling_of_numbers(cells: Sequence[str], decimal: str, thousands: str) -> Spelling:
    """Return how numbers are written, of all cells that are not missing.

    >>> spelling_of_numbers(["1,5", "2,25"], ",", "").write(np.array([3.0, 1234.5]), "")
    ['3,0', '1234,5']
    """
    if any("e" in cell or "E" in cell or "n" in cell for cell in cells):
        return Spelling(0, None, decimal, thousands)
    counts = {len(cell.partition(decimal)[2]) for cell in cells}
    most = max(counts, default=0)
    return Spelling(min(counts, default=0), most if most <= MOST_DECIMALS else None, decimal, thousands)


def spelling_of_array(cells: NDArray[Any]) -> Spelling:
    """Return the number of decimals that distinguishes the numbers of a column.

    >>> spelling_of_array(np.array([0.5, 2.25])).most, spelling_of_array(np.array([3, 4])).most
    (2, 0)
    """
    if cells.dtype.kind in "iub":
        return Spelling()
    if cells.dtype.itemsize < 8:  # the digits of float32 are those that it prints
        cells = np.array([float(str(one)) for one in cells])
    texts = [repr(one) for one in np.unique(cells).tolist()]
    found = spelling_of_numbers(texts, ".", "")
    whole = found.most == 1 and all(text.endswith(".0") for text in texts)
    return Spelling(1, 0 if whole else found.most) if found.most is not None else Spelling(1, None)


def spelling_of_moments(cells: Sequence[str]) -> Spelling | None:
    """Return how dates, times or durations are written; the most precise cell decides where they differ.

    >>> days = np.array([1.0, 19723.5])
    >>> spelling_of_moments(["31.01.2024"]).write(days, "days since 1970-01-01")
    ['02.01.1970', '01.01.2024']
    """
    example = max(cells, key=len)
    for form, make in ((_DATE, _of_date), (_DOTTED, _of_dotted), (_LASTING, _of_lasting), (_TIME, _of_time)):
        found = form.fullmatch(example)
        if found:
            return make(found, cells)
    return None


def offset_of(zone: str) -> int:
    """Return the minutes that a zone is ahead of UTC.

    >>> offset_of("+05:30"), offset_of("Z"), offset_of("-03")
    (330, 0, -180)
    """
    digits = re.sub(r"\D", "", zone)
    if not digits:
        return 0
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return -minutes if "-" in zone else minutes


def _of_date(found: re.Match[str], cells: Sequence[str]) -> Spelling:
    template = "{Y:04d}-{m:02d}-{d:02d}"
    if not found["t"]:
        return Spelling(template=template)
    template += found["t"] + "{H:02d}:{M:02d}" + (":{S:02d}" if found["s"] else "")
    least, most, decimal = _fractions(cells, _DATE)
    zones = Counter(match["z"] or "" for match in map(_DATE.fullmatch, cells) if match)
    zone = zones.most_common(1)[0][0]
    template += f"{decimal}{{f}}\0" if most else ""
    return Spelling(least, most, decimal, template=template + zone, offset=offset_of(zone))


def _of_dotted(found: re.Match[str], cells: Sequence[str]) -> Spelling:
    short = any(len(cell.partition(".")[0]) == 1 for cell in cells)
    template = "{d}.{m}.{Y:04d}" if short else "{d:02d}.{m:02d}.{Y:04d}"
    if found["H"]:
        brief = any(len(cell.partition(" ")[2].partition(":")[0]) == 1 for cell in cells)
        template += " " + ("{H}" if brief else "{H:02d}") + ":{M:02d}" + (":{S:02d}" if found["s"] else "")
    return Spelling(template=template)


def _of_time(found: re.Match[str], cells: Sequence[str]) -> Spelling:
    brief = any(cell[1] == ":" for cell in cells)
    template = ("{H}" if brief else "{H:02d}") + ":{M:02d}" + (":{S:02d}" if found["s"] else "")
    least, most, _ = _fractions(cells, _TIME)
    return Spelling(least, most, template=template + (".{f}\0" if most else ""))


def _of_lasting(found: re.Match[str], cells: Sequence[str]) -> Spelling:
    template = "{D}" + found["w"]
    if not found["H"]:
        return Spelling(template=template)
    least, most, _ = _fractions(cells, _LASTING)
    return Spelling(least, most, template=template + "{H:02d}:{M:02d}:{S:02d}" + (".{f}\0" if most else ""))


def _fractions(cells: Sequence[str], form: re.Pattern[str]) -> tuple[int, int, str]:
    """Return the fewest and the most decimals of seconds, at most six, and their sign."""
    matches = [match for match in map(form.fullmatch, cells) if match]
    counts = {min(len(match["f"] or ""), 6) for match in matches}
    signs = {match.groupdict().get("p") for match in matches} - {None}
    return min(counts), max(counts), next(iter(signs), None) or "."
