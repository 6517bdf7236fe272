"""Work that no page's trainer waits for, in a process of its own: one question at a time, in a time limit."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import suppress
from multiprocessing.connection import Connection

from fgan.errors import FganError
from fgan.lab.serving.processes import Worker

READY = b"ready"
SECONDS_TO_START = 120.0


class Helper:
    """A process that answers questions; it is replaced when it takes too long or ends.

    Args:
        function: what it calls for each, bytes to bytes: "module:name".
        seconds: the time limit of an answer.
    """

    def __init__(self, function: str, seconds: float) -> None:
        self._function, self._seconds = function, seconds
        self._process: Worker | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    async def ask(self, question: bytes) -> bytes:
        """Return the answer.

        Raises:
            FganError: if there is none in time, or the process ends over it.
        """
        async with self._turn:
            return await asyncio.to_thread(self._ask, question)

    def close(self) -> None:
        """End the process."""
        self._closed = True
        if self._process is not None:
            self._process.stop()

    def _ask(self, question: bytes) -> bytes:
        try:
            return self._started().ask(question, self._seconds)
        except TimeoutError:
            raise self._replaced(f"this took longer than {self._seconds:g} s and was stopped.") from None
        except EOFError:
            raise self._replaced(
                "the process that worked on this has ended, perhaps for lack of memory."
            ) from None

    def _started(self) -> Worker:
        if self._process is None:
            self._process = process = Worker("fgan.lab.serving.helper:answer_all")
            if self._closed:
                process.stop()
            process.ask(self._function.encode(), SECONDS_TO_START)
        return self._process

    def _replaced(self, why: str) -> FganError:
        if self._process is not None:
            self._process.stop()
            self._process = None  # the next question starts another
        return FganError(why)


def answer_all(pipe: Connection) -> None:
    """Answer questions until the pipe closes; the first names the function."""
    with suppress(EOFError, OSError):
        module, _, name = pipe.recv_bytes().decode().partition(":")
        function = getattr(importlib.import_module(module), name)
        pipe.send_bytes(READY)
        while True:
            pipe.send_bytes(function(pipe.recv_bytes()))
