"""One encoded picture becomes a small grey or colour array: upright, on white, cut to a square."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

# Formats that run another program (Ghostscript) or have no pixels of their own: never opened.
_NOT_PICTURES = {"EPS", "PDF", "MPEG", "HDF5", "GRIB", "BUFR", "WMF"}


@dataclass(frozen=True)
class Decoded:
    """A picture: uint8 pixels, (S, S) if it was grey and (S, S, 3) if not, and its (width, height) before."""

    pixels: NDArray[np.uint8]
    size: tuple[int, int]


class BrokenImageError(Exception):
    """A picture that cannot be decoded; the message says why in a few words."""


def extensions() -> frozenset[str]:
    """Return the suffixes of the pictures that Pillow can open, in lower case, each with its dot.

    >>> {".png", ".jpg", ".webp"} <= extensions()
    True
    """
    from PIL import Image

    formats = _formats()
    return frozenset(suffix for suffix, kind in Image.registered_extensions().items() if kind in formats)


def decode(content: bytes, size: int) -> Decoded:
    """Decode one picture and cut it to `size` × `size`.

    It is turned as its EXIF says, transparency is laid on white, 16-bit grey becomes 8-bit, and any colour
    space becomes RGB. The shorter side is then resized to `size` with Lanczos' filter and the middle is
    kept; a picture that already has the size keeps its pixels.

    Raises:
        BrokenImageError: it is no picture, a damaged one, or one of suspicious size.
    """
    from PIL import Image, ImageOps

    picture = _flatten(_open(content))
    fitted = ImageOps.fit(picture, (size, size), method=Image.Resampling.LANCZOS)
    return Decoded(np.array(fitted, dtype=np.uint8), picture.size)


def _formats() -> list[str]:
    from PIL import Image

    Image.init()
    return [kind for kind in Image.OPEN if kind not in _NOT_PICTURES]


def _open(content: bytes) -> Image:
    """Read the first frame, upright; whatever Pillow raises on damaged data becomes a BrokenImageError."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    # Pillow's plugins raise more than they document; this list was found by flipping bytes in every format.
    damaged = (
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        LookupError,
        TypeError,
        ArithmeticError,
        RuntimeError,
        AttributeError,
        struct.error,
        zlib.error,
    )
    try:
        image = Image.open(io.BytesIO(content), formats=_formats())
        image.load()
        return ImageOps.exif_transpose(image)
    except UnidentifiedImageError as error:
        raise BrokenImageError("no picture that Pillow recognises") from error
    except damaged as error:
        raise BrokenImageError(str(error) or type(error).__name__) from error


def _flatten(image: Image) -> Image:
    """Return the picture in 8 bits without transparency, in mode L if it is grey and RGB if not."""
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey(image)
    grey = image.mode in ("1", "L", "LA", "La")
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        image = _with_alpha(image)
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB").convert("L") if grey else image.convert("RGB")


def _with_alpha(image: Image) -> Image:
    # Pillow converts premultiplied modes only to their plain twins.
    plain = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
    return (image.convert(plain) if plain else image).convert("RGBA")


def _deep_grey(image: Image) -> Image:
    """Scale grey of more than 8 bits: 0..65535 for integers, [0, 1] for floats."""
    from PIL import Image

    values = np.asarray(image).astype(np.float64)
    largest = 1.0 if image.mode == "F" else 65535.0
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        values = np.where(values == clear, largest, values)
    if not (values.min() >= 0 and values.max() <= largest):
        raise BrokenImageError(f"grey values {values.min():g} to {values.max():g} outside 0 to {largest:g}")
    return Image.fromarray(np.rint(values * (255 / largest)).astype(np.uint8))
