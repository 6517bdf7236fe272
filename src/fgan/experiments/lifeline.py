"""Worker processes that end when their parent ends, however it ended. Without torch, whose import takes seconds.

A worker watches the pipe that `multiprocessing` keeps open as long as the parent lives. Unlike Linux's PR_SET_PDEATHSIG
it works on every system, has no race at the start, and does not depend on which thread started the worker. A process
that the parent forked may inherit the pipe and keep it open, so the parent's id is watched too.
"""

from __future__ import annotations

import os
import pickle
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait

SECONDS_BETWEEN_LOOKS = 0.5
ORPHANED = 1
"""The exit code of a worker whose parent has ended."""


def end_with_parent() -> None:
    """End this process, without any cleaning up, as soon as the one that started it has ended.

    Call it in a process started by `multiprocessing`. What it was writing is what a kill would leave.
    """
    threading.Thread(target=_watch, name="lifeline", daemon=True).start()


def call_with_lifeline(pickled: bytes, *more: object) -> None:
    """Call a function in a process that ends with its parent; the target of a `multiprocessing.Process`.

    Args:
        pickled: the function and its arguments, as `packed` returns them; read only once the parent is watched.
        more: further arguments, which `pickle` alone cannot carry, such as connections.
    """
    end_with_parent()
    function, *arguments = pickle.loads(pickled)
    function(*arguments, *more)


def packed(function: object, *arguments: object) -> bytes:
    """Return a function and its arguments for `call_with_lifeline`."""
    return pickle.dumps((function, *arguments))


def _watch() -> None:
    parent = parent_process()
    assert parent is not None, "this process was started by multiprocessing"
    while not wait([parent.sentinel], SECONDS_BETWEEN_LOOKS) and os.getppid() == parent.pid:
        pass
    os._exit(ORPHANED)
