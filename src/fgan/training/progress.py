"""The progress bar of a run, and lines for people above it."""

from __future__ import annotations

import time
from collections.abc import Callable

from fgan.output import Pace, Say, for_people, progress_bar

SECONDS_BETWEEN_GLANCES = 0.25


class Progress:
    """A bar on a terminal or in a notebook; elsewhere, or where it is not wanted, only lines.

    Args:
        steps: of the whole run.
        say: receives lines where there is no bar.
        wanted: whether to show a bar on a terminal.
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
        """Set the bar to the first step."""
        self.bar.n = self.bar.initial = step
        self._glanced = time.perf_counter()

    def show(self, step: int, text: Callable[[], str]) -> None:
        """Move the bar to a step.

        Args:
            step: steps done.
            text: returns what is shown beside it; asked a few times a second, since it may make a GPU wait.
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
        """Say a line, above the bar where there is one."""
        if self.shown:
            with self.bar.external_write_mode(for_people()):
                self._say(text)
        else:
            self._say(text)
