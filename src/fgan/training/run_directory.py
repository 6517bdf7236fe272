"""The run directory: the complete result of training."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fgan.data import Dataset
from fgan.data.encoding import TableEncoding
from fgan.data.record import COLUMNS, Record
from fgan.draws import DrawnFrom
from fgan.errors import DataError, RunError
from fgan.files import nothing_at, replace_durably
from fgan.frame import Frame
from fgan.networks import Generator
from fgan.output import Say, jsonable, to_stderr
from fgan.seeds import checked_seed
from fgan.training.alike import restore
from fgan.training.at_hand import at_hand, keep_at_hand
from fgan.training.checkpoint import RECIPE, Checkpoints
from fgan.training.config import TrainConfig, loaded_record
from fgan.training.held_folder import HeldFolder
from fgan.training.run_files import read_log
from fgan.training.sampling import Sampler, shown
from fgan.training.settings import Network
from fgan.training.status import Status
from fgan.training.trainer import generator_of
from fgan.training.unusable import DamagedError, ForeignError


class RunDirectory(HeldFolder):
    """A folder with `config.json`, logs, `checkpoints/`, `best/` and `samples/`.

    Args:
        path: the folder.
        generator, critic: custom networks, if `config.json` does not lead to them; as for `fgan.train`.
    """

    def __init__(self, path: str | Path, *, generator: Network = "", critic: Network = "") -> None:
        super().__init__(Path(path))
        keep_at_hand(self.path, generator, critic)
        self.say: Say = to_stderr
        """Receives a line about everything damaged that is passed over."""
        self._said = set[str]()

    def __repr__(self) -> str:
        """Write the call that opens it."""
        return f'fgan.load("{self.path}")'

    @property
    def config_path(self) -> Path:
        """Path of the complete recipe."""
        return self.path / "config.json"

    @property
    def metrics_path(self) -> Path:
        """Path of the metrics, one JSON object per line."""
        return self.path / "metrics.jsonl"

    @property
    def speed_path(self) -> Path:
        """Path of the training speed, one JSON object per line."""
        return self.path / "speed.jsonl"

    @property
    def evaluations_path(self) -> Path:
        """Path of the evaluations, one JSON object per line."""
        return self.path / "evaluations.jsonl"

    @property
    def logs(self) -> tuple[Path, Path, Path]:
        """Paths of the logs, whose lines each begin with a step."""
        return self.metrics_path, self.speed_path, self.evaluations_path

    @property
    def table_path(self) -> Path:
        """Path of the encoding of a table."""
        return self.path / "table.json"

    @property
    def status_path(self) -> Path:
        """Path of the status: how the run ended."""
        return self.path / "status.json"

    def sample_path(self, step: int) -> Path:
        """Return the path of the picture of a step."""
        return self.path / "samples" / f"step-{step:08d}.png"

    def config(self) -> TrainConfig:
        """Read the recipe.

        Raises:
            RunError: if the folder is not a run, or the recipe is damaged.
        """
        with self.writing():
            there = self.config_path.is_file()
        if not there:
            empty = f"{self.path} is not a run: it has no config.json."
            wrong = empty if self.path.exists() else nothing_at(self.path)
            raise RunError(f"{wrong} Pass a folder made by `fgan train`.")
        return at_hand(self.path, TrainConfig.read(self.config_path))

    def checkpoints(self, keep: int = 2, every: int = 1) -> Checkpoints:
        """Return the run's checkpoints; see `Checkpoints`."""
        folder = self.path / "checkpoints"
        return Checkpoints(folder, keep, every, self.require_mine, self.say_once, self._require_fit)

    def best_checkpoints(self, keep: int = 2) -> Checkpoints:
        """Return the checkpoints that were the best so far when evaluated; the newest is the best of all.

        The earlier ones are needed if the run rolls back past the newest. It never rolls back past the oldest regular
        checkpoint, so keeping as many as there are regular ones is enough.
        """
        folder = self.path / "best"
        return Checkpoints(folder, keep, 1, self.require_mine, self.say_once, self._require_fit)

    def say_once(self, line: str) -> None:
        """Say a line, unless it was said before."""
        if line not in self._said:
            self._said.add(line)
            self.say(line)

    def write_config(self, config: TrainConfig, loaded: Record | None = None) -> None:
        """Write the recipe, and the record of how its data were read.

        Raises:
            RunError: where it cannot be written.
        """
        with self.writing():
            replace_durably(self.config_path, config.to_json(jsonable(loaded)).encode())
        keep_at_hand(self.path, config.generator, config.critic)

    def write_table(self, table: TableEncoding | None) -> None:
        """Save the encoding of a table, if the data are one.

        Raises:
            RunError: where it cannot be written.
        """
        if table is not None:
            with self.writing():
                replace_durably(self.table_path, table.to_json().encode())

    def status(self) -> Status | None:
        """Return how the run ended; None while it trains, if it was killed, for runs of old versions, or if damaged."""
        try:
            return Status.read(self.status_path) if self.status_path.exists() else None
        except RunError as error:  # a note, as all that it says is also in the logs
            self.say_once(str(error))
            return None

    def write_status(self, status: Status) -> None:
        """Record how the run ended."""
        text = json.dumps(dataclasses.asdict(status), indent=2, ensure_ascii=False)
        with self.writing():
            replace_durably(self.status_path, f"{text}\n".encode())

    def metrics(self) -> list[dict[str, Any]]:
        """Return the logged metrics, oldest first; a damaged line is left out and named."""
        return self._lines(self.metrics_path)

    def evaluations(self) -> list[dict[str, Any]]:
        """Return the evaluations during training, oldest first; empty if there were none."""
        return self._lines(self.evaluations_path)

    def _lines(self, path: Path) -> list[dict[str, Any]]:
        log = read_log(path)
        if log.damage:
            self.say_once(f"{path}: {log.damage}")
        return [values for _, values in log.lines]

    def append(self, log: str, step: int, values: Mapping[str, float | str | None]) -> None:
        """Append a line to a log.

        Args:
            log: "metrics", "speed" (separate, because it differs between repeated runs), or "evaluations".
            step: generator steps done.
            values: by name; None means not finite; text if an evaluation failed.
        """
        path = self.path / f"{log}.jsonl"
        with self.writing(), path.open("ab") as file:
            file.write((json.dumps({"step": step, **values}, allow_nan=False) + "\n").encode())

    def sync_metrics(self) -> None:
        """Flush every log line to disk, before a checkpoint that relies on them."""
        for path in (self.metrics_path, self.evaluations_path):
            if path.exists():
                with self.writing(), path.open("ab") as file:
                    os.fsync(file.fileno())

    def holds_run_on(self, dataset: Dataset) -> bool:
        """Whether the run was trained on these data, by content; False for distributions, which have no content.

        Raises:
            RunError: if there is no checkpoint, or it is damaged.
        """
        description = self.checkpoints().newest_description()
        fingerprint = dataset.train.fingerprint(labels=bool(description["classes"]))
        units = dataset.frame.origin, dataset.frame.unit
        then = Frame.from_json(description["frame"])
        return bool(fingerprint) and fingerprint == description["data"] and (then.origin, then.unit) == units

    def classes(self) -> list[str]:
        """Return the class names of a conditional generator; empty for an unconditional one."""
        return self.checkpoints().newest_description()["classes"]

    def load_generator(self, step: int | None = None, *, best: bool = False) -> Generator:
        """Return the generator for sampling, on the CPU, from the newest or a given checkpoint.

        Args:
            step: one of `checkpoints()`, or of `best_checkpoints()` with `best`; default: the newest.
            best: use the best checkpoints.

        Raises:
            RunError: if there is no such run or checkpoint, or it is damaged.
        """
        return self._load(step, best)[0]

    def _load(self, step: int | None, best: bool) -> tuple[Generator, list[str], Frame]:
        """Return a checkpoint's generator, classes and frame in one read: a running training may delete the files."""
        config, checkpoints = self.config(), self.best_checkpoints() if best else self.checkpoints()
        if best and not checkpoints.steps():
            raise RunError(
                f"{self.path} has no best checkpoint: it was not (or not yet) evaluated during training. "
                "Train with --evaluate-every STEPS, or omit --best to use the newest checkpoint."
            )

        def loaded(step: int) -> tuple[Generator, list[str], Frame]:
            return self._generator_in(checkpoints, step, config)

        return checkpoints.newest_intact(loaded) if step is None else checkpoints.at(step, loaded)

    def _generator_in(
        self, checkpoints: Checkpoints, step: int, config: TrainConfig
    ) -> tuple[Generator, list[str], Frame]:
        groups, description = checkpoints.read(step)
        with self.fitting(checkpoints.path(step), config):
            frame = Frame.from_json(description["frame"])
            with DrawnFrom.seeded(0):  # weights that the checkpoint replaces
                generator = generator_of(config, frame, len(description["classes"]))
            restore(generator, groups["generator_average" if config.ema else "generator"])
        if not all(bool(one.isfinite().all()) for one in generator.parameters()):
            raise DamagedError(checkpoints.path(step), "its generator has weights that are NaN or infinite")
        return generator.eval().requires_grad_(False), description["classes"], frame

    def _require_fit(self, checkpoint: Path, description: Mapping[str, Any]) -> None:
        self.require_unedited(self.config(), checkpoint, description)

    def require_unedited(self, config: TrainConfig, checkpoint: Path, description: Mapping[str, Any]) -> None:
        """Refuse a config that is not the one of a checkpoint, except for what may change on resuming.

        Raises:
            ForeignError: with each value that differs.
        """
        if edited := "; ".join(config.edits(description.get(RECIPE, {}))):
            raise ForeignError(
                checkpoint,
                f"its recipe differs from {self.config_path.name} ({edited})",
                f"{self.config_path} was edited after training began ({edited}). Restore these values, or start a new "
                "run with another --out.",
            )

    def table(self) -> TableEncoding | None:
        """Return the encoding of the table that the run was trained on; None for other data.

        Raises:
            RunError: if the run was trained on a table and the encoding is missing.
        """
        if self.table_path.is_file():
            return TableEncoding.from_json(self.table_path.read_bytes(), str(self.table_path))
        if self._is_of_table():
            raise RunError(
                f"{self.path} was trained on a table, but its {self.table_path.name} is missing. "
                "Resume the run (--resume): this writes the file again."
            )
        return None

    def _is_of_table(self) -> bool:
        if not self.config_path.is_file():
            return False
        notes = loaded_record(self.config_path).get("notes")
        return isinstance(notes, list) and any(str(note).startswith(COLUMNS) for note in notes)

    def sampler(self, *, best: bool = False) -> Sampler:
        """Return a sampler of the newest checkpoint, or of the best.

        Raises:
            RunError: if there is no such checkpoint.
        """
        generator, classes, frame = self._load(None, best)
        table = self.table()
        return Sampler(generator, frame, generator.latent, classes, str(self.path), RunError, table)

    def sample(
        self,
        n: int,
        seed: int = 0,
        batch_size: int = 1024,
        label: str | int | None = None,
        best: bool = False,
        truncate: float | None = None,
    ) -> Any:  # noqa: ANN401 - a DataFrame of pandas, where it is there
        """Return n samples (n, ...) from the newest checkpoint, reproducible by the seed.

        Samples are float32, or float64 if float32 cannot distinguish the data's values. For a run on a table they are
        rows: a DataFrame if pandas is installed, otherwise a mapping from names to columns.

        Args:
            n: number of samples.
            seed: determines the latents.
            batch_size: number of samples computed at once.
            label: a class of a conditional run, by its name; default: all classes in turn, or for a table in the
                proportions of the data.
            best: use the best checkpoint instead of the newest.
            truncate: truncate the latents at this distance from 0: cleaner samples, less variety.

        Raises:
            RunError: if the run has no such class or checkpoint.
        """
        checked_seed(seed)  # before the folder is read
        sampler = self.sampler(best=best)
        return shown(sampler.rows(n, seed, batch_size, label, truncate), sampler.table)

    @contextlib.contextmanager
    def fitting(self, checkpoint: Path, config: TrainConfig) -> Iterator[None]:
        """Name the checkpoint in an error if it does not fit the run's config or is incomplete."""
        try:
            yield
        except (
            DataError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
            ArithmeticError,
            MemoryError,
        ) as error:
            own = " and ".join(f"the {name}" for name in ("generator", "critic") if getattr(config, name))
            fix = f"Pass {own} as it was in training" if own else "Restore the config"
            why = f"does not fit {own or self.config_path} ({type(error).__name__}: {error})"
            raise ForeignError(
                checkpoint,
                f"it {why}",
                f"the checkpoint {checkpoint} {why}. {fix}, or start a new run with another --out.",
            ) from error
