"""A folder or a zip archive of pictures as a data set of small square images."""

from __future__ import annotations

import os
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import torch
from numpy.typing import NDArray

from fgan.data.dataset import Dataset
from fgan.data.decode import BrokenImageError, Decoded, decode, extensions
from fgan.data.finite import image_dataset, split
from fgan.data.notes import Say, on_a_terminal, to_stderr
from fgan.errors import DataError

DEFAULT_SIZE = 32
NAMED_AT_MOST = 10
LARGEST_MEMBER = 1 << 29  # bytes of one packed picture; more is an archive made to exhaust memory

# RuntimeError: the member is encrypted, or packed in a way that zipfile does not know.
_DAMAGED_MEMBER = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, RuntimeError)

# A picture that has not been read yet: its name, and what reads its bytes.
Entry = tuple[str, Callable[[], bytes]]


def load_images(
    path: str | Path,
    *,
    image_size: int | None = None,
    strict: bool = False,
    say: Say = to_stderr,
    name: str | None = None,
) -> Dataset:
    """Load every picture in a folder, at any depth, or in a `.zip`; a tenth of them is held out.

    Pictures are those whose suffix Pillow can open, in the order of their names; hidden files and `__MACOSX`
    are passed over. Each is decoded by `fgan.data.decode.decode`. The result is grey if every picture is
    stored as grey, and RGB otherwise.

    Args:
        path: a folder or a `.zip`, which is read in memory and never extracted.
        image_size: side of the squares, in pixels; 32 unless told.
        strict: refuse the first picture that cannot be read; otherwise such pictures are skipped and named.
        say: told of skipped pictures and of a size that was assumed.
        name: what to call the data set; the path unless told.

    Raises:
        DataError: the path cannot be read, an archive has unsafe names, `image_size` is no positive number,
            fewer than 2 pictures can be read, or (with strict) one cannot.
    """
    path = Path(path)
    size = DEFAULT_SIZE if image_size is None else _checked_size(image_size)
    with _entries(path) as entries:
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
    if image_size is None and any(picture.size != (size, size) for picture in decoded):
        say(f"Images are resized and cropped to {size}x{size}; set the image size for another.")
    return image_dataset(name or str(path), *split(torch.from_numpy(_stack(decoded))))


def _checked_size(image_size: int) -> int:
    if isinstance(image_size, bool) or not isinstance(image_size, int) or image_size < 1:
        raise DataError(
            f"The image size must be a positive whole number of pixels; got {image_size!r}. Try 32."
        )
    return image_size


@contextmanager
def _entries(path: Path) -> Iterator[list[Entry]]:
    """Open a folder or an archive and list its pictures in the order of their names."""
    if path.is_dir():
        yield _folder_entries(path)
        return
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"Images come from a folder or from a zip archive that is whole; {path} is neither ({error}). "
            "Check the path, or make the archive again."
        ) from error
    with archive:
        yield _archive_entries(archive, path)


def _folder_entries(folder: Path) -> list[Entry]:
    def refuse(error: OSError) -> None:
        raise DataError(f"Every folder of images must be readable; {error}. Mend its permissions.") from error

    found: list[Path] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link that leads back to a folder already read
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        # Reading a pipe would wait for ever.
        found.extend(path for file in files if (path := Path(place, file)).is_file())
    named = [(path.relative_to(folder).as_posix(), path.read_bytes) for path in found]
    return _only_pictures(named)


def _archive_entries(archive: zipfile.ZipFile, path: Path) -> list[Entry]:
    members = archive.infolist()
    for member in members:
        _refuse_unsafe(member.filename, path)
    return _only_pictures(
        [(m.filename, partial(_read_member, archive, m)) for m in members if not m.is_dir()]
    )


def _refuse_unsafe(member: str, path: Path) -> None:
    name = PureWindowsPath(member)  # knows both slashes and drives: an archive may come from anywhere
    if name.anchor or ".." in name.parts:
        raise DataError(
            f'A zip archive must hold relative names without ".."; {path} holds {member!r}, so all of it '
            "is refused. Make the archive again from inside its folder."
        )


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.file_size > LARGEST_MEMBER:
        raise BrokenImageError(f"{member.file_size} bytes unpacked, more than {LARGEST_MEMBER}")
    try:
        return archive.read(member)
    except _DAMAGED_MEMBER as error:
        raise BrokenImageError(str(error)) from error


def _only_pictures(entries: Sequence[Entry]) -> list[Entry]:
    suffixes = extensions()

    def wanted(name: str) -> bool:
        path = PurePosixPath(name)
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
        return path.suffix.lower() in suffixes and not hidden

    return sorted((entry for entry in entries if wanted(entry[0])), key=lambda entry: entry[0])


def _decode_all(entries: list[Entry], size: int, strict: bool, say: Say, path: Path) -> list[Decoded]:
    """Decode in parallel (Pillow lets go of the interpreter's lock); skip, name and count what is broken."""
    from tqdm import tqdm

    decoded: list[Decoded] = []
    broken: list[str] = []
    pool = ThreadPoolExecutor()
    try:
        results = pool.map(lambda entry: _try_decode(entry, size), entries)
        silent = not on_a_terminal(sys.stderr)
        for name, result in tqdm(results, "reading images", len(entries), leave=False, disable=silent):
            if isinstance(result, Decoded):
                decoded.append(result)
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
