"""One encoded file becomes small grey or colour arrays: upright, on a background, cut to squares."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fgan.data.record import printable
from fgan.data.signatures import HEAD, candidates
from fgan.memory import MEND, current_budget

if TYPE_CHECKING:
    from PIL.Image import Image

Limits = Mapping[str, tuple[float, float]]
SCALES: Limits = MappingProxyType({"8 bits": (0.0, 255.0), "16 bits": (0.0, 65535.0), "floats": (0.0, 1.0)})
"""The values that become black and white by default, by the kind of pictures."""
GROUNDS = ((255, 255, 255), (0, 0, 0), (128, 128, 128))
"""What transparent pictures are tried on."""
VANISHED = 8
"""Levels of 255: a picture whose values differ by no more is (nearly) constant."""

_WHITE = GROUNDS[0]
HEAVY = 1 << 24
"""Pixels or bytes of a picture beyond which it is decoded one at a time, by the thread that waits for all."""
FEWER_FRAMES = f"Use --frames first (frames=). {MEND}"
LITTLE = 1 << 30
"""Bytes: where less is left, memory that runs out is not the file's fault."""
_STRIP = 1 << 22  # pixels that are worked on at once
_FRAME_PIXELS = 200  # pixels of all frames for each byte of the file; more is made to exhaust time
_ONE_PICTURE = (
    "MPO",
    "ICO",
    "ICNS",
    "PSD",
)  # further "frames" are previews, sizes or layers of the same picture
_DECODERS = {"JPEG": 6, "MPO": 6, "JPEG2000": 16, "WEBP": 8, "AVIF": 8, "TIFF": 4, "GIF": 8, "PNG": 1}
"""Bytes a pixel that Pillow's decoders take besides the picture, measured; 4 for all others."""
_ICONS, _INSIDE = {"ICO", "ICNS", "CUR"}, 16
"""Formats that hold pictures of others, and bytes a pixel that these take."""
_PIXELS_A_BYTE = 300  # of a picture of more than 33 million pixels; more is a header that lies, or a bomb


@dataclass(frozen=True)
class Recipe:
    """How files are decoded.

    Args:
        size: side of the squares, in pixels; None keeps the size.
        all_frames: take every frame or page, rather than the first.
        background: what transparency is laid on, RGB.
        limits: what becomes black and white, by kind of values, see `SCALES`; values beyond are clipped. None for the
            scale of the type, which refuses values beyond.
    """

    size: int | None
    all_frames: bool = False
    background: tuple[int, int, int] = _WHITE
    limits: Limits | None = None


@dataclass(frozen=True)
class Decoded:
    """A picture.

    Args:
        pixels: uint8, (S, S) if it was grey and (S, S, 3) if not.
        size: its (width, height) before.
        scale: the kind of its values, see `SCALES`.
        low, high: its smallest and largest value as stored, on its background.
        visible: of a transparent picture, on which of `GROUNDS` it can be seen.
        shortened: whether it had 16 bits a channel, of which Pillow reads the upper 8.
    """

    pixels: NDArray[np.uint8]
    size: tuple[int, int]
    scale: str = "8 bits"
    low: float = 0.0
    high: float = 255.0
    visible: tuple[bool, ...] = field(default=())
    shortened: bool = False


class File(NamedTuple):
    """What one file holds: its pictures, how many further frames were left out, and how many other views."""

    pictures: list[Decoded]
    left_out: int
    views: int = 0


class BrokenImageError(Exception):
    """A picture that cannot be decoded; the message says why in a few words."""


class HeavyImageError(Exception):
    """A picture that is better decoded while no other is."""


class NoImageError(BrokenImageError):
    """No picture at all."""


class RangeError(BrokenImageError):
    """A picture with values outside the scale of its type."""


