"""Options for reading data files, shared by training, evaluation, comparison and estimation."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Annotated, Literal, TypedDict

import tyro

from fgan.errors import DataError

FramesName = Literal["first", "all"]
SplitName = Literal["stratified", "shuffled"]
MissingName = Literal["keep", "drop", "refuse"]
BACKGROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "grey": (128, 128, 128)}
"""Colours with a name of their own, as RGB."""


class LoadSettings(TypedDict, total=False):
    """The fields of `LoadOptions` as keywords, none of them required; the tests hold both equal."""

    image_size: int | None
    strict: bool
    frames: FramesName | None
    background: str
    value_range: str
    split: SplitName
    table: TableOptions


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """How to read tables; column names are separated by commas.

    Raises:
        DataError: for an unknown value.
    """

    columns: str = ""
    """Columns of the table to use, separated by commas. (default: all)"""
    drop: str = ""
    """Columns of the table to leave out, such as ids, separated by commas."""
    numbers: str = ""
    """Columns to treat as numbers, separated by commas. (default: detected; whole numbers with at most 20 distinct
    values count as categories)"""
    categories: str = ""
    """Columns to treat as categories, separated by commas, such as zip codes. (default: detected)"""
    missing: MissingName = "keep"
    """Missing values in a table: keep learns where they occur, drop removes these rows, refuse stops with an error."""
    separator: str = ""
    """Separator of a text file: comma, semicolon, tab, pipe or space. (default: detected)"""
    decimal: str = ""
    """Decimal sign of a text file: point or comma. (default: detected)"""
    thousands: str = ""
    """Thousands sign of a text file: comma, point, apostrophe or space. (default: detected)"""
    encoding: str = ""
    """Encoding of a text file, such as utf-8 or cp1252. (default: detected)"""
    no_header: bool = False
    """The text file has no header line; columns are named column 0, column 1 and so on."""
    conditional_on: str = ""
    """Categorical column of the table to use as the class label."""

    def __post_init__(self) -> None:
        """Check what has few values."""
        if self.missing not in ("keep", "drop", "refuse"):
            raise DataError(f'missing (--missing) must be keep, drop or refuse; got "{self.missing}".')
        both = set(_names_in(self.numbers)) & set(_names_in(self.categories))
        if both:
            raise DataError(f'"{min(both)}" is in both --numbers and --categories. Put it in one of them.')

    @property
    def wanted(self) -> list[str]:
        """The columns that are asked for; none for all."""
        return _names_in(self.columns)

    @property
    def dropped(self) -> list[str]:
        """The columns that are left out."""
        return _names_in(self.drop)

    @property
    def kinds(self) -> dict[str, str]:
        """The kinds of columns that are asked for, by name."""
        numbers, categories = _names_in(self.numbers), _names_in(self.categories)
        return {**dict.fromkeys(numbers, "number"), **dict.fromkeys(categories, "category")}

    @property
    def given(self) -> str:
        """The first flag that says something, which only tables have use for; "" for none."""
        default = TableOptions()
        changed = [name for name, value in vars(self).items() if value != getattr(default, name)]
        return f"--{changed[0].replace('_', '-')}" if changed else ""


def _names_in(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """How to read data files.

    Raises:
        DataError: for an unknown value.
    """

    image_size: int | None = None
    """Side length in pixels; pictures from a folder, .zip or .tar.gz are resized to it. (default: 32)"""
    strict: bool = False
    """Stop if anything would be left out: an unreadable picture, further frames, an unsupported format, a broken link.
    Hidden files, notes and tables never count."""
    frames: FramesName | None = None
    """Frames to use of animations and multi-page pictures: first or all. (default: first, with a note)"""
    background: str = "auto"
    """Colour behind transparent pictures: white, black, grey, #rrggbb, or auto (white, unless most pictures would
    vanish on it)."""
    value_range: str = "type"
    """Pixel values that become black and white: type (0 to 255, 0 to 65535, 0 to 1), data (minimum and maximum of the
    data), or LOW,HIGH."""
    split: SplitName = "stratified"
    """How a tenth of the data is held out: stratified (the same share of each class) or shuffled (ignores classes; used
    by older runs)."""
    table: Annotated[TableOptions, tyro.conf.Suppress] = TableOptions()
    """How to read tables."""

    def __post_init__(self) -> None:
        """Check every value."""
        size = self.image_size
        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
            raise DataError(
                f"image_size (--image-size) must be a positive whole number of pixels; got {size!r}. Try 32."
            )
        for name, known in (("frames", (None, "first", "all")), ("split", ("stratified", "shuffled"))):
            if getattr(self, name) not in known:
                words = " or ".join(one for one in known if one)
                raise DataError(f"{name} (--{name}) must be {words}; got {getattr(self, name)!r}.")
        self.colour()
        self.limits()

    def over(self, base: LoadOptions) -> LoadOptions:
        """Return other options with those of these that are not the default.

        >>> LoadOptions(frames="all").over(LoadOptions(image_size=64)).image_size
        64
        """
        default = LoadOptions()
        chosen = {name: value for name, value in vars(self).items() if value != getattr(default, name)}
        return replace(base, **chosen)

    def colour(self) -> tuple[int, int, int] | None:
        """Return the background as RGB; None for auto.

        >>> LoadOptions(background="#ff8000").colour()
        (255, 128, 0)
        """
        text = self.background.lower() if isinstance(self.background, str) else ""
        if text == "auto":
            return None
        if text in ("gray", *BACKGROUNDS):
            return BACKGROUNDS[text.replace("gray", "grey")]
        if not re.fullmatch("#[0-9a-f]{6}", text):
            raise DataError(
                f"background (--background) must be auto, {', '.join(BACKGROUNDS)} or #rrggbb; "
                f"got {self.background!r}."
            )
        red, green, blue = bytes.fromhex(text[1:])
        return red, green, blue

    def limits(self) -> tuple[float, float] | None:
        """Return the values that become black and white, where two numbers were given.

        >>> LoadOptions(value_range="0,4095").limits()
        (0.0, 4095.0)
        """
        if self.value_range in ("type", "data"):
            return None
        try:
            low, high = map(float, self.value_range.split(","))
        except (ValueError, AttributeError):
            low = high = math.nan
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise DataError(
                'value_range (--value-range) must be type, data, or two numbers such as "0,4095", the smaller '
                f"first; got {self.value_range!r}."
            )
        return low, high
