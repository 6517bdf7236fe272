"""Values looked at before they are trained on: what range they use, what is lost, and what mends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fgan.data.decode import GROUNDS, SCALES, VANISHED, Decoded, Recipe
from fgan.data.large import columns_of
from fgan.errors import DataError
from fgan.load_options import BACKGROUNDS, LoadOptions

FEW_LEVELS = 32
"""Of 256: pictures that use no more are far below their scale."""
CENTRAL = 0.001
"""Share of the values at each end that the range of pictures leaves out."""
CHUNK = 1 << 24  # values that are worked on at once
HALF = 0.5
"""Share of their scale that values beyond 8 bits may leave unused without a word."""
_MEND = "--value-range data (value_range=) to scale them by their own range"
KEPT_APART = 1e-3
"""Spacing of float32, in standard deviations, from which on it makes different values of a column equal."""


Seen = dict[str, float | int | str]
"""What was seen in values, by its name."""


class Stored(NamedTuple):
    """Values as they were stored: their kind, the smallest and the largest, and the scale of the kind."""

    kind: str
    low: float
    high: float
    black: float
    white: float

    def limits(self) -> tuple[float, float]:
        """Return the smallest and the largest value, to become black and white.

        Raises:
            DataError: where all values are the same.
        """
        if self.low == self.high:
            raise DataError(
                f"--value-range data needs at least two distinct values; all are {self.low:g}. Use "
                "--value-range LOW,HIGH."
            )
        return self.low, self.high


def in_two_looks(
    look: Callable[[Recipe], Sequence[Decoded]], recipe: Recipe, options: LoadOptions
) -> list[str]:
    """Have pictures decoded, and once more where only a first look tells their range or background; the last counts.

    Args:
        look: decodes all of them.
        recipe: how, but for range and background.
        options: what is asked for.

    Returns:
        What to say of them.
    """
    ground, limits = options.colour(), options.limits()
    recipe = replace(recipe, background=ground or recipe.background)
    if limits:
        recipe = replace(recipe, limits=dict.fromkeys(SCALES, limits))
    elif options.value_range == "data":
        recipe = replace(recipe, limits=SCALES)
    pictures, notes, again = look(recipe), [], recipe
    if ground is None:
        best, notes = better_ground(pictures)
        again = replace(again, background=best)
    if options.value_range == "data":
        if again != recipe:
            pictures, recipe = look(again), again
        again = replace(again, limits={**SCALES, **{one.kind: one.limits() for one in stored_in(pictures)}})
    notes += shortened(pictures)
    if again != recipe:
        look(again)
    return notes


def stored_in(pictures: Sequence[Decoded]) -> list[Stored]:
    """Return what pictures hold, by the kind of their values."""
    found = []
    for kind in sorted({one.scale for one in pictures}):
        some = [one for one in pictures if one.scale == kind]
        found.append(Stored(kind, min(one.low for one in some), max(one.high for one in some), *SCALES[kind]))
    return found


def look_at(
    pixels: NDArray[np.uint8], stored: Sequence[Stored], options: LoadOptions
) -> tuple[Seen, list[str]]:
    """Look at images as they are trained on, and at what was stored.

    Args:
        pixels: uint8 (N, C, H, W).
        stored: what they were made of.
        options: how.

    Returns:
        What was seen, and what to say of it.
    """
    counts, constant = _levels(pixels)
    used = counts.nonzero()[0]
    shares = counts.cumsum() / counts.sum()
    low, high = (int(np.searchsorted(shares, at)) for at in (CENTRAL, 1 - CENTRAL))
    seen: Seen = {"levels": len(used), "constant": constant}
    for one in stored:
        seen |= {f"{one.kind}, smallest": one.low, f"{one.kind}, largest": one.high}
    notes = [note for one in stored for note in _squeezed(one, options)]
    if options.value_range == "data":
        said = [f"{one.low:g} is black and {one.high:g} white ({one.kind})" for one in dict.fromkeys(stored)]
        return seen, [f"scaled to the range of these data: {', '.join(said)}."]
    if not notes and high - low < FEW_LEVELS:
        where = "; ".join(f"{one.low:g} to {one.high:g} of {one.black:g} to {one.white:g}" for one in stored)
        mend = (
            f"Take {_MEND}"
            if options.value_range == "type" and low != high
            else "Check the files and --background"
        )
        notes.append(
            "the pictures are (nearly) one colour, like masks or label maps: almost all values lie within "
            f"{high - low + 1} of "
            f"256 levels (stored: {where}). {mend}."
        )
    elif not notes and 2 * constant > len(pixels):
        notes.append(
            f"{constant:,} of {len(pixels):,} pictures are (nearly) constant. Check the files; if they are "
            "transparent, choose a --background (background=)."
        )
    return seen, notes


def scaled(array: NDArray[Any], black: float, white: float) -> NDArray[np.uint8]:
    """Return images (N, ...) as uint8, in which the value `black` is 0 and `white` is 255; others are clipped.

    >>> scaled(np.array([[0.0, 0.5, 2.0]]), 0.0, 1.0)
    array([[  0, 128, 255]], dtype=uint8)
    """
    levels = np.empty(array.shape, np.uint8)
    for start in range(0, len(array), max(1, len(array) * CHUNK // array.size)):
        rows = slice(start, start + max(1, len(array) * CHUNK // array.size))
        part = array[rows] if black == 0 and array.dtype.kind == "f" else array[rows].astype(np.float64)
        levels[rows] = np.rint((part - black) * (255 / (white - black))).clip(0, 255).astype(np.uint8)
    return levels


def _levels(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.int64], int]:
    """Return how often each level occurs, and how many images are (nearly) constant."""
    counts, constant = np.zeros(256, np.int64), 0
    for part in np.array_split(pixels, max(1, pixels.size >> 24)):
        counts += np.bincount(part.ravel(), minlength=256)
        flat = part.reshape(*part.shape[:2], -1).astype(np.int16)
        constant += int(((flat.max(2) - flat.min(2)) <= VANISHED).all(1).sum())
    return counts, constant


def _squeezed(one: Stored, options: LoadOptions) -> list[str]:
    """Say where values beyond 8 bits lose levels that they need not, and where some are clipped."""
    limits = options.limits()
    if limits and (one.low < limits[0] or one.high > limits[1]):
        return [
            f"values of {one.low:g} to {one.high:g} ({one.kind}) are clipped to --value-range {options.value_range}."
        ]
    if options.value_range == "data":
        return []
    share = (one.high - one.low) / (one.white - one.black)
    if options.value_range != "type" or one.kind in ("8 bits", "uint8", "bool") or share > HALF:
        return []
    return [
        f"{one.kind}: the values lie within {one.low:g} to {one.high:g} but are read on the scale "
        f"{one.black:g} to "
        f"{one.white:g}, which leaves {round(share * 255) + 1} of 256 levels. Use {_MEND}."
    ]


def shortened(pictures: Sequence[Decoded]) -> list[str]:
    """Say where Pillow read only the upper half of the bits."""
    count = sum(one.shortened for one in pictures)
    if not count:
        return []
    return [
        f"{count:,} colour pictures have 16 bits per channel, but Pillow reads only the upper 8. If the lower "
        "bits matter, save the pictures as .npy."
    ]


def better_ground(pictures: Sequence[Decoded]) -> tuple[tuple[int, int, int], list[str]]:
    """Return the background that keeps transparent pictures visible, and what to say; white where most are on it."""
    transparent = [one.visible for one in pictures if one.visible and any(one.visible)]
    names = {colour: name for name, colour in BACKGROUNDS.items()}
    kept = [sum(one[k] for one in transparent) for k in range(len(GROUNDS))]
    vanished = len(transparent) - kept[0] if kept else 0
    if not transparent or vanished == 0:
        return GROUNDS[0], []
    best = max(range(len(GROUNDS)), key=lambda k: kept[k])
    said = f"{vanished:,} of {len(transparent):,} transparent pictures are (nearly) constant on white"
    if 2 * vanished <= len(transparent):
        return GROUNDS[0], [f"{said}. --background {names[GROUNDS[best]]} keeps {kept[best]:,} of them."]
    ground = GROUNDS[best]
    return ground, [f"{said}, so they are placed on {names[ground]}. Use --background white to keep white."]


def blurred_columns(values: NDArray[Any]) -> list[int]:
    """Return the columns (N, D) whose values float32 cannot keep apart as float64 does, such as times in seconds."""
    low, high, _, std = columns_of(values)
    # Of a constant, exactly 0: its mean may be rounded.
    spread = np.where(low < high, std, 0.0)
    with np.errstate(over="ignore"):
        spacing = np.spacing(np.maximum(np.abs(low), np.abs(high)).astype(np.float32)).astype(np.float64)
    return [int(k) for k in np.flatnonzero((spread > 0) & (spacing > KEPT_APART * spread))]
