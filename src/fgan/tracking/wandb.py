"""Weights & Biases: one W&B run per run directory; its id is stored there."""

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
"""The project, unless WANDB_PROJECT is set."""
SECONDS_TO_FINISH = 120
"""Seconds to wait for uploads, unless WANDB_FINISH_TIMEOUT is set. `wandb sync` uploads the rest."""


class WeightsAndBiases:
    """An open run of Weights & Biases.

    Args:
        run: what `wandb.init` returned.
    """

    def __init__(self, run: wandb.Run) -> None:
        self._run = run
        # A separate step metric: W&B's own step counter cannot go back to a checkpoint.
        run.define_metric("step")
        run.define_metric("*", step_metric="step")

    def go_back(self, step: int) -> None:
        """Do nothing: steps may be logged again."""

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers."""
        self._run.log({"step": step, **values})

    def picture(self, step: int, picture: Image) -> None:
        """Log a picture."""
        self._run.log({"step": step, "samples": wandb.Image(picture)})

    def close(self, state: str | None) -> None:
        """Finish; mark a run that diverged or failed as such."""
        self._run.finish(exit_code=1 if state in ("diverged", "failed") else 0)


def open_run(run: Path, config: TrainConfig, step: int) -> WeightsAndBiases:
    """Start a Weights & Biases run, or continue the one of the run directory; see `Opening`.

    The usual environment variables apply: WANDB_MODE, WANDB_PROJECT, WANDB_ENTITY and the others.
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
            reinit="create_new",  # in parallel with others of this process, as in a comparison
            settings=settings,
        )
    )
