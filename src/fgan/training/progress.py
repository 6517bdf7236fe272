"""The progress bar of a run, and lines for people above it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tqdm import tqdm

from fgan.output import Say, on_a_terminal

SECONDS_BETWEEN_GLANCES = 0.25


class Progress:
    """A bar on a terminal; elsewhere, or where it is not wanted, only lines.

    Args:
        steps: of the whole run.
        say: receives lines where there is no bar.
        wanted: whether to show a bar on a terminal.
    """

    def __init__(self, steps: int, say: Say, *, wanted: bool) -> None:
        shown = wanted and on_a_terminal(sys.stderr)
        self.bar, self._say = tqdm(total=steps, disable=not shown, unit="step", dynamic_ncols=True), say
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
            self.bar.write(text, file=sys.stderr)
        else:
            self._say(text)
