"""User callbacks: functions that a run calls during training, and that may stop it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from fgan.errors import FganError
from fgan.training.interruption import StopRequest
from fgan.training.telemetry import finite_or_none
from fgan.training.trainer import Trainer

METHODS = ("on_step", "on_log", "on_evaluation", "on_checkpoint")


class Stop(Enum):
    """The value that a callback returns to stop the run."""

    STOP = "stop"

    def __repr__(self) -> str:
        """Write its public name."""
        return "fgan.STOP"


STOP: Final = Stop.STOP
"""Return this from a callback to stop the run. A checkpoint is written first, so that the run can be resumed."""


class RunState:
    """The state of a run after a step, passed to `on_step`.

    Args:
        trainer: its state.
        run: the run directory.
    """

    def __init__(self, trainer: Trainer, run: Path) -> None:
        self._trainer, self.run = trainer, run
        self.step = trainer.steps_done
        self.steps = trainer.config.steps

    def metrics(self) -> dict[str, float | None]:
        """Return the losses and the bound, averaged since the last line of metrics. On a GPU this synchronises."""
        return {name: finite_or_none(value) for name, value in self._trainer.metrics().items()}

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Return n samples (n, ...) on the CPU, without changing the run's random state."""
        random = torch.Generator().manual_seed(seed)
        return self._trainer.frame.outward(self._trainer.sample_in_turn(n, random))


class Callbacks:
    """The callbacks of a run, called in the order given.

    Args:
        callbacks: objects with some of the methods `on_step(state)`, `on_log(step, metrics)`,
            `on_evaluation(step, metrics)` and `on_checkpoint(step, path)`.
        stop: receives the request when a callback returns `fgan.STOP`.

    Raises:
        FganError: for objects that are not callbacks, or for anything but a list of them.
    """

    failure: FganError | None = None
    """The first error that a callback raised; no callback is called after it."""

    def __init__(self, callbacks: Iterable[Any], stop: StopRequest) -> None:
        if not isinstance(callbacks, Iterable):
            raise FganError(f"callbacks must be a list; got {callbacks!r}. Write callbacks=[...].")
        callbacks = tuple(callbacks)
        for one in callbacks:
            if isinstance(one, type) or not any(callable(getattr(one, name, None)) for name in METHODS):
                raise FganError(
                    f"a callback must be an object with at least one of the methods {', '.join(METHODS)}; got {one!r}."
                )
            _require_known(one)
        self._stop = stop
        self._by_method = {
            name: tuple(one for one in callbacks if callable(getattr(one, name, None))) for name in METHODS
        }

    def on_step(self, trainer: Trainer, run: Path) -> None:
        """Call `on_step` after a step."""
        if self._by_method["on_step"]:
            self._call("on_step", trainer.steps_done, RunState(trainer, run))

    def on_log(self, step: int, metrics: Mapping[str, float | None]) -> None:
        """Call `on_log` with the metrics of a step."""
        self._call("on_log", step, step, metrics)

    def on_evaluation(self, step: int, metrics: Mapping[str, float | None]) -> None:
        """Call `on_evaluation` with the result of an evaluation."""
        self._call("on_evaluation", step, step, metrics)

    def on_checkpoint(self, step: int, path: Path) -> None:
        """Call `on_checkpoint` after a checkpoint was written."""
        self._call("on_checkpoint", step, step, path)

    def _call(self, method: str, step: int, *what: object) -> None:
        for callback in self._by_method[method]:
            if self.failure:
                return
            name = type(callback).__name__
            try:
                answer = getattr(callback, method)(*what)
            except Exception as error:
                self.failure = FganError(
                    f"the callback {name} raised in {method}() at step {step}: {type(error).__name__}: {error}. "
                    "Everything up to this step is saved; fix or remove the callback, then resume the run."
                )
                self.failure.__cause__ = error
                return
            if answer is STOP:
                self._stop.ask(name)
            elif answer is not None:
                self.failure = FganError(
                    f"a callback must return None, or fgan.STOP to stop the run; {name}.{method}() returned {answer!r} "
                    f"at step {step}. Fix the callback, then resume the run."
                )


def _require_known(callback: object) -> None:
    """Refuse a method whose name looks like a misspelt callback; other methods, as of another library, are fine."""
    lacking = [name for name in METHODS if not hasattr(callback, name)]
    for name in dir(callback):
        if name.startswith("on_") and (near := difflib.get_close_matches(name, lacking, n=1, cutoff=0.8)):
            raise FganError(
                f'{type(callback).__name__}.{name}() would never be called. Did you mean "{near[0]}"?'
            )


NONE: Final = Callbacks((), StopRequest())