# Pillow's plugins raise more than they document; this list was found by flipping bytes in every format.
_DAMAGED = (
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


def decode(content: bytes, recipe: Recipe, name: str = "", heavy: bool = True) -> File:
    """Decode one file and cut its pictures to squares.

    Each is turned as its EXIF says, transparency is laid on the background, 16-bit grey becomes 8-bit, and any
    colour space becomes RGB. The shorter side is then resized with Lanczos' filter and the middle is kept; a picture
    that already has the size keeps its pixels.

    Args:
        content: the file.
        recipe: what becomes of it.
        name: its name; the suffix matters for the few formats without a mark of their own.
        heavy: decode pictures of more than `HEAVY` pixels too.

    Raises:
        BrokenImageError: it is no picture, a damaged one, or one of suspicious size.
        HeavyImageError: it is a large one, or memory has no room for it now, and not `heavy`.
        MemoryLimitError: memory has no room for it.
    """
    from PIL import Image, UnidentifiedImageError

    kinds = candidates(content[:HEAD], name)
    if not kinds:
        raise NoImageError("no picture that Pillow recognises")
    _require_room_inside(content, kinds, name, heavy)
    try:
        image = Image.open(io.BytesIO(content), formats=kinds)
        # Closed, not left to the garbage: a large picture goes before the next one comes.
        with closing(image):
            pixels = max(image.width * image.height, _hidden_pixels(image))
            if not heavy and pixels > HEAVY:
                raise HeavyImageError(f"{pixels} pixels")
            if pixels > 2 * HEAVY and pixels > _PIXELS_A_BYTE * len(content):
                hidden = "" if pixels == image.width * image.height else f"a part of {pixels:,} pixels, "
                raise BrokenImageError(
                    f"announces {hidden}{image.width} by {image.height} pixels in {len(content):,} bytes"
                )
            size = _working_bytes(image, pixels, recipe)

            def what() -> str:
                return f"Decoding {printable(name) or 'a picture'} ({image.width} by {image.height} pixels)"

            with current_budget().reserved(size, what, wait=heavy) as fits:
                if not fits:
                    raise HeavyImageError(f"{size} bytes")
                return _frames(image, recipe, len(content), name)
    except UnidentifiedImageError as error:
        raise NoImageError("no picture that Pillow recognises") from error
    except Image.DecompressionBombError as error:
        raise BrokenImageError(str(error)) from error
    except MemoryError as error:
        left = current_budget().left()
        if left is not None and left < LITTLE:
            raise
        raise BrokenImageError("announces sizes that no memory has room for") from error
    except _DAMAGED as error:
        raise BrokenImageError(str(error) or type(error).__name__) from error


def _working_bytes(image: Image, pixels: int, recipe: Recipe) -> int:
    """Return the memory that decoding takes: as stored, flattened, turned, and what Pillow's decoder needs."""
    stored = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}.get(image.mode, 4)
    flat = 1 if image.mode in ("1", "L", "I;16", "I;16B", "I;16L") else 4
    result = 3 * pixels if recipe.size is None else 12 * recipe.size**2
    return pixels * (stored + 2 * flat + _DECODERS.get(image.format or "", 4)) + result


def _require_room_inside(content: bytes, kinds: Sequence[str], name: str, heavy: bool) -> None:
    """Refuse icons that hold too large a picture of another format: Pillow decodes it when it opens them."""
    if not _ICONS.intersection(kinds):
        return
    places = (one.end() for one in re.finditer(rb"IHDR|ihdr", content))
    sizes = (struct.unpack(">II", content[at : at + 8]) for at in places if len(content) >= at + 8)
    pixels = max((width * height for width, height in sizes), default=0)
    if pixels > HEAVY and not heavy:
        raise HeavyImageError(f"{pixels} pixels")
    if pixels > 2 * HEAVY and pixels > _PIXELS_A_BYTE * len(content):
        raise BrokenImageError(f"announces {pixels:,} pixels in {len(content):,} bytes")
    current_budget().require(
        _INSIDE * pixels, lambda: f"Decoding {printable(name)} ({pixels:,} pixels inside)"
    )


