"""A folder or an archive of pictures as a data set of small square images."""

from __future__ import annotations

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fgan.data.archives import Entry, open_pictures
from fgan.data.dataset import Dataset
from fgan.data.decode import BrokenImageError, Decoded, decode
from fgan.data.finite import image_dataset, split
from fgan.data.labels import number_folders
from fgan.errors import DataError
from fgan.output import Say, on_a_terminal, to_stderr

DEFAULT_SIZE = 32
NAMED_AT_MOST = 10

Named = tuple[str, Decoded]


class PictureSizeError(DataError):
    """Pictures are of another size than they must be.

    Args:
        message: what is wrong.
        side: of all of them, where they are squares of one size.
    """

    def __init__(self, message: str, side: int | None) -> None:
        super().__init__(message)
        self.side = side


def load_images(
    path: str | Path,
    *,
    image_size: int | None = None,
    strict: bool = False,
    resize: bool = True,
    say: Say = to_stderr,
    name: str | None = None,
) -> Dataset:
    """Load every picture in a folder, at any depth, or in an archive; a tenth of them is held out.

    Pictures are those whose suffix Pillow can open, in the order of their names; hidden files and `__MACOSX`
    are passed over. Each is decoded by `fgan.data.decode.decode`. The result is grey if every picture is
    stored as grey, and RGB otherwise. Where every picture lies in a folder of its class, such as
    `train/cat/1.png`, these folders are the classes; see `fgan.data.labels.number_folders`.

    Args:
        path: a folder, or a `.zip`, `.tar`, `.tar.gz` or `.tgz`, which is read in memory and never extracted.
        image_size: side of the squares, in pixels; 32 unless told.
        strict: refuse the first picture that cannot be read; otherwise such pictures are skipped and named.
        resize: fit pictures of another size; otherwise the first such picture is refused.
        say: told of skipped pictures and of a size that was assumed.
        name: what to call the data set; the path unless told.

    Raises:
        DataError: the path cannot be read, an archive has unsafe names, `image_size` is no positive number,
            fewer than 2 pictures can be read, or (with strict) one cannot, or
            (without resize) one has another size.
    """
    path = Path(path)
    size = DEFAULT_SIZE if image_size is None else _checked_size(image_size)
    with open_pictures(path) as entries:
        if not entries:
            raise DataError(
                f"A data set of images needs pictures; {path} holds none with a suffix that Pillow can open "
                '(such as .png or .jpg). Check the path; for IDX files use "idx:DIR".'
            )
        # Pillow's remarks on odd files are noise beside our own report. Silenced here and not in the threads,
        # which would restore each other's filters.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decoded = _decode_all(entries, size, strict, say, path)
    if not resize:
        _require_size(decoded, size, path)
    if image_size is None and any(picture.size != (size, size) for _, picture in decoded):
        say(f"Images are resized and cropped to {size}x{size}; set the image size for another.")
    # Numbered only now: a picture that was skipped has no label, and a class of such pictures is none.
    labels, classes = number_folders([picture_name for picture_name, _ in decoded])
    pixels = torch.from_numpy(_stack([picture for _, picture in decoded]))
    return image_dataset(name or str(path), *split(pixels, labels), classes)


def _require_size(decoded: list[Named], size: int, path: Path) -> None:
    sizes = {picture.size for _, picture in decoded}
    for picture_name, picture in decoded:
        if picture.size != (size, size):
            width, height = picture.size
            raise PictureSizeError(
                f"The pictures must be {size}x{size} here; in {path} {picture_name} is {width}x{height}. "
                "Make them that size as their generator would have, since resizing changes what is measured.",
                width if width == height and len(sizes) == 1 else None,
            )


def _checked_size(image_size: int) -> int:
    if isinstance(image_size, bool) or not isinstance(image_size, int) or image_size < 1:
        raise DataError(
            f"The image size must be a positive whole number of pixels; got {image_size!r}. Try 32."
        )
    return image_size


def _decode_all(entries: list[Entry], size: int, strict: bool, say: Say, path: Path) -> list[Named]:
    """Decode in parallel (Pillow lets go of the interpreter's lock); skip, name and count what is broken."""
    from tqdm import tqdm

    decoded: list[Named] = []
    broken: list[str] = []
    pool = ThreadPoolExecutor()
    try:
        results = pool.map(lambda entry: _try_decode(entry, size), entries)
        silent = not on_a_terminal(sys.stderr)
        for name, result in tqdm(results, "reading images", len(entries), leave=False, disable=silent):
            if isinstance(result, Decoded):
                decoded.append((name, result))
                continue
            broken.append(f"{name} ({result})")
            if strict:
                raise DataError(
                    f"Every image must be readable; in {path} {broken[0]} is not. "
                    "Replace or remove it, or load without strict to skip such images."
                )
    finally:
        pool.shutdown(cancel_futures=True)  # an error or Ctrl-C should not wait for the whole folder
    if broken:
        _report(broken, len(entries), len(decoded), say, path)
    return decoded


def _try_decode(entry: Entry, size: int) -> tuple[str, Decoded | str]:
    """Return the picture's name with either the picture or the reason why there is none."""
    name, read = entry
    try:
        return name, decode(read(), size)
    except (BrokenImageError, OSError) as error:
        return name, str(error)


def _report(broken: list[str], total: int, good: int, say: Say, path: Path) -> None:
    more = f" and {len(broken) - NAMED_AT_MOST} more" if len(broken) > NAMED_AT_MOST else ""
    listed = ", ".join(broken[:NAMED_AT_MOST]) + more
    if good == 0:
        raise DataError(
            f"A data set of images needs pictures that can be read; all {total} in {path} are broken: "
            f"{listed}. Replace them."
        )
    say(f"{len(broken)} of {total} images could not be read and were skipped: {listed}")


def _stack(decoded: list[Decoded]) -> NDArray[np.uint8]:
    """Return uint8 (N, C, S, S) with one channel if all pictures are grey and three if not."""
    if all(picture.pixels.ndim == 2 for picture in decoded):
        return np.stack([picture.pixels for picture in decoded])[:, None]
    return np.stack([_planes(picture.pixels) for picture in decoded])


def _planes(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.stack([pixels] * 3) if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
