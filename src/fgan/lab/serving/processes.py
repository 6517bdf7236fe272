"""Processes of the lab: each has a pipe, and ends when the server ends, however it ended. Without torch."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext

SECONDS_BETWEEN_LOOKS = 0.5
ORPHANED = 1
"""The exit code of a process whose server has ended."""
MOST_WAITING = 16 << 20
"""Bytes that wait for a process which does not read."""
_starting = threading.Lock()
"""The fork server takes one request at a time."""


def context() -> ForkServerContext | SpawnContext:
    """Return how processes start here."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    return multiprocessing.get_context("forkserver")


def preload(target: str) -> None:
    """Let a fork server import the module of a target once: that is most of what a process takes to start."""
    processes = context()
    if isinstance(processes, ForkServerContext):
        processes.set_forkserver_preload([target.partition(":")[0], __name__])


class Worker:
    """A process with a pipe. Neither sending nor receiving makes its owner wait.

    Args:
        target: the function that it runs, which takes the other end of the pipe: "module:name".
    """

    def __init__(self, target: str) -> None:
        processes = context()
        self._pipe, theirs = processes.Pipe()
        self._process = processes.Process(target=run, args=(target, theirs), name=target, daemon=True)
        with _starting:
            self._process.start()
        theirs.close()  # the last copy is the process's own, so that its end is seen
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._waiting, self._counting = 0, threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process's number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.is_alive()

    def attach(self, receive: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        """Call `receive` for each message of the process, and `ended` after the last, both from a thread."""
        writer = threading.Thread(target=self._write, name="lab-write", daemon=True)
        writer.start()
        threading.Thread(
            target=self._read, args=(receive, ended, writer), name="lab-read", daemon=True
        ).start()

    def send(self, message: bytes) -> bool:
        """Send a message once the process reads it; False if too much waits already."""
        with self._counting:
            if self._waiting + len(message) > MOST_WAITING:
                return False
            self._waiting += len(message)
        self._outgoing.put(message)
        return True

    def ask(self, message: bytes, seconds: float) -> bytes:
        """Send a message and return the answer, of a process that nothing is attached to.

        Raises:
            TimeoutError: if there is none in time; the process still works on it.
            EOFError: if the process has ended.
        """
        try:
            self._pipe.send_bytes(message)
            if not self._pipe.poll(seconds):
                raise TimeoutError
            return self._pipe.recv_bytes()
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise EOFError from error

    def stop(self) -> None:
        """End the process. There is nothing that it would have to finish."""
        self._process.kill()
        self._outgoing.put(None)

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._process.join(seconds)

    def _read(
        self, receive: Callable[[bytes], None], ended: Callable[[], None], writer: threading.Thread
    ) -> None:
        with suppress(EOFError, OSError):
            while True:
                receive(self._pipe.recv_bytes())
        self.stop()
        writer.join()
        self._pipe.close()
        ended()

    def _write(self) -> None:
        with suppress(OSError):
            while (message := self._outgoing.get()) is not None:
                self._pipe.send_bytes(message)
                with self._counting:
                    self._waiting -= len(message)


def run(target: str, pipe: Connection) -> None:
    """Run a function in this process, which `Worker` has started."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server
    threading.Thread(target=_end_with_parent, name="lifeline", daemon=True).start()
    module, _, name = target.partition(":")
    getattr(importlib.import_module(module), name)(pipe)


def _end_with_parent() -> None:
    """End this process with the one that asked for it. A fork server in between ends with it too."""
    parent, nearest = parent_process(), os.getppid()
    assert parent is not None, "this process was started by multiprocessing"
    while not wait([parent.sentinel], SECONDS_BETWEEN_LOOKS) and os.getppid() == nearest:
        pass
    os._exit(ORPHANED)
