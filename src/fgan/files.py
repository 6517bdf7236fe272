"""Files that a reader, or a crash, meets whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from fgan.errors import DataError


def cache_folder() -> Path:
    """Return where downloads and other things that can be made again are kept: `$FGAN_CACHE`, or the system's own."""
    chosen = os.environ.get("FGAN_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("fgan")


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, content: bytes) -> None:
    """Give a file its new content, or leave the old one there and nothing beside it.

    Raises:
        OSError: where the system refuses.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write_durably(aside, content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


def save_file(path: Path, content: bytes, what: str) -> None:
    """Write a file that a user asked for, and the folders to it.

    Raises:
        DataError: where the system refuses; `what` names the thing, as in "A picture".
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_durably(path, content)
    except OSError as error:
        raise DataError(
            f"{what} needs a place that can be written to; {path} cannot ({error}). Choose another."
        ) from error


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
