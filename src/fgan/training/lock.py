"""A folder held by one process, so that two never train the same run at once."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from fgan.errors import TakenError

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[bool]:
    """Hold a folder until the end; the system lets go of it when the process ends, however it ends.

    Returns:
        Whether that can be known: some network file systems have no locks.

    Raises:
        TakenError: where another process holds it.
        OSError: where it cannot be opened.
    """
    if os.name == "nt":
        yield True
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    known = True
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError(
                f"another process is training {folder}. Stop it first, or use another --out."
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            known = False
        yield known
    finally:
        os.close(handle)
