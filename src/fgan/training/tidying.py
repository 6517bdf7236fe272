"""What a run directory holds of later steps, of interrupted writes, and of damage: removed or set aside."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fgan.errors import RunError
from fgan.files import replace_durably, set_aside, sweep
from fgan.training.checkpoint import Checkpoints
from fgan.training.config import TrainConfig
from fgan.training.run_directory import RunDirectory
from fgan.training.run_files import gap_of, read_log
from fgan.training.status import Status

PICTURE = re.compile(r"step-([0-9]{8,15})\.png")


def tidy(run: RunDirectory, *checkpoints: Checkpoints) -> None:
    """Prepare a run directory for training: remove what a crash left, and set aside what is damaged.

    Args:
        run: locked by this process.
        checkpoints: its regular and best ones, which are pruned.

    Raises:
        RunError: if the system refuses.
    """
    with run.writing():
        for folder in (run.path, run.path / "samples", *(one.folder for one in checkpoints)):
            sweep(folder)
        for one in checkpoints:
            one.set_unusable_aside()
            one.prune()
        for path in run.logs:
            if not read_log(path).readable:
                aside = set_aside(path)
                run.say_once(f"{path} cannot be read as a log; it was renamed to {aside.name}")
        _set_status_aside(run)


def _set_status_aside(run: RunDirectory) -> None:
    if run.status_path.exists():
        try:
            Status.read(run.status_path)
        except RunError as error:
            aside = set_aside(run.status_path)
            run.say_once(f"{error} It was renamed to {aside.name}, and training continues without it.")


def note_gaps(run: RunDirectory, config: TrainConfig, step: int) -> None:
    """Say which lines logs lack that a run at this step has written; an evaluation at the step itself may be due."""
    for path, every, last in (
        (run.metrics_path, config.log_every, step),
        (run.evaluations_path, config.evaluate_every, step - 1),
    ):
        if every and (gap := gap_of(read_log(path), every, last)):
            run.say_once(f"{path}: {gap}; training continues without")


def supersede(run: RunDirectory, log_every: int, sample_every: int) -> None:
    """Remove what the last end left and an uninterrupted run would not have: its status, log line and picture.

    A log line between two regular ones is removed: a killed run has no status, but may have been about to stop at its
    last checkpoint. So is the last picture of a stopped run; that of a finished one stays.

    Raises:
        RunError: if the system refuses.
    """
    status, steps = run.status(), run.checkpoints().steps()
    if status is None and not steps:
        return
    step = status.step if status else steps[-1]
    with run.writing():
        for path in (run.metrics_path, run.speed_path) if step % log_every else ():
            _keep_lines(run, path, lambda values: values["step"] != step)
        if status and status.state == "stopped" and (not sample_every or step % sample_every):
            run.sample_path(step).unlink(missing_ok=True)
        run.status_path.unlink(missing_ok=True)


def forget_after(run: RunDirectory, checkpoints: Checkpoints, step: int) -> None:
    """Remove checkpoints, logs and pictures of later steps, which will be computed again.

    Raises:
        RunError: if the system refuses.
    """
    with run.writing():
        checkpoints.forget_after(step)
        run.best_checkpoints().forget_after(step)
        for path in run.logs:
            _keep_lines(run, path, lambda values: values["step"] <= step)
        for picture in (run.path / "samples").glob("step-*.png"):
            found = PICTURE.fullmatch(picture.name)
            if found and int(found[1]) > step and picture.is_file():
                picture.unlink()


def _keep_lines(run: RunDirectory, path: Path, keep: Callable[[dict[str, Any]], bool]) -> None:
    """Rewrite a log with some of its readable lines."""
    log = read_log(path)
    if log.damage:
        run.say_once(f"{path}: {log.damage}; it is left out")
    kept = b"".join(line for line, values in log.lines if keep(values))
    if path.is_file() and path.read_bytes() != kept:
        replace_durably(path, kept)
