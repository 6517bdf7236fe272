"""The common part of trackers: names of metrics, and handling of failures, which never stop a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from torch import Tensor

from fgan.output import Say
from fgan.training.config import TrainConfig
from fgan.training.run_directory import RunDirectory

if TYPE_CHECKING:
    from PIL.Image import Image

GROUPS = {"metrics": "train", "speed": "speed", "evaluations": "eval"}
"""Prefix of metrics by kind, as in train/critic_loss."""


class Tracker(Protocol):
    """A run that is open in a tracker."""

    def go_back(self, step: int) -> None:
        """Discard later steps, if possible; they will be logged again."""
        ...

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers by name, such as train/critic_loss."""
        ...

    def picture(self, step: int, picture: Image) -> None:
        """Log a picture of samples."""
        ...

    def close(self, state: str | None) -> None:
        """Finish.

        Args:
            state: how the run ended, as `Status.state`; None if unknown.
        """
        ...


class Opening(Protocol):
    """The function `open_run` of a tracker's module."""

    def __call__(self, run: Path, config: TrainConfig, step: int) -> Tracker:
        """Start or continue the tracker's run.

        Args:
            run: the run directory.
            config: its recipe.
            step: everything after this step is logged, again or for the first time.
        """
        ...


class Tracked:
    """A tracker as a logger. It opens when the run starts; if it fails, this is printed once and the run continues.

    Args:
        name: of the tracker.
        find: returns the function that opens it; may import a heavy package.
        run: the run directory.
        say: receives messages as lines of text.
    """

    def __init__(self, name: str, find: Callable[[], Opening], run: RunDirectory, say: Say) -> None:
        self._name, self._find, self._run, self._say = name, find, run, say
        self._open: Tracker | None = None
        self._failed = False

    def begin(self, step: int) -> None:
        """Open it, or tell it that later steps will be logged again."""
        self._try(lambda: self._begin(step))

    def _begin(self, step: int) -> None:
        if self._open:
            self._open.go_back(step)
        else:
            self._open = self._find()(self._run.path, self._run.config(), step)

    def log(self, step: int, metrics: Mapping[str, float | None], kind: str) -> None:
        """Log the finite numbers."""
        values = {f"{GROUPS[kind]}/{name}": value for name, value in metrics.items() if value is not None}
        self._try(lambda: self._open and self._open.numbers(step, values))

    def images(self, step: int, samples: Tensor, picture: Image) -> None:
        """Log the picture."""
        self._try(lambda: self._open and self._open.picture(step, picture))

    def close(self) -> None:
        """Finish, if it was opened and did not fail."""
        self._try(self._close)

    def _close(self) -> None:
        opened, self._open = self._open, None
        if opened:
            status = self._run.status()
            opened.close(status.state if status else None)

    def _try(self, act: Callable[[], object]) -> None:
        if self._failed:
            return
        try:
            act()
        except Exception as error:
            self._failed = True
            self._say(
                f"{self._name} failed and gets no more data ({type(error).__name__}: {error}). Training continues; "
                f"all results are in {self._run.path}."
            )


def kept(path: Path, make: Callable[[], str]) -> str:
    """Return the content of a file in the run directory, created at the first call."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


def comparison_of(run: Path) -> str | None:
    """Return the name of the comparison that contains a run directory (absolute path); None if there is none."""
    return run.parent.name if (run.parent / "comparison.json").is_file() else None
