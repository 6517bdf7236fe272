"""Pictures that Python has, opened by Pillow or as paths of files, decoded as those of folders are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fgan.data.decode import BrokenImageError, Decoded, RangeError, Recipe, decode, decode_opened
from fgan.data.items import is_file, is_picture
from fgan.data.values import Stored, in_two_looks, stored_in
from fgan.errors import DataError
from fgan.load_options import LoadOptions


class Taken(NamedTuple):
    """Samples side by side; of decoded pictures, what they were made of, and what to say of that."""

    samples: NDArray[Any]
    stored: tuple[Stored, ...] = ()
    notes: tuple[str, ...] = ()


def is_drawn(value: object) -> bool:
    """Whether this is a picture of Pillow's, or the path of a file."""
    return is_picture(value) or is_file(value)


def pictures(pictures: Sequence[Any], kind: str, options: LoadOptions) -> Taken:
    """Return pictures as uint8 (N, H, W) if all are grey, and (N, H, W, 3) if not; see `fgan.data.decode`."""
    odd = next((row for row, picture in enumerate(pictures) if not is_drawn(picture)), None)
    if odd is not None:
        raise DataError(
            f"all samples must be of the same kind; sample {odd} of the {kind} is not a picture, unlike the others."
        )
    found: list[Decoded] = []

    def look(recipe: Recipe) -> list[Decoded]:
        found[:] = [
            _decoded(picture, recipe, f"{kind}, sample {row}") for row, picture in enumerate(pictures)
        ]
        return found

    notes = in_two_looks(look, Recipe(options.image_size), options)
    shapes = [one.pixels.shape[:2] for one in found]
    odd = next((row for row, shape in enumerate(shapes) if shape != shapes[0]), None)
    if odd is not None:
        (height, width), (other_height, other_width) = shapes[0], shapes[odd]
        raise DataError(
            f"all pictures must have the same size; in the {kind}, sample 0 is {width}x{height} and sample "
            f"{odd} is "
            f"{other_width}x{other_height}. Set image_size=64, for example, to crop and resize them."
        )
    grey = all(one.pixels.ndim == 2 for one in found)
    pixels = [one.pixels if grey or one.pixels.ndim == 3 else np.stack([one.pixels] * 3, -1) for one in found]
    return Taken(np.stack(pixels), tuple(stored_in(found)), tuple(notes))


def _decoded(picture: Any, recipe: Recipe, name: str) -> Decoded:  # noqa: ANN401
    try:
        if is_picture(picture):
            return decode_opened(picture, recipe)
        return decode(Path(picture).read_bytes(), recipe, Path(picture).name).pictures[0]
    except RangeError as error:
        raise DataError(
            f"pictures must use the range of their type; {name} has {error}. Set which values are black and "
            'white: value_range="data" or value_range="0,4095".'
        ) from error
    except (BrokenImageError, OSError) as error:
        raise DataError(f"cannot read a picture of the {name} ({error}).") from error
