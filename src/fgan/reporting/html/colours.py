"""One colour for each divergence, the same everywhere in a report, that shows on white and on black."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable

FIRST = (
    "#3b82f6",
    "#e8590c",
    "#2f9e44",
    "#d6336c",
    "#8b5cf6",
    "#0ca5b8",
    "#b08900",
    "#7c8794",
    "#8a6a52",
    "#a855a8",
)
GOLDEN = 0.61803398875
"""Turns of the wheel that keep the next hue far from all before it."""


def colours(names: Iterable[str]) -> dict[str, str]:
    """Return a colour "#rrggbb" for each name, in order.

    >>> colours(["kl", "js", "kl"])
    {'kl': '#3b82f6', 'js': '#e8590c'}
    """
    return {name: _colour(place) for place, name in enumerate(dict.fromkeys(names))}


def _colour(place: int) -> str:
    if place < len(FIRST):
        return FIRST[place]
    turn = (place - len(FIRST)) * GOLDEN % 1
    lightness = (0.45, 0.6)[place % 2]
    red, green, blue = colorsys.hls_to_rgb(turn, lightness, 0.6)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
