"""Where a run's numbers and pictures go: first to its run directory, then to user loggers and callbacks."""

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
    """Receives the numbers and pictures of one run during training.

    Steps come in order, except that a run which rolls back to a checkpoint or is resumed logs later steps again. If a
    logger has a method `begin(step)`, it is called when the run starts, resumes, or rolls back to a step.
    """

    def log(self, step: int, metrics: Mapping[str, float | None], kind: str) -> None:
        """Receive the numbers of a step.

        Args:
            step: generator steps done.
            metrics: values by name; None means not finite.
            kind: "metrics" every `log_every` steps (losses, bound and telemetry), "speed" together with those
                (`samples_per_second`), or "evaluations" every `evaluate_every` steps.
        """
        ...

    def images(self, step: int, samples: Tensor, picture: Image) -> None:
        """Receive samples of a step, every `sample_every` steps and at the end.

        Args:
            step: generator steps done.
            samples: (n, ...) on the CPU; images are (n, C, H, W) in [0, 1].
            picture: the picture saved in the run directory: a grid of images, or a plot of vectors.
        """
        ...

    def close(self) -> None:
        """Finish; called when the run has ended or failed."""
        ...


class RunLogger:
    """The run directory as a logger: a JSON line for each call of `log`, a PNG for each of `images`.

    Args:
        run: the run directory.
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
        """Do nothing: each line is written at once, and synced before a checkpoint is written."""


class Loggers:
    """The run directory and the user's loggers, called in this order.

    Errors of the run directory are raised at once. An error of a user's logger is kept as `failure`, so that the step
    can finish first; after it no user logger is called again.

    Args:
        run: the run directory.
        others: the user's loggers.
        callbacks: receive the numbers last.
    """

    failure: FganError | None = None

    def __init__(self, run: RunDirectory, others: Sequence[Logger] = (), callbacks: Callbacks = NONE) -> None:
        self._own, self._others, self._callbacks = RunLogger(run), others, callbacks

    def begin(self, step: int) -> None:
        """Tell loggers that have `begin` after which step everything is logged, again or for the first time."""
        self._pass_on("begin", step, among=[one for one in self._others if hasattr(one, "begin")])

    def log(self, step: int, metrics: Mapping[str, float | str | None], kind: str) -> None:
        """Pass on the numbers of a step; text values stay in the run directory."""
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
    """Return loggers as a tuple.

    Raises:
        FganError: for objects that are not a `Logger`, or for anything but a list of them.
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
    """Close every logger at the end, whatever happens inside.

    Raises:
        FganError: if a logger cannot be closed. An error from inside takes precedence and gets a note.
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
