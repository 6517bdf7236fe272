"""Read the generator of a run directory for export."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from fgan.data.load import BUILDERS, IDX_PREFIX, PASSED
from fgan.errors import ExportError, TakenError
from fgan.exporting.trained import TrainedGenerator
from fgan.frame import Frame
from fgan.training.config import TrainConfig
from fgan.training.run_directory import RunDirectory
from fgan.training.trainer import architecture_of

COMPARISON = "comparison.json"
OF_THIS_MACHINE = ("data_dir", "device", "compile")
"""Settings that say nothing to others, and may name folders of this machine."""
LOOKED_AT = 64


def generator_of_run(run: RunDirectory, step: int | None = None, *, best: bool = False) -> TrainedGenerator:
    """Return a run's generator at a step, or at its newest or best checkpoint.

    Raises:
        ExportError: where there is no such checkpoint, or its samples are not finite.
        RunError: where the folder holds no run, or a damaged one.
    """
    require_run(run)
    config = run.config()
    step = _step(run, step, best)
    generator = run.load_generator(step, best=best)
    description = (run.best_checkpoints() if best else run.checkpoints()).read(step)[1]
    frame = Frame.from_json(description["frame"])
    classes = description["classes"]
    recipe = public_recipe(config)
    about = {
        "fgan": version("fgan"),
        "torch": torch.__version__,
        "data": recipe["data"],
        "divergence": recipe["divergence"],
        "step": step,
        "best": best,
        "recipe": recipe,
    }
    if table := run.table():
        about["table"] = json.loads(table.to_json())
    # A custom network is known by its code only, which is not exported.
    architecture = (
        None if config.generator else dataclasses.asdict(architecture_of(config, frame, len(classes)))
    )
    trained = TrainedGenerator(
        generator, frame, generator.latent, classes, str(run.path), architecture, about
    )
    if not trained.sampler().sample(LOOKED_AT).isfinite().all():
        raise ExportError(
            f"samples of {run.path} at step {step:,} are NaN or infinite. Choose an earlier checkpoint with "
            "--step."
        )
    return trained


def require_run(run: RunDirectory) -> None:
    """Refuse a comparison, and name its runs.

    Raises:
        ExportError: for a comparison.
    """
    if (run.path / COMPARISON).is_file() and not run.config_path.is_file():
        members = sorted(path.parent.name for path in run.path.glob("*/config.json"))
        named = ", ".join(members[:6]) + (", ..." if len(members) > 6 else "")
        first = members[0] if members else "RUN"
        raise ExportError(
            f"{run.path} is a comparison; only single runs can be exported. Name one of its runs, such as "
            f"{run.path / first}; it has {named or 'none yet'}."
        )


def _step(run: RunDirectory, step: int | None, best: bool) -> int:
    if best and not run.best_checkpoints().steps():
        run.load_generator(best=True)  # which says why there is none
    steps = (run.best_checkpoints() if best else run.checkpoints()).steps()
    if step is None or not steps:
        return (run.best_checkpoints() if best else run.checkpoints()).newest()
    if step not in steps:
        others = "" if best or step not in run.best_checkpoints().steps() else " With --best it exists."
        raise ExportError(
            f"--step must be a checkpoint of {run.path}: {', '.join(map(str, steps))}; got {step}.{others}"
        )
    return step


def notes_on(run: RunDirectory, step: int) -> list[str]:
    """Return remarks on the state of a run."""
    status, steps = run.status(), run.config().steps
    if status is not None and status.state in ("diverged", "failed"):
        reason = f": {status.reason}" if status.reason else "."
        return [
            f"The run {status.state} at step {status.step:,}; its last good checkpoint was exported{reason}"
        ]
    if status is None and _is_training(run):
        return [f"The run was still training when it was exported, at step {step:,} of {steps:,}."]
    if step < steps:
        return [f"This is step {step:,} of a run of {steps:,} steps."]
    return []


def _is_training(run: RunDirectory) -> bool:
    try:
        with run.locked():
            return False
    except TakenError:
        return True


def public_recipe(config: TrainConfig) -> dict[str, Any]:
    """Return the recipe without what only this machine understands: folders lose all but their names."""
    values: Mapping[str, Any] = dataclasses.asdict(config)
    return {
        name: public_name(value) if isinstance(value, str) and (name == "data" or _is_path(value)) else value
        for name, value in values.items()
        if name not in OF_THIS_MACHINE
    }


def public_name(data: str) -> str:
    """Return what data are called without the folder in which they lie.

    >>> public_name("mnist"), public_name("/home/me/photos"), public_name("idx:/home/me/scans")
    ('mnist', 'photos', 'idx:scans')
    """
    if data in BUILDERS:
        return data
    data = data.removeprefix(PASSED)
    prefix = IDX_PREFIX if data.startswith(IDX_PREFIX) else ""
    return prefix + (Path(data.removeprefix(prefix)).name or data)


def without_folders(text: str, run: RunDirectory) -> str:
    """Return a text in which this run and its data are called by their names alone."""
    folders = {run.path.absolute(), run.path, Path(run.config().data)}
    for folder in sorted(folders, key=lambda one: -len(str(one))):  # one may lie in another
        if len(folder.parts) > 1:
            text = text.replace(str(folder), folder.name)
    return text


def _is_path(value: str) -> bool:
    return Path(value).is_absolute()
