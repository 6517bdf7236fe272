"""Weights & Biases: one of its runs for each run directory, which keeps the id."""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import wandb

from fgan.tracking.tracker import comparison_of, kept
from fgan.training.config import TrainConfig

if TYPE_CHECKING:
    from PIL.Image import Image

PROJECT = "fgan"
"""Unless WANDB_PROJECT names another."""
SECONDS_TO_FINISH = 120
"""For what is not uploaded yet; unless WANDB_FINISH_TIMEOUT says otherwise. `wandb sync` uploads the rest."""


class WeightsAndBiases:
    """An open run of Weights & Biases.

    Args:
        run: what `wandb.init` returned.
    """

    def __init__(self, run: wandb.Run) -> None:
        self._run = run
        # Steps of its own: those that W&B counts cannot go back to a checkpoint.
        run.define_metric("step")
        run.define_metric("*", step_metric="step")

    def go_back(self, step: int) -> None:
        """Go on as before: steps may be logged again."""

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers."""
        self._run.log({"step": step, **values})

    def picture(self, step: int, picture: Image) -> None:
        """Log a picture."""
        self._run.log({"step": step, "samples": wandb.Image(picture)})

    def close(self, state: str | None) -> None:
        """Finish; a run that diverged or failed is marked so."""
        self._run.finish(exit_code=1 if state in ("diverged", "failed") else 0)


def open_run(run: Path, config: TrainConfig, step: int) -> WeightsAndBiases:
    """Begin a run of Weights & Biases, or go on with that of the run directory; see `Opening`.

    It is told where to by the environment, as always: WANDB_MODE, WANDB_PROJECT, WANDB_ENTITY and the others.
    """
    folder = run.absolute()
    group = comparison_of(folder)
    settings = wandb.Settings(console="off", silent=group is not None)
    if "WANDB_FINISH_TIMEOUT" not in os.environ:
        settings.finish_timeout = SECONDS_TO_FINISH
    return WeightsAndBiases(
        wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=folder.name,
            group=group,
            id=kept(run / "wandb" / "id", lambda: secrets.token_hex(4)),
            resume="allow",
            dir=folder,
            config=dataclasses.asdict(config),
            reinit="create_new",  # beside others of this process, as in a comparison
            settings=settings,
        )
    )
