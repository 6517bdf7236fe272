"""The progress bar of a run, and messages above it."""

from __future__ import annotations

import time
from collections.abc import Callable

from fgan.output import Pace, Say, for_people, progress_bar

SECONDS_BETWEEN_GLANCES = 0.25


class Progress:
    """A progress bar in a terminal or notebook; elsewhere, or if not wanted, only messages.

    Args:
        steps: of the whole run.
        say: receives messages if there is no bar.
        wanted: whether to show a bar.
    """

    def __init__(self, steps: int, say: Say, *, wanted: bool) -> None:
        self.bar, self._say = progress_bar(steps, shown=wanted), say
        self._pace = Pace(steps) if wanted else None
        self._glanced = 0.0

    @property
    def shown(self) -> bool:
        """Whether there is a bar."""
        return not self.bar.disable

    def begin(self, step: int) -> None:
        """Start the bar at this step."""
        self.bar.n = self.bar.initial = step
        self._glanced = time.perf_counter()

    def show(self, step: int, text: Callable[[], str]) -> None:
        """Move the bar to a step.

        Args:
            step: steps done.
            text: returns the text beside the bar; called a few times per second only, since it may synchronise a GPU.
        """
        if self._pace:
            for line in self._pace.lines(step, regularly=not self.shown):
                self.line(line)
        if not self.shown:
            return
        self.bar.update(step - self.bar.n)
        now = time.perf_counter()
        if now - self._glanced > SECONDS_BETWEEN_GLANCES:
            self._glanced = now
            self.bar.set_postfix_str(text(), refresh=False)

    def line(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        if self.shown:
            with self.bar.external_write_mode(for_people()):
                self._say(text)
        else:
            self._say(text)
