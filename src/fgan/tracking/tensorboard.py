"""TensorBoard: event files in the run directory's folder `tensorboard/`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy
import tensorboard  # noqa: F401 - an error here names the missing package; torch's does not
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from fgan.training.config import TrainConfig

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMNS = ("train/bound", "eval/fid")
"""Metrics shown in the table of hyperparameters."""


class TensorBoard:
    """An open event file.

    Args:
        folder: where to.
        config: the recipe of the run.
        step: everything after this step is logged.
    """

    def __init__(self, folder: Path, config: TrainConfig, step: int) -> None:
        self._folder = folder
        self._writer = self._file(step)
        self._write_recipe(config)

    def _file(self, step: int) -> SummaryWriter:
        """Open a file; TensorBoard then drops later steps from earlier files."""
        return SummaryWriter(self._folder, purge_step=step + 1)

    def go_back(self, step: int) -> None:
        """Continue in another file."""
        self._writer.close()
        self._writer = self._file(step)

    def _write_recipe(self, config: TrainConfig) -> None:
        """Write the recipe as hyperparameters and as text."""
        values = {
            name: value if isinstance(value, (bool, int, float, str)) else str(value)
            for name, value in dataclasses.asdict(config).items()
        }
        for summary in hparams(values, dict.fromkeys(COLUMNS, 0.0)):
            self._writer._get_file_writer().add_summary(summary)
        self._writer.add_text("config", f"```json\n{config.to_json()}```")

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """Write scalars."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def picture(self, step: int, picture: Image) -> None:
        """Write a picture."""
        self._writer.add_image("samples", numpy.asarray(picture.convert("RGB")), step, dataformats="HWC")

    def close(self, state: str | None) -> None:
        """Close the file."""
        self._writer.close()


def open_run(run: Path, config: TrainConfig, step: int) -> TensorBoard:
    """Open an event file for a run; see `Opening`."""
    return TensorBoard(run / "tensorboard", config, step)
