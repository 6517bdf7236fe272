"""A lock for file systems without locks: a file that names its owner, and that only one process can create."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fgan.errors import TakenError
from fgan.owner import has_died, owner_name

LOCK_FILE = ".lock"


@contextmanager
def lock_file(folder: Path) -> Iterator[None]:
    """Hold a folder by creating `.lock` in it, and remove the file at the end.

    The file of a process that has died on this Linux machine is taken over. One of another machine must be deleted by
    the user, since nothing tells whether its process lives.

    Raises:
        TakenError: if another process holds the folder, or may.
        OSError: if the folder cannot be written to.
    """
    path, owner = folder / LOCK_FILE, owner_name()
    while not _created(path, owner):
        other = _read(path)
        if other and not has_died(other):
            raise TakenError(
                f"another process is training {folder}: {other}, by {path}. Stop it first, or choose another --out. If "
                "it no longer runs, delete that file."
            )
        if other:
            _set_aside(path, owner, other)
    try:
        yield
    finally:
        if _read(path) == owner:
            path.unlink()


def _created(path: Path, owner: str) -> bool:
    try:
        with path.open("x") as file:
            file.write(owner)
    except FileExistsError:
        return False
    return True


def _read(path: Path) -> str:
    with suppress(FileNotFoundError):
        return path.read_text(errors="replace").strip() or "an unknown process"
    return ""


def _set_aside(path: Path, owner: str, dead: str) -> None:
    """Remove the file of a dead process, unless another process was faster and holds the folder now."""
    aside = path.with_name(f"{path.name}.{owner}")
    with suppress(FileNotFoundError):
        path.rename(aside)
        if (other := _read(aside)) != dead:
            _created(path, other)
        aside.unlink()
