"""Text in pictures, in whatever script there is a font for."""

from __future__ import annotations

import textwrap
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL.Image import Image

SIZE = 15
LINE = 20
"""Pixels from line to line."""
MARGIN = 6
LETTERS = 24
"""In a line, at most."""
FIRST = "DejaVu Sans"
NO_FONT = "Last Resort"
"""A font whose every letter is a box."""


def draw_text(text: str, letters: int = LETTERS) -> Image:
    """Return text in black on white, mode "L", as large as it needs to be.

    Args:
        text: one line or several; long lines are broken.
        letters: in a line.
    """
    from PIL import Image, ImageDraw, ImageFont

    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, letters) or [""]] or [""]
    font = ImageFont.truetype(_font_of(frozenset(text)) or _own_font(), SIZE)
    width = max(round(font.getlength(line)) for line in lines)
    picture = Image.new("L", (width + 2 * MARGIN, len(lines) * LINE + MARGIN), 255)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text((MARGIN, MARGIN // 2 + number * LINE), line, fill=0, font=font)
    return picture


def without_font(texts: Iterable[str]) -> list[str]:
    """Return those with letters that no one font here has: they would be drawn as boxes."""
    return [text for text in texts if _font_of(frozenset(text)) is None]


@cache
def _font_of(letters: frozenset[str]) -> str | None:
    """Return the file of a font that has all letters: matplotlib's own, or else any that it knows."""
    from matplotlib.font_manager import fontManager

    wanted = {ord(letter) for letter in letters if not letter.isspace()}
    others = sorted(entry.fname for entry in fontManager.ttflist if not entry.name.startswith(NO_FONT))
    return next((path for path in (_own_font(), *others) if wanted <= _letters_in(path)), None)


def _own_font() -> str:
    from matplotlib.font_manager import FontProperties, findfont

    return str(findfont(FontProperties(family=FIRST)))


@cache
def _letters_in(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(path).get_charmap())
