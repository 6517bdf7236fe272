"""How files become samples: one bundle, the same for training, evaluation, comparison and estimation."""

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
    """How a table becomes samples; names of columns are separated by commas.

    Raises:
        DataError: where a value is none of those that are known.
    """

    columns: str = ""
    """Columns of a table, separated by commas; all if not given."""
    drop: str = ""
    """Columns of a table that are left out, separated by commas, such as ids."""
    numbers: str = ""
    """Columns of a table that are numbers, separated by commas; whole numbers with at most 20 values are categories
    otherwise."""
    categories: str = ""
    """Columns of a table that are categories, separated by commas, such as zip codes."""
    missing: MissingName = "keep"
    """Cells of a table without a value: keep learns where they are, drop leaves such rows out, refuse stops."""
    separator: str = ""
    """Between the values of a text file: comma, semicolon, tab, pipe or space; found out if not given."""
    decimal: str = ""
    """The decimal sign of a text file: point or comma; found out if not given."""
    thousands: str = ""
    """The sign between thousands: comma, point, apostrophe or space; found out if not given."""
    encoding: str = ""
    """Of a text file, such as utf-8 or cp1252; found out if not given."""
    no_header: bool = False
    """The first line of a text file holds values; columns are then called column 0, column 1 and so on."""
    conditional_on: str = ""
    """A column of categories of a table, whose values are the classes of conditional networks."""

    def __post_init__(self) -> None:
        """Check what has few values."""
        if self.missing not in ("keep", "drop", "refuse"):
            raise DataError(f'missing (--missing) must be keep, drop or refuse; got "{self.missing}".')
        both = set(_names_in(self.numbers)) & set(_names_in(self.categories))
        if both:
            raise DataError(f'column "{min(both)}" is in both --numbers and --categories. Choose one.')

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
    """How files become samples.

    Raises:
        DataError: where a value is none of those that are known.
    """

    image_size: int | None = None
    """Pixels a side that pictures from folders and archives are fitted to; 32 if not given."""
    strict: bool = False
    """Refuse a folder or an archive of which something would be left out: a picture that cannot be read, further
    frames, a format that cannot be opened, a link that leads nowhere. Hidden files, notes and tables never count."""
    frames: FramesName | None = None
    """Of animations and of pictures with several pages: the first, or all. The first if not given, and said."""
    background: str = "auto"
    """What transparent pictures are laid on: white, black, grey, #rrggbb, or auto: white, unless most pictures would
    vanish on it."""
    value_range: str = "type"
    """Which values become black and white: those of the type (0 to 255, 0 to 65535, 0 to 1), the smallest and the
    largest of the data (of each set by itself), or LOW,HIGH, beyond which values are clipped."""
    split: SplitName = "stratified"
    """How a tenth is held out: stratified by class, or shuffled without regard to classes, as older runs did."""
    table: Annotated[TableOptions, tyro.conf.Suppress] = TableOptions()
    """How tables become samples."""

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
