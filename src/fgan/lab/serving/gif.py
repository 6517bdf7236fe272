"""Pictures of the page as a GIF. They come from a browser, and are checked before they are decoded."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

from fgan.errors import FganError

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_BYTES = 64 << 20
MOST_PICTURES = 400
LARGEST_SIDE = 4096
MOST_PIXELS = 1 << 28
"""Of all pictures together: memory and time."""
FASTEST, SLOWEST = 20, 10_000
"""Milliseconds that a picture can be shown."""
USUAL = 80
SECONDS = 180.0
LENGTH = struct.Struct("<I")
GIF = b"GIF8"


def checked_milliseconds(text: str | None) -> int:
    """Return how long each picture is shown.

    Raises:
        FganError: if it is not a whole number, or too small or large.

    >>> checked_milliseconds(None), checked_milliseconds("100")
    (80, 100)
    """
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and FASTEST <= int(text) <= SLOWEST):
        raise FganError(
            f"milliseconds must be a whole number from {FASTEST} to {SLOWEST}; got {text[:60]!r}."
        )
    return int(text)


def split(body: bytes) -> list[bytes]:
    """Return the PNG files of a body: before each its length, four bytes little endian.

    Raises:
        FganError: if it is something else, or too many.

    >>> split(LENGTH.pack(2) + b"ab" + LENGTH.pack(1) + b"c")
    [b'ab', b'c']
    """
    pictures, at = [], 0
    while at < len(body):
        if at + LENGTH.size > len(body):
            raise FganError(f"the body ends within the length of picture {len(pictures) + 1}.")
        (length,) = LENGTH.unpack_from(body, at)
        at += LENGTH.size
        if at + length > len(body):
            raise FganError(
                f"picture {len(pictures) + 1} should have {length:,} bytes; the body has {len(body) - at:,} left."
            )
        pictures.append(body[at : at + length])
        at += length
        if len(pictures) > MOST_PICTURES:
            raise FganError(
                f"a GIF may have at most {MOST_PICTURES} pictures. Record less, or every other one."
            )
    if not pictures:
        raise FganError("there are no pictures. Record some first.")
    return pictures


def answer(question: bytes) -> bytes:
    """Return a GIF, or a JSON object with an error; called in the helper's process.

    Args:
        question: milliseconds, four bytes little endian; then the body.
    """
    (milliseconds,) = LENGTH.unpack_from(question)
    try:
        return encoded(question[LENGTH.size :], milliseconds)
    except FganError as error:
        return json.dumps({"error": str(error)}).encode()


def encoded(body: bytes, milliseconds: int) -> bytes:
    """Return a GIF that shows the pictures of a body over and over.

    Raises:
        FganError: if they are no PNG files, damaged, too large, or of different sizes.
    """
    from fgan.data.animation import Animation

    return Animation(_Pictures(split(body)), fps=1000 / milliseconds).encoded(".gif")


class _Pictures(Sequence["Image"]):
    """Pictures that are decoded one at a time."""

    def __init__(self, files: Sequence[bytes]) -> None:
        self._files = files
        size = width, height = _size(1, files[0])
        if max(size) > LARGEST_SIDE:
            raise FganError(
                f"a picture may have at most {LARGEST_SIDE} pixels a side; got {width} x {height}."
            )
        if width * height * len(files) > MOST_PIXELS:
            raise FganError(
                f"{len(files)} pictures of {width} x {height} are too much for one GIF. Record less, or smaller."
            )
        for number, file in enumerate(files[1:], 2):
            if (other := _size(number, file)) != size:
                raise FganError(
                    f"all pictures must have one size: 1 is {width} x {height}, {number} is {other[0]} x {other[1]}."
                )

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, at: int) -> Image: ...
    @overload
    def __getitem__(self, at: slice) -> list[Image]: ...
    def __getitem__(self, at: int | slice) -> Image | list[Image]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        return _decoded(range(len(self))[at] + 1, self._files[at])

    def __iter__(self) -> Iterator[Image]:
        return (self[at] for at in range(len(self)))


def _size(number: int, file: bytes) -> tuple[int, int]:
    """Return the size that a PNG file's head gives."""
    with _opened(number, file) as picture:
        return picture.size


def _decoded(number: int, file: bytes) -> Image:
    from PIL import Image

    with _opened(number, file) as picture:
        try:
            pixels = picture.convert("RGBA")
        except (OSError, SyntaxError, ValueError, MemoryError) as error:
            raise FganError(f"picture {number} is damaged ({error}).") from None
    paper = Image.new("RGBA", pixels.size, "white")
    return Image.alpha_composite(paper, pixels).convert("RGB")


def _opened(number: int, file: bytes) -> Image:
    from PIL import Image

    try:
        return Image.open(io.BytesIO(file), formats=["PNG"])
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FganError(f"picture {number} is not a PNG file that can be read ({error}).") from None
