"""Stopping on request: Ctrl-C, SIGTERM and callbacks end a run after the step in hand."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import Signals
from types import FrameType, TracebackType
from typing import Any

from fgan.training.ranks import ALONE, Ranks

Handler = Callable[[int, FrameType | None], Any] | int | None


class StoppedError(KeyboardInterrupt):
    """A stop request came in the middle of work that need not be finished."""


class StopRequest:
    """While entered, note the first SIGINT or SIGTERM; a second one acts as it always does.

    Outside the main thread, where Python delivers no signals, it notes nothing, nor does it note one that the process
    was told to ignore, as `nohup` and a comparison do.

    Args:
        ranks: processes that train together, of which any may be asked; all heed it after the same step.
    """

    def __init__(self, ranks: Ranks = ALONE) -> None:
        self._ranks = ranks
        self._noted: Signals | None = None
        self._asked_by = ""
        self._before: dict[Signals, Handler] = {}
        self._at_once = False

    def __enter__(self) -> StopRequest:
        """Begin to listen."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        self._restore()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Do not wait within, as for a step in hand.

        Raises:
            StoppedError: when a request comes, or has come.
        """
        self._at_once = True
        try:
            if self._noted:
                raise StoppedError
            yield
        finally:
            self._at_once = False

    @property
    def signal(self) -> Signals | None:
        """The signal that is to be heeded now, if one is."""
        return self._ranks.heeded(self._noted)

    @property
    def by(self) -> str | None:
        """Who asked for what is to be heeded now: a signal's name, or a callback's."""
        heeded = self.signal
        return None if heeded is None else self._asked_by or heeded.name

    def ask(self, by: str) -> None:
        """Stop as a signal does; for a callback, by its name."""
        if not self._noted:
            self._noted, self._asked_by = signal.SIGTERM, by

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._noted, self._asked_by = Signals(number), ""
        self._restore()
        if self._at_once:
            raise StoppedError

    def _restore(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)
