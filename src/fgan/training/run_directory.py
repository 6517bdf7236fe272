"""The run directory: the only thing that training hands on."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fgan.errors import FganError, RunError
from fgan.files import replace_durably
from fgan.networks import Frame, MLPGenerator
from fgan.training.checkpoint import Checkpoints
from fgan.training.config import TrainConfig
from fgan.training.trainer import build_generator


class RunDirectory:
    """A folder with `config.json`, `metrics.jsonl`, `checkpoints/` and `samples/`.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def config_path(self) -> Path:
        """Where the complete recipe lies."""
        return self.path / "config.json"

    @property
    def metrics_path(self) -> Path:
        """Where the metrics lie, a JSON object a line."""
        return self.path / "metrics.jsonl"

    def sample_path(self, step: int) -> Path:
        """Where the picture of a step lies."""
        return self.path / "samples" / f"step-{step:08d}.png"

    def config(self) -> TrainConfig:
        """Read the recipe.

        Raises:
            RunError: where the folder holds no run, or the recipe is damaged.
        """
        if not self.config_path.is_file():
            raise RunError(
                f"{self.path} holds no run: it has no config.json. Name a folder made by `fgan train`."
            )
        return TrainConfig.read(self.config_path)

    def checkpoints(self, keep: int = 2) -> Checkpoints:
        """Return the run's checkpoints."""
        return Checkpoints(self.path / "checkpoints", keep)

    def create(self, config: TrainConfig) -> None:
        """Begin a run here.

        Raises:
            RunError: where the folder already holds a run or other files, or cannot be written.
        """
        if self.config_path.exists():
            raise RunError(
                f"{self.path} already holds a run. Go on with it by --resume, or choose another --out."
            )
        if self.path.is_dir() and any(not entry.name.startswith(".") for entry in self.path.iterdir()):
            raise RunError(f"{self.path} is not empty and holds no run. Choose another folder by --out.")
        with self.writing():
            (self.path / "samples").mkdir(parents=True, exist_ok=True)
            replace_durably(self.config_path, config.to_json().encode())

    def reopen(self, config: TrainConfig) -> None:
        """Go on with the run that is here, under a config that computes the same.

        Raises:
            RunError: where there is no run, or its config would compute something else.
        """
        differences = self.config().differences(config)
        if differences:
            raise RunError(
                f"{self.path} was started with another config ({'; '.join(differences)}). "
                "Resume with the same flags, or start a new run with another --out."
            )
        with self.writing():
            (self.path / "samples").mkdir(parents=True, exist_ok=True)
            replace_durably(self.config_path, config.to_json().encode())

    def forget_after(self, step: int) -> None:
        """Remove metrics and pictures of later steps; they are about to be made again."""
        with self.writing():
            if self.metrics_path.exists():
                kept = b"".join(line for line, values in self._metric_lines() if values["step"] <= step)
                replace_durably(self.metrics_path, kept)
            for picture in (self.path / "samples").glob("step-*.png"):
                if int(picture.stem.removeprefix("step-")) > step:
                    picture.unlink()

    def metrics(self) -> list[dict[str, Any]]:
        """Return the logged metrics, oldest first; a last line cut short by a crash is left out."""
        return [values for _, values in self._metric_lines()] if self.metrics_path.exists() else []

    def _metric_lines(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        for line in self.metrics_path.read_bytes().splitlines(keepends=True):
            # A line without its end is one that a crash interrupted.
            if line.endswith(b"\n"):
                yield line, json.loads(line)

    def append_metrics(self, step: int, values: dict[str, float]) -> None:
        """Log the metrics of a step."""
        line = json.dumps({"step": step, **values}, allow_nan=False) + "\n"
        with self.writing(), self.metrics_path.open("ab") as file:
            file.write(line.encode())

    def load_generator(self, step: int | None = None) -> MLPGenerator:
        """Return the generator that samples come from, on the CPU, at a step or at the newest checkpoint.

        Raises:
            RunError: where there is no such run or checkpoint, or it is damaged.
        """
        config, checkpoints = self.config(), self.checkpoints()
        groups, description = checkpoints.read(checkpoints.newest() if step is None else step)
        generator = build_generator(config, frame_from_json(description["frame"]))
        generator.load_state_dict(groups["generator_average" if config.ema else "generator"])
        return generator.eval().requires_grad_(False)

    def sample(self, n: int, seed: int = 0, batch_size: int = 1024) -> Tensor:
        """Return n samples (n, *shape) of the newest checkpoint's generator, the same for the same seed."""
        generator = self.load_generator()
        latents = torch.randn(n, generator.latent, generator=torch.Generator().manual_seed(seed))
        return torch.cat([generator(batch) for batch in latents.split(batch_size)])

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Turn the system's refusal to write here into an error that says what to do."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise RunError(
                f"cannot write to {self.path}: {reason}. Choose another folder by --out, or free some space."
            ) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder, so that two processes never train the same run at once.

        The system lets go of the lock when the process ends, however it ends.

        Raises:
            RunError: where another process holds it.
        """
        if os.name == "nt":
            yield
            return
        import fcntl

        with self.writing():
            handle = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"another process is training {self.path}. Stop it first, or use another --out."
            ) from None
        else:
            yield
        finally:
            os.close(handle)


def frame_to_json(frame: Frame) -> dict[str, Any]:
    """Describe a frame in JSON's types."""
    return {
        "shape": list(frame.shape),
        "value_range": list(frame.value_range) if frame.value_range else None,
        "center": list(frame.center),
        "scale": list(frame.scale),
    }


def frame_from_json(values: dict[str, Any]) -> Frame:
    """Return the frame that `frame_to_json` described.

    >>> frame = Frame((2,), None, (0.5, 1.0), (2.0, 3.0))
    >>> frame_from_json(frame_to_json(frame)) == frame
    True
    """
    try:
        low_high = values["value_range"]
        return Frame(
            tuple(values["shape"]),
            (low_high[0], low_high[1]) if low_high else None,
            tuple(values["center"]),
            tuple(values["scale"]),
        )
    except (KeyError, TypeError, IndexError) as error:
        raise FganError(f"the checkpoint's frame is damaged: {values!r}.") from error
