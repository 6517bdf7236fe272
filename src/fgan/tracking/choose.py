"""Trackers by name."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable

from fgan.errors import FganError, did_you_mean
from fgan.output import Say
from fgan.tracking.tracker import Opening, Tracked
from fgan.training.run_directory import RunDirectory

TRACKERS = ("tensorboard", "wandb", "trackio")
"""For each: a module of this package with a function `open_run`, a required package, and an extra of fgan."""


def checked_trackers(log_to: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names of trackers, after checking that each is known and installed.

    Args:
        log_to: names, or one string of names separated by commas.

    Raises:
        FganError: for an unknown name, or a package that is missing.

    >>> checked_trackers(""), checked_trackers(())
    ((), ())
    """
    if isinstance(log_to, str):
        log_to = [name.strip() for name in log_to.split(",")] if log_to.strip() else []
    names = tuple(dict.fromkeys(log_to)) if isinstance(log_to, Iterable) else (log_to,)
    for name in names:
        if name not in TRACKERS:
            raise FganError(
                f'unknown tracker "{name}".{did_you_mean(str(name), TRACKERS)} --log-to takes '
                f"{', '.join(TRACKERS)}, separated by commas."
            )
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise FganError(
            f"--log-to {','.join(missing)} needs a package that is not installed. Run: "
            f'pip install "fgan[{",".join(missing)}]".'
        )
    return names


def trackers_of(names: Iterable[str], run: RunDirectory, say: Say) -> tuple[Tracked, ...]:
    """Return the trackers of a run as loggers.

    Args:
        names: as `checked_trackers` returns them.
        run: the run directory.
        say: receives lines for people.
    """
    return tuple(Tracked(name, lambda name=name: _opening(name), run, say) for name in names)


def _opening(name: str) -> Opening:
    return importlib.import_module(f"fgan.tracking.{name}").open_run
