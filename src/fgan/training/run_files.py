"""The files of a run directory: its lock, and the lines of its logs."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from fgan.errors import TakenError

TAIL = 8192
"""Bytes at the end of a log in which to look for its last line."""

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def exclusive(folder: Path, writing: Callable[[], AbstractContextManager[None]]) -> Iterator[bool]:
    """Lock a folder for this process; yields whether the file system supports locks.

    Args:
        folder: a run directory.
        writing: turns system errors into errors that say what to do.

    Raises:
        TakenError: if another process has locked it.
    """
    if os.name == "nt":
        yield True
        return
    import fcntl

    with writing():
        handle = os.open(folder, os.O_RDONLY)
    known = True
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError(
                f"another process is training {folder}. Stop it first, or choose another --out."
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            known = False
        yield known
    finally:
        os.close(handle)


def last_line(path: Path) -> dict[str, Any]:
    """Return the last complete line of a log; empty if the log is empty or missing.

    Raises:
        ValueError: if none of the last lines can be read.
    """
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - TAIL, 0))
        lines = file.read().split(b"\n")
    whole = lines[:-1] if size <= TAIL else lines[1:-1]
    for line in reversed(whole):
        with contextlib.suppress(ValueError):
            if isinstance(values := json.loads(line), dict):
                return values
    if not whole and size <= TAIL:  # the first line is being written
        return {}
    raise ValueError("none of its last lines are readable")


def lines_of(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield the lines of a log with their content, up to the first line damaged by a crash."""
    content = path.read_bytes() if path.exists() else b""
    for line in content[: content.rfind(b"\n") + 1].splitlines(keepends=True):
        try:
            values = json.loads(line)
        except ValueError:  # truncated, or zeros that were never overwritten
            return
        yield line, values
