"""Write files atomically and durably: after a crash, a file is complete or absent."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from pathlib import Path

import platformdirs

from fgan.errors import DataError
from fgan.owner import OWNER, has_died, is_running

GONE = ".gone"
"""End of the hidden name of what is being removed."""
LEFTOVER = re.compile(
    rf"\.(?:step-[0-9]+\.(?:part|gone)|.+\.(?:(?P<process>[0-9]+)\.part|(?P<owner>{OWNER})))"
)
STALE_SECONDS = 3600.0
"""A file that another process writes is done or abandoned after this time."""


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


def in_the_way(error: OSError) -> str:
    """Return sentences about the file where a folder must be, or the reverse, that caused an error; else nothing."""
    for name in filter(None, (error.filename2, error.filename)):
        path = Path(name)
        if isinstance(error, IsADirectoryError) and path.is_dir():
            return f"{path} is a folder, but a file must be there. Move it away, or delete it."
        if isinstance(error, (FileExistsError, NotADirectoryError)):
            there = next((one for one in (path, *path.parents) if os.path.lexists(one)), path)
            if not there.is_dir():
                return f"{there} is not a folder, but a folder must be there. Move it away, or delete it."
    return ""


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
        why = in_the_way(error) or f"{error.strerror or error}."
        raise DataError(f"{what} cannot be written to {path}: {why} Or choose another place.") from error


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


def digest_of(content: bytes) -> str:
    """Return the SHA-256 digest in hexadecimal digits, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()


def remove_folder(folder: Path) -> None:
    """Remove a folder, or what is in its place, so that at every moment it is there as a whole or not at all.

    Raises:
        OSError: if the system refuses; the folder is then unchanged.
    """
    gone = folder.with_name(f".{folder.name}{GONE}")
    _erase(gone)
    folder.rename(gone)
    sync_folder(folder.parent)
    _erase(gone)


def set_aside(path: Path) -> Path:
    """Rename a damaged file or folder to `.damaged-NAME` beside it, and return its new path.

    Raises:
        OSError: if the system refuses.
    """
    aside, number = path.with_name(f".damaged-{path.name}"), 1
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f".damaged-{path.name}-{number}")
    path.rename(aside)
    sync_folder(path.parent)
    return aside


def sweep(folder: Path, name: str = "") -> None:
    """Remove what interrupted writes and removals left in a folder; other hidden files stay.

    Args:
        folder: may be missing.
        name: remove only what was to become this file or folder; for folders that others write to as well.

    Raises:
        OSError: if the folder cannot be read, or is none.
    """
    start = f".{name}." if name else "."
    for path in list(folder.iterdir()) if folder.exists() else ():
        found = LEFTOVER.fullmatch(path.name)
        if found and path.name.startswith(start) and not _is_being_written(path, found):
            _erase(path)


def _is_being_written(path: Path, found: re.Match[str]) -> bool:
    """Whether another process may still be writing a file."""
    process, owner = found["process"], found["owner"]
    # A process of an earlier container may have had this one's number.
    if not owner and (process is None or int(process) == os.getpid()):
        return False
    try:
        fresh = time.time() - path.stat().st_mtime < STALE_SECONDS
    except FileNotFoundError:
        return False
    return fresh and (not has_died(owner) if owner else is_running(int(process)))


def _erase(path: Path) -> None:
    """Remove what nobody reads any more; what cannot be removed now, such as a file open over NFS, is swept later."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
