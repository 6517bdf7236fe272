"""Stop requests: Ctrl-C, SIGTERM and callbacks end a run after the current step."""

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
    """A stop request arrived during work that need not be finished."""


class StopRequest:
    """While entered, record the first SIGINT or SIGTERM; a second one has its usual effect.

    It records nothing outside the main thread, where Python delivers no signals, and no signal that the process
    ignores, as under `nohup` or in a comparison.

    Args:
        ranks: processes that train together. Any of them may receive the request; all stop after the same step.
    """

    def __init__(self, ranks: Ranks = ALONE) -> None:
        self._ranks = ranks
        self._noted: Signals | None = None
        self._asked_by = ""
        self._before: dict[Signals, Handler] = {}
        self._at_once = False

    def __enter__(self) -> StopRequest:
        """Start listening for signals."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the signal handlers."""
        self._restore()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside, react to requests immediately instead of after the current step.

        Raises:
            StoppedError: when a request arrives, or has arrived before.
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
        """The signal to act on now, if any."""
        return self._ranks.heeded(self._noted)

    @property
    def by(self) -> str | None:
        """The name of the signal or callback that requested the stop, if any."""
        heeded = self.signal
        return None if heeded is None else self._asked_by or heeded.name

    def ask(self, by: str) -> None:
        """Request a stop, as a signal does; `by` is the name of a callback."""
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
