"""Check whether a run can be started or resumed: settings, data and link must be the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from fgan.cores import go_on_with
from fgan.data.encoding import TableEncoding
from fgan.errors import DataError, RunError
from fgan.objectives import cooled
from fgan.training.checkpoint import SUMS, Checkpoints, RequireFit
from fgan.training.config import TrainConfig
from fgan.training.run_directory import RunDirectory
from fgan.training.trainer import Trainer
from fgan.training.unusable import DamagedError, ForeignError


def check_start(
    run: RunDirectory, config: TrainConfig, *, resume: bool, table: TableEncoding | None = None
) -> None:
    """Check, before anything is written, that a run can be started or resumed in a folder.

    Args:
        run: the folder.
        config: the recipe.
        resume: whether a run that is there continues.
        table: the encoding of the data, if they are a table and have been read.

    Raises:
        RunError: when starting, if the folder holds a run or other files; when resuming, if it is not a run, if its
            settings or its table differ.
    """
    if resume:
        _require_same(run, config)
        _require_same_table(run, table)
    else:
        _require_free(run)


def _require_free(run: RunDirectory) -> None:
    with run.writing():
        names = [path.name for path in run.path.iterdir()] if run.path.is_dir() else []
    if run.config_path.name in names:
        raise RunError(f"{run.path} already holds a run. Continue it with --resume, or choose another --out.")
    if any(not name.startswith(".") for name in names):
        raise RunError(f"{run.path} is not empty and does not hold a run. Choose another folder with --out.")


def _require_same(run: RunDirectory, config: TrainConfig) -> None:
    differences = run.config().differences(config)
    if differences:
        raise RunError(
            f"{run.path} was started with different settings ({'; '.join(differences)}). "
            "Resume with the same flags, or start a new run with another --out."
        )


def _require_same_table(run: RunDirectory, table: TableEncoding | None) -> None:
    """Refuse a table whose columns are encoded otherwise than those of the run: it holds other cells.

    Encoded cells alone do not show it: a column that is shifted or rescaled is encoded as before.

    Raises:
        RunError: if the table is another one.
    """
    if table is None or not run.table_path.is_file():
        return
    try:
        then = run.table()
    except (DataError, RunError):  # damaged: it is written again
        return
    if then is not None and then.to_json() != table.to_json():
        raise RunError(
            f"the table has changed since {run.path} was started: it has other cells. Restore the old data, pass the "
            "path where they are now, or start a new run with another --out."
        )


def begin_from(
    run: RunDirectory,
    trainer: Trainer,
    fingerprint: str,
    own: tuple[Checkpoints, Checkpoints],
    *,
    resume: bool,
) -> int | None:
    """Restore a trainer if a run is resumed, and have its checkpoints checked to be of this run from now on.

    Args:
        run: the run directory.
        trainer: built from the recipe and the data to continue with.
        fingerprint: of these data.
        own: the regular and the best checkpoints of the run.
        resume: whether the run is resumed.

    Returns:
        As `restore_newest`; None for a new run.

    Raises:
        RunError: as `restore_newest`.
    """
    began_as = run.config() if resume else trainer.config
    for checkpoints in own:
        checkpoints.require_fit = fit_of(run, trainer, fingerprint, began_as)
    return restore_newest(run, trainer, own[0], began_as) if resume else None


def fit_of(run: RunDirectory, trainer: Trainer, fingerprint: str, began_as: TrainConfig) -> RequireFit:
    """Return the check that a checkpoint is of the run that a trainer continues: its settings, data and link.

    Args:
        run: the run directory.
        trainer: built from the recipe and the data to continue with.
        fingerprint: of these data.
        began_as: the recipe in the folder; kept, since the file may be edited while the run trains.
    """

    now, frame, link = trainer.config.data, trainer.frame.to_json(), trainer.objective.link

    def require_fit(checkpoint: Path, description: Mapping[str, Any]) -> None:
        run.require_unedited(began_as, checkpoint, description)
        same = description.get("data") == fingerprint and description.get("frame") == frame
        if not same or not (fingerprint or began_as.data == now):  # without content, names are compared
            raise _of_other_data(run, checkpoint, began_as.data, now)
        # Old runs did not record the link. They had no soft hinge and used the paper's link instead.
        then = description.get("link", "paper" if link == "soft-hinge" else link)
        if then != link:
            raise _of_other_link(run, checkpoint, then, link)

    return require_fit


def restore_newest(
    run: RunDirectory, trainer: Trainer, checkpoints: Checkpoints, began_as: TrainConfig
) -> int | None:
    """Restore a trainer from a run's newest usable checkpoint, if the run can be resumed from it.

    Nothing is written, so a refused run is unchanged.

    Args:
        run: the run directory; its `say` receives messages about damage, moved data or a changed machine.
        trainer: built from the recipe and the data to continue with.
        checkpoints: those of the run, with the check of `fit_of`.
        began_as: the recipe in the folder.

    Returns:
        The step; None if there is no checkpoint yet.

    Raises:
        RunError: if the settings, the data or the link differ from those that it was trained with, if no checkpoint is
            usable, or if the run has already done more steps.
    """
    config = trainer.config
    if not checkpoints.steps():
        if began_as.data != config.data:
            raise RunError(
                f"{run.path} has no checkpoint yet, so fgan cannot check that {config.data} holds the same samples as "
                f"{began_as.data}. Start a new run with another --out."
            )
        return None

    def restored(step: int) -> dict[str, Any]:
        groups, description = checkpoints.read(step)
        folder = checkpoints.path(step)
        with run.fitting(folder, config):
            trainer.load_state(groups)
        if trainer.steps_done != step or trainer.summed < 0 or trainer.backoff < 0:
            raise DamagedError(folder, "its progress is of another step")
        if not (
            trainer.is_finite() and all(bool(one.isfinite().all()) for one in trainer.sampler.parameters())
        ):
            raise DamagedError(folder, "it has weights or metrics that are NaN or infinite")
        return description

    step, description = checkpoints.pick(restored)
    if config.steps < step:
        raise RunError(
            f"--steps must be at least {step}, the steps that {run.path} has done; got {config.steps}."
        )
    if not (checkpoints.path(step) / SUMS).exists():
        run.say(
            f"the checkpoint of step {step} is of an older version of fgan: it has no digests to check it by"
        )
    _note_changes(run, trainer, began_as, description)
    return step


def _note_changes(
    run: RunDirectory, trainer: Trainer, began_as: TrainConfig, description: dict[str, Any]
) -> None:
    """Say what differs from when the run was trained."""
    config, say = trainer.config, run.say
    if began_as.data != config.data:
        say(f"the data moved from {began_as.data} to {config.data}; their content is the same")
    for name in ("generator", "critic"):
        then, now = getattr(began_as, name), getattr(config, name)
        if then != now:
            say(
                f"the {name} was {then} when this run began and is {now} now: training continues with the saved "
                "weights and the new code"
            )
    planned, steps = description.get("steps", began_as.steps), config.steps
    then, now = (cooled(trainer.steps_done - 1, number, config.cooldown) for number in (planned, steps))
    if then != now:
        say(
            f"the learning rate was to fall to 0 by step {planned:,} and now falls to 0 by step {steps:,}: this run "
            f"differs from one that began with {steps:,} steps"
        )
    threads = description.get("threads")  # older runs did not say
    if threads and trainer.device.type == "cpu" and not go_on_with(threads):
        say(
            f"this run was trained with {threads} threads and continues with {torch.get_num_threads()}: results may "
            "differ in the last digits, because sums are split differently"
        )
    then = description.get("torch", torch.__version__)
    if then != torch.__version__:
        say(
            f"this run was trained with torch {then} and continues with torch {torch.__version__}: results may differ "
            "in the last digits"
        )
    if began_as.device != config.device:
        say(
            f"this run was trained on {began_as.device} and continues on {config.device}: random draws and rounding "
            f"differ, so the next steps are not the ones that {began_as.device} would have made"
        )


def _of_other_data(run: RunDirectory, checkpoint: Path, then: str, now: str) -> ForeignError:
    if then == now:
        suspect = (
            f"{now} has changed since {run.path} was started: it now has different samples. Restore the old data, "
            "load them as before (older versions of fgan: --split shuffled), or start a new run with another --out."
        )
    else:
        suspect = (
            f"{run.path} was trained on {then}, but {now} holds different samples. "
            "Pass the path where the original data are now, or start a new run with another --out."
        )
    return ForeignError(checkpoint, f"it was trained on other data than {now}", suspect)


def _of_other_link(run: RunDirectory, checkpoint: Path, then: str | None, now: str | None) -> ForeignError:
    return ForeignError(
        checkpoint,
        f'it was trained with the link "{then}", not "{now}"',
        f'{run.path} was trained with the link "{then}", but its config.json now means "{now}". '
        f'Set "link": "{then}" in that file, or start a new run with another --out.',
    )
