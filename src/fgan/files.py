"""Write files atomically and durably: after a crash, a file is complete or absent."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from fgan.errors import DataError


def cache_folder() -> Path:
    """Return the folder for downloads and other reproducible files: `$FGAN_CACHE`, or the system's cache."""
    chosen = os.environ.get("FGAN_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("fgan")


def nothing_at(path: str | Path) -> str:
    """Return the sentence by which every verb says that a path does not exist.

    >>> nothing_at("photos")
    'photos does not exist.'
    """
    return f"{path} does not exist."


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, content: bytes) -> None:
    """Replace the content of a file, or leave the old content intact.

    Raises:
        OSError: if the system refuses.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write_durably(aside, content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


def save_file(path: Path, content: bytes, what: str) -> None:
    """Write a file that the user requested, and create its folders.

    Raises:
        DataError: if the system refuses; `what` names the content, as in "A picture".
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_durably(path, content)
    except OSError as error:
        raise DataError(f"{what} cannot be written to {path} ({error}). Choose another place.") from error


def size_of(path: Path) -> str:
    """Return a file's size in words, such as 12 kB."""
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


def sync_folder(folder: Path) -> None:
    """Wait until the disk knows the folder's names; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
