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

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def exclusive(folder: Path, writing: Callable[[], AbstractContextManager[None]]) -> Iterator[bool]:
    """Hold a folder for this process alone; yields whether that can be known.

    Args:
        folder: a run directory.
        writing: turns what the system refuses into an error that says what to do.

    Raises:
        TakenError: where another process holds it.
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


def lines_of(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Return the lines of a log, if there is one, and what they hold, up to the first that a crash damaged."""
    content = path.read_bytes() if path.exists() else b""
    for line in content[: content.rfind(b"\n") + 1].splitlines(keepends=True):
        try:
            values = json.loads(line)
        except ValueError:  # cut short, or never written and full of zeros
            return
        yield line, values
