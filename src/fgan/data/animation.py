"""Pictures in a row as a file that moves: GIF, WebP, APNG, and MP4 where there is ffmpeg."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fgan.data.video import encode_mp4
from fgan.errors import DataError
from fgan.files import save_file
from fgan.output import html_picture
from fgan.seeds import plain_number

if TYPE_CHECKING:
    from PIL.Image import Image

ANIMATIONS = (".gif", ".webp", ".apng", ".mp4")
"""How the name of an animation may end."""
FASTEST = 50
"""Frames a second that every player shows; many show a GIF that is faster at a tenth of its speed."""
COLOURS, EXACT = 256, 64
LOOKED_AT = 32
"""Frames that decide the colours of a GIF."""


@dataclass(frozen=True, repr=False)
class Animation:
    """Frames that are shown one after the other, over and over; a notebook shows it by itself.

    Args:
        frames: pictures of one size and mode, "L" or "RGB"; at least one.
        fps: frames a second, at most 50.
        hold: seconds that the last frame stays longer.

    Raises:
        DataError: for another number of frames a second.
    """

    frames: Sequence[Image]
    fps: float = 15
    hold: float = 0

    def __post_init__(self) -> None:
        """Check what a user chose."""
        fps = plain_number(self.fps)
        if not isinstance(fps, (int, float)) or not 0 < fps <= FASTEST:
            raise DataError(f"--fps must be above 0 and at most {FASTEST}; got {self.fps}.")

    def __repr__(self) -> str:
        """Say what it is."""
        width, height = self.frames[0].size
        seconds = len(self.frames) / self.fps + self.hold
        return f"<animation of {len(self.frames)} frames, {width} x {height} pixels, {seconds:.1f} s>"

    def _repr_html_(self) -> str:
        return html_picture(self.encoded(".gif"), repr(self), kind="gif")

    def save(self, path: str | Path) -> None:
        """Write it: whole or not at all.

        Args:
            path: ends in .gif, .webp, .apng or .mp4, which needs ffmpeg on the PATH; its folder is made if missing.

        Raises:
            DataError: for another ending, where ffmpeg is missing or fails, or where the file cannot be written.
        """
        path = Path(path)
        save_file(path, self.encoded(path.suffix), "An animation")

    def encoded(self, suffix: str) -> bytes:
        """Return it as the content of a file.

        Raises:
            DataError: for an ending that is not one of `ANIMATIONS`, or where ffmpeg is missing or fails.
        """
        suffix = checked_suffix(suffix)
        if suffix == ".mp4":
            held = round(self.hold * self.fps)
            return encode_mp4([*self.frames, *[self.frames[-1]] * held], self.fps)
        frames = _with_one_palette(self.frames) if suffix == ".gif" else self.frames
        options = {
            # A GIF counts hundredths of a second; its palette is what we gave it, and only what changes is stored.
            ".gif": {
                "duration": [10 * ticks for ticks in self._ticks(100)],
                "optimize": True,
                "disposal": 1,
            },
            ".webp": {"duration": self._ticks(1000), "lossless": True},
            ".apng": {"duration": self._ticks(1000), "format": "PNG"},
        }[suffix]
        kind = {"format": suffix[1:].upper()} | options
        memory = io.BytesIO()
        try:
            frames[0].save(memory, save_all=True, append_images=frames[1:], loop=0, **kind)
        except (OverflowError, struct.error):  # frames that are the same are stored as one
            raise DataError(
                f"a {suffix} file can hold one picture for a few minutes only; this would take longer. "
                "Use a higher --fps, or fewer --frames."
            ) from None
        return memory.getvalue()

    def _ticks(self, a_second: int) -> list[int]:
        """Return how long each frame is shown, so that rounding does not add up."""
        ends = [round(k * a_second / self.fps) for k in range(len(self.frames) + 1)]
        ticks = [end - begin for begin, end in pairwise(ends)]
        ticks[-1] += round(self.hold * a_second)
        return ticks


def checked_suffix(suffix: str) -> str:
    """Return the ending of an animation's name in small letters.

    Raises:
        DataError: for another one.
    """
    if suffix.lower() not in ANIMATIONS:
        raise DataError(f'an animation must end in {", ".join(ANIMATIONS)}; got "{suffix}".')
    return suffix.lower()


def _with_one_palette(frames: Sequence[Image]) -> list[Image]:
    """Return frames in the same colours, so that nothing flickers: greys as they are, else at most 256 colours.

    The most frequent colours are exact, paper and axes among them; the others become the nearest there is, undithered.
    """
    from PIL import Image

    if frames[0].mode == "L":
        return list(frames)
    step = -(-len(frames) // LOOKED_AT)
    colours, counts = np.unique(
        np.concatenate([_numbers(_pixels(frame)) for frame in frames[::step]]), return_counts=True
    )
    colours = colours[np.argsort(-counts, kind="stable")]
    kept = colours[: COLOURS if len(colours) <= COLOURS else EXACT]
    palette = np.stack([kept >> 16, kept >> 8 & 255, kept & 255], axis=1).astype(np.uint8).tobytes()
    if len(colours) > COLOURS:
        seen = np.concatenate([_pixels(frame) for frame in frames[::step]])
        others = Image.fromarray(seen[None]).quantize(
            COLOURS - EXACT, method=Image.Quantize.MEDIANCUT, kmeans=2
        )
        palette += bytes(others.getpalette() or [])
    sheet = Image.new("P", (1, 1))
    sheet.putpalette(palette)
    return [_coloured(frame, sheet, kept) for frame in frames]


def _coloured(frame: Image, sheet: Image, kept: np.ndarray) -> Image:
    """Return a frame in the palette of `sheet`, which begins with the colours that are kept."""
    from PIL import Image

    # Pillow finds the nearest colour by cells of 4 x 4 x 4, and so may miss the very same.
    near = np.array(frame.quantize(palette=sheet, dither=Image.Dither.NONE))
    numbers, order = _numbers(np.asarray(frame)), np.argsort(kept)
    place = np.searchsorted(kept, numbers, sorter=order).clip(max=len(kept) - 1)
    same = kept[order[place]] == numbers
    near[same] = order[place[same]]
    coloured = Image.fromarray(near)
    coloured.putpalette(sheet.getpalette() or [])
    return coloured


def _numbers(pixels: np.ndarray) -> np.ndarray:
    """Return colours (..., 3) as one number each."""
    red, green, blue = np.moveaxis(pixels.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _pixels(frame: Image) -> np.ndarray:
    """Return the pixels of a frame (n, 3), without rows and columns that repeat the one before."""
    pixels = np.asarray(frame)
    rows = np.append(True, (pixels[1:] != pixels[:-1]).any((1, 2)))
    columns = np.append(True, (pixels[:, 1:] != pixels[:, :-1]).any((0, 2)))
    return pixels[rows][:, columns].reshape(-1, 3)
