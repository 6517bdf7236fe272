"""Where a run's numbers and pictures go: into its run directory first, then to loggers and callbacks of the user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from torch import Tensor

from fgan.data import save_picture
from fgan.errors import FganError
from fgan.training.callbacks import NONE, Callbacks
from fgan.training.run_directory import RunDirectory

if TYPE_CHECKING:
    from PIL.Image import Image


@runtime_checkable
class Logger(Protocol):
    """Receives the numbers and pictures of one run as they are made.

    Steps come in order, but a run that goes back to a checkpoint, or is resumed, logs the steps after it again. A
    logger that has a method `begin(step)` is told so: when the run begins, goes on, or goes back to a step.
    """

    def log(self, step: int, metrics: Mapping[str, float | None], kind: str) -> None:
        """Take the numbers of a step.

        Args:
            step: generator steps done.
            metrics: by name; None where there is no finite number.
            kind: "metrics" every `log_every` steps (losses, bound and telemetry), "speed" with each of those
                (`samples_per_second`), "evaluations" every `evaluate_every` steps.
        """
        ...

    def images(self, step: int, samples: Tensor, picture: Image) -> None:
        """Take samples of a step, every `sample_every` steps and at the end.

        Args:
            step: generator steps done.
            samples: (n, ...) on the CPU; images are (n, C, H, W) in [0, 1].
            picture: the same as drawn for the run directory: a grid of images, or a plot of vectors.
        """
        ...

    def close(self) -> None:
        """Finish: the run has ended, or failed."""
        ...


class RunLogger:
    """The run directory as a logger: a JSON line for each call of `log`, a PNG for each of `images`.

    Args:
        run: where to.
    """

    def __init__(self, run: RunDirectory) -> None:
        self.run = run

    def log(self, step: int, metrics: Mapping[str, float | str | None], kind: str) -> None:
        """Append a line to the log of this kind."""
        self.run.append(kind, step, metrics)

    def images(self, step: int, samples: Tensor, picture: Image) -> None:
        """Save the picture."""
        with self.run.writing():
            save_picture(picture, self.run.sample_path(step))

    def close(self) -> None:
        """Do nothing: every line is written at once, and synced before a checkpoint counts on it."""


class Loggers:
    """The run directory and the user's loggers, told in this order.

    An error of the run directory is raised at once. One of a user's logger is kept as `failure`, so that the step
    is finished first; from then on the user's loggers are told nothing more.

    Args:
        run: the run directory.
        others: the user's.
        callbacks: told the numbers last.
    """

    failure: FganError | None = None

    def __init__(self, run: RunDirectory, others: Sequence[Logger] = (), callbacks: Callbacks = NONE) -> None:
        self._own, self._others, self._callbacks = RunLogger(run), others, callbacks

    def begin(self, step: int) -> None:
        """Pass on from which step on everything is logged, again or for the first time, to those that want to know."""
        self._pass_on("begin", step, among=[one for one in self._others if hasattr(one, "begin")])

    def log(self, step: int, metrics: Mapping[str, float | str | None], kind: str) -> None:
        """Pass on the numbers of a step; what is said in words stays in the run directory."""
        self._own.log(step, metrics, kind)
        numbers = {name: value for name, value in metrics.items() if not isinstance(value, str)}
        self._pass_on("log", step, dict(numbers), kind)
        if kind == "metrics":
            self._callbacks.on_log(step, numbers)
        elif kind == "evaluations":
            self._callbacks.on_evaluation(step, numbers)

    def images(self, step: int, samples: Tensor, picture: Image) -> None:
        """Pass on the samples of a step."""
        self._own.images(step, samples, picture)
        self._pass_on("images", step, samples, picture)

    def _pass_on(self, method: str, step: int, *what: object, among: Sequence[Logger] | None = None) -> None:
        for logger in self._others if among is None else among:
            if self.failure:
                return
            try:
                getattr(logger, method)(step, *what)
            except Exception as error:
                self.failure = _failure(logger, f"{method}() at step {step}", error)


def checked_loggers(loggers: Iterable[Logger]) -> tuple[Logger, ...]:
    """Return loggers as they may be used more than once.

    Raises:
        FganError: for what is no `Logger`, or not several.
    """
    if not isinstance(loggers, Iterable):
        raise FganError(f"loggers must be a list; got {loggers!r}. Write loggers=[...].")
    found = tuple(loggers)
    for logger in found:
        if isinstance(logger, type) or not isinstance(logger, Logger):
            raise FganError(
                "a logger must be an object with the methods log, images and close "
                f"(fgan.training.loggers.Logger); got {logger!r}."
            )
    return found


@contextmanager
def closing(loggers: Sequence[Logger]) -> Iterator[None]:
    """Close every logger in the end, whatever happens before.

    Raises:
        FganError: where one could not be closed. If what is inside failed, that is raised instead, with a note.
    """
    try:
        yield
    except BaseException as error:
        for failure in _close(loggers):
            error.add_note(str(failure))
        raise
    for failure in _close(loggers):
        raise failure


def _close(loggers: Iterable[Logger]) -> list[FganError]:
    failures = []
    for logger in loggers:
        try:
            logger.close()
        except Exception as error:
            failures.append(_failure(logger, "close()", error))
    return failures


def _failure(logger: Logger, where: str, error: Exception) -> FganError:
    failure = FganError(
        f"the logger {type(logger).__name__} raised in {where}: {type(error).__name__}: {error}. "
        "Everything up to this step is saved; fix or remove the logger, then resume the run."
    )
    failure.__cause__ = error
    return failure
