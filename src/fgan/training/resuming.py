"""Check whether a run can be resumed: the content of the data and the link must be the same."""

from __future__ import annotations

from typing import Any

import torch

from fgan.cores import go_on_with
from fgan.errors import RunError
from fgan.output import Say
from fgan.training.checkpoint import Groups
from fgan.training.run_directory import RunDirectory
from fgan.training.trainer import Trainer


def checkpoint_to_resume(run: RunDirectory, trainer: Trainer, fingerprint: str, say: Say) -> Groups | None:
    """Return the content of a run's newest checkpoint if the run can be resumed from it; None if there is none yet.

    Nothing is written, so a refused run is unchanged.

    Args:
        run: the run directory.
        trainer: built from the recipe and the data to continue with.
        fingerprint: of these data.
        say: receives messages about moved data or a changed device.

    Raises:
        RunError: if the data or the link differ from those that it was trained with.
    """
    began_as, config, checkpoints = run.config(), trainer.config, run.checkpoints()
    moved, steps = began_as.data != config.data, checkpoints.steps()
    if not steps:
        if moved:
            raise RunError(
                f"{run.path} has no checkpoint yet, so fgan cannot check that {config.data} holds the same samples as "
                f"{began_as.data}. Start a new run with another --out."
            )
        return None
    groups, description = checkpoints.read(steps[-1])
    with run.fitting(checkpoints.path(steps[-1]), config):
        _require_same_data(run, trainer, fingerprint, description, began_as.data)
        _require_same_link(run, trainer, description)
    if moved:
        say(f"the data moved from {began_as.data} to {config.data}; their content is the same")
    for name in ("generator", "critic"):
        then, now = getattr(began_as, name), getattr(config, name)
        if then != now:
            say(
                f"the {name} was {then} when this run began and is {now} now: training continues with the saved "
                "weights and the new code"
            )
    threads = description.get("threads")  # older runs did not say
    if threads and trainer.device.type == "cpu" and not go_on_with(threads):
        say(
            f"this run was trained with {threads} threads and continues with {torch.get_num_threads()}: results may "
            "differ in the last digits, because sums are split differently"
        )
    if began_as.device != config.device:
        say(
            f"this run was trained on {began_as.device} and continues on {config.device}: random draws and rounding "
            f"differ, so the next steps are not the ones that {began_as.device} would have made"
        )
    return groups


def _require_same_data(
    run: RunDirectory, trainer: Trainer, fingerprint: str, description: dict[str, Any], name: str
) -> None:
    """Refuse different content, or for data without content, such as a distribution, a different name."""
    now = trainer.config.data
    same = description["data"] == fingerprint and description["frame"] == trainer.frame.to_json()
    if same and (fingerprint or name == now):
        return
    if name == now:
        raise RunError(
            f"{name} has changed since {run.path} was started: it now has different samples. Restore the old data, "
            "load them as before (older versions of fgan: --split shuffled), or start a new run with another --out."
        )
    raise RunError(
        f"{run.path} was trained on {name}, but {now} holds different samples. "
        "Pass the path where the original data are now, or start a new run with another --out."
    )


def _require_same_link(run: RunDirectory, trainer: Trainer, description: dict[str, Any]) -> None:
    # Old runs did not record the link. They had no soft hinge and used the paper's link instead.
    now = trainer.objective.link
    then = description.get("link", "paper" if now == "soft-hinge" else now)
    if then != now:
        raise RunError(
            f'{run.path} was trained with the link "{then}", but its config.json now means "{now}". '
            f'Set "link": "{then}" in that file, or start a new run with another --out.'
        )