def _hidden_pixels(image: Image) -> int:
    """Return the largest number of pixels that a decoder makes room for, where the size of the picture is another."""
    if image.format == "TIFF":
        tags = getattr(image, "tag_v2", {})
        width, height = (tags.get(tag) for tag in (322, 323))  # of a tile
        return width * height if isinstance(width, int) and isinstance(height, int) else 0
    if image.format == "FITS" and any(str(tile[0]) == "fits_gzip" for tile in _tiles(image)):
        raise BrokenImageError(
            "is compressed inside, which may unpack to any size; save it without compression"
        )
    return 0


def decode_opened(image: Image, recipe: Recipe) -> Decoded:
    """Return a picture that Pillow has opened or made, as `decode` returns those of files.

    Raises:
        BrokenImageError: it cannot be read.
    """
    try:
        return _picture(image, recipe)
    except _DAMAGED as error:
        raise BrokenImageError(str(error) or type(error).__name__) from error


def _frames(image: Image, recipe: Recipe, length: int, name: str) -> File:
    pictures = [_picture(image, recipe)]
    total = _frame_count(image)
    if not recipe.all_frames or total == 1:
        return File(pictures, total - 1, _views(image))
    grey = pictures[0].pixels.ndim == 2
    pixels, budget = 0, current_budget()
    for number in range(1, total):
        try:
            image.seek(number)
            pixels += image.width * image.height
            if pixels > max(HEAVY * 8, _FRAME_PIXELS * length):
                break
            budget.require(
                pictures[0].pixels.nbytes, lambda: f"{total:,} frames of {printable(name)}", FEWER_FRAMES
            )
            pictures.append(_picture(image, recipe, was_grey=grey))
        except RangeError:
            raise
        except _DAMAGED:  # a header that announced more frames than there are
            break
    return File(pictures, total - len(pictures))


def _frame_count(image: Image) -> int:
    if image.format in _ONE_PICTURE:
        return 1
    try:
        return max(1, int(getattr(image, "n_frames", 1)))
    except _DAMAGED:
        return 2  # there are more, and they cannot be read


def _views(image: Image) -> int:
    """Count what a camera stores beside a photograph: previews, depth, the view of a second lens."""
    return max(0, int(getattr(image, "n_frames", 1)) - 1) if image.format == "MPO" else 0


def _picture(image: Image, recipe: Recipe, was_grey: bool = False) -> Decoded:
    from PIL import Image, ImageOps

    tiles = _tiles(image)  # gone once it is loaded
    image.load()
    turned = image.getexif().get(0x0112, 1) != 1
    upright = ImageOps.exif_transpose(image) if turned else image
    deep = upright.mode.startswith("I") or upright.mode == "F"
    flat, scale, low, high = _deep_grey(upright, recipe) if deep else _flatten(upright, recipe)
    if was_grey and flat.mode == "RGB" and _is_grey(flat):  # Pillow turns later frames of a grey GIF into RGB
        flat = flat.getchannel(0)
    side = recipe.size
    fitted = flat if side is None else ImageOps.fit(flat, (side, side), method=Image.Resampling.LANCZOS)
    pixels = np.array(fitted, dtype=np.uint8)
    shortened = any("16" in str(tile) and ";16" in str(tile[-1]) for tile in tiles) and not deep
    return Decoded(pixels, flat.size, scale, low, high, _visible(upright, side or min(flat.size)), shortened)


def _tiles(image: Image) -> list[tuple]:
    return list(getattr(image, "tile", None) or [])


def _is_grey(image: Image) -> bool:
    values = np.asarray(image)
    return bool((values == values[..., :1]).all())


def _flatten(image: Image, recipe: Recipe) -> tuple[Image, str, float, float]:
    """Return the picture in 8 bits without transparency, in mode L if it is grey and RGB if not."""
    grey = image.mode in ("1", "L", "LA", "La")
    if _is_transparent(image):
        flat = _laid_on(image, recipe.background)
        grey = grey and len(set(recipe.background)) == 1
    else:
        flat = image if image.mode in ("L", "RGB") else image.convert("RGB")
    wanted = "L" if grey else "RGB"
    flat = flat if flat.mode == wanted else flat.convert(wanted)
    ends = [(part.min(), part.max()) for part in (np.asarray(strip) for _, strip in _strips(flat))]
    low, high = float(min(low for low, _ in ends)), float(max(high for _, high in ends))
    if recipe.limits:
        levels = _scaled(np.arange(256.0), *recipe.limits["8 bits"])
        flat = flat.point(levels.tolist() * len(flat.getbands()))
    return flat, "8 bits", low, high


def _is_transparent(image: Image) -> bool:
    return "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa")


def _with_alpha(image: Image) -> Image:
    # Pillow converts premultiplied modes only to their plain twins.
    plain = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
    return (image.convert(plain) if plain else image).convert("RGBA")


def _strips(image: Image) -> Iterator[tuple[int, Image]]:
    """Return a picture in strips with the row at which each begins, so that a large one needs no second copy."""
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _laid_on(image: Image, colour: tuple[int, int, int]) -> Image:
    from PIL import Image

    if image.width * image.height <= _STRIP:
        return Image.alpha_composite(Image.new("RGBA", image.size, colour), _with_alpha(image)).convert("RGB")
    flat = Image.new("RGB", image.size)
    for top, strip in _strips(image):
        strip.info = image.info
        flat.paste(_laid_on(strip, colour), (0, top))
    return flat


def _visible(image: Image, size: int) -> tuple[bool, ...]:
    """Return on which of `GROUNDS` a transparent picture can be seen; nothing where nothing is transparent."""
    from PIL import Image

    if not _is_transparent(image) or image.mode.startswith("I") or image.mode == "F":
        return ()
    step = max(1, min(image.size) // (4 * size))
    coarse = image.resize((image.width // step, image.height // step), Image.Resampling.NEAREST)
    small = _with_alpha(coarse)
    small.thumbnail((2 * size, 2 * size), Image.Resampling.BOX)
    if np.asarray(small)[..., 3].min() == 255:
        return ()
    grounds = (np.asarray(_laid_on(small, ground)).astype(int) for ground in GROUNDS)
    return tuple(int(np.ptp(one, axis=(0, 1)).max()) > VANISHED for one in grounds)


def _deep_grey(image: Image, recipe: Recipe) -> tuple[Image, str, float, float]:
    """Scale grey of more than 8 bits: by default 0..65535 for integers, [0, 1] for floats."""
    from PIL import Image

    scale = "floats" if image.mode == "F" else "16 bits"
    black, white = (recipe.limits or SCALES)[scale]
    clear = image.info.get("transparency")
    ground = black + (white - black) * sum(recipe.background) / (3 * 255)
    table = _scaled(np.arange(65536.0), black, white)
    levels = np.empty((image.height, image.width), np.uint8)
    lows, highs = [], []
    for top, strip in _strips(image):
        values = np.asarray(strip)
        if isinstance(clear, int):
            values = np.where(values == clear, ground, values.astype(np.float64))
        lows.append(float(values.min()))
        highs.append(float(values.max()))
        if not (np.isfinite(lows[-1]) and np.isfinite(highs[-1])):
            raise BrokenImageError("holds NaN or infinite values")
        levels[top : top + len(values)] = (
            table[values] if values.dtype == np.uint16 else _scaled(values.astype(np.float64), black, white)
        )
    low, high = min(lows), max(highs)
    if recipe.limits is None and (low < black or high > white):
        raise RangeError(f"grey values {low:g} to {high:g} outside {black:g} to {white:g}")
    return Image.fromarray(levels), scale, low, high


def _scaled(values: NDArray[np.float64], black: float, white: float) -> NDArray[np.uint8]:
    return np.rint((values - black) * (255 / (white - black))).clip(0, 255).astype(np.uint8)
