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
from fgan.output import jsonable
from fgan.seeds import checked_seed
from fgan.training.at_hand import at_hand, keep_at_hand
from fgan.training.checkpoint import Checkpoints, Guard, do_nothing
from fgan.training.config import TrainConfig, loaded_record
from fgan.training.run_files import exclusive, lines_of
from fgan.training.sampling import Sampler, shown
from fgan.training.settings import Network
from fgan.training.status import Status
from fgan.training.trainer import generator_of


class RunDirectory:
    """A folder with `config.json`, logs, `checkpoints/`, `best/` and `samples/`.

    Args:
        path: the folder.
        generator, critic: custom networks, if `config.json` does not lead to them; as for `fgan.train`.
    """

    def __init__(self, path: str | Path, *, generator: Network = "", critic: Network = "") -> None:
        self.path = Path(path)
        keep_at_hand(self.path, generator, critic)
        self.guard: Guard = do_nothing
        """Called before anything is written; raises if this process may not write."""

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
        return Checkpoints(self.path / "checkpoints", keep, every, self.guard)

    def best_checkpoints(self, keep: int = 2) -> Checkpoints:
        """Return the checkpoints that were the best so far when evaluated; the newest is the best of all.

        The earlier ones are needed if the run rolls back past the newest. It never rolls back past the oldest regular
        checkpoint, so keeping as many as there are regular ones is enough.
        """
        return Checkpoints(self.path / "best", keep, guard=self.guard)

    def check(self, config: TrainConfig, *, resume: bool) -> None:
        """Check, before anything is written, that the run can be started or resumed here.

        Raises:
            RunError: when starting, if the folder holds a run or other files; when resuming, if it is not a run, if
                its settings differ, or if it has already done more steps.
        """
        if resume:
            self._require_same(config)
        else:
            self._require_free()

    def _require_free(self) -> None:
        with self.writing():
            names = [path.name for path in self.path.iterdir()] if self.path.is_dir() else []
        if self.config_path.name in names:
            raise RunError(
                f"{self.path} already holds a run. Continue it with --resume, or choose another --out."
            )
        if any(not name.startswith(".") for name in names):
            raise RunError(
                f"{self.path} is not empty and does not hold a run. Choose another folder with --out."
            )

    def _require_same(self, config: TrainConfig) -> None:
        differences = self.config().differences(config)
        if differences:
            raise RunError(
                f"{self.path} was started with different settings ({'; '.join(differences)}). "
                "Resume with the same flags, or start a new run with another --out."
            )
        done = max(self.checkpoints().steps(), default=0)
        if config.steps < done:
            raise RunError(
                f"--steps must be at least {done}, the steps that {self.path} has done; got {config.steps}."
            )

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
        """Return how the run ended; None while it trains, if it was killed, or for runs of old versions.

        Raises:
            RunError: if the file is damaged.
        """
        if not self.status_path.is_file():
            return None
        try:
            return Status(**json.loads(self.status_path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{self.status_path} is damaged ({error}). Delete this file.") from error

    def write_status(self, status: Status) -> None:
        """Record how the run ended."""
        text = json.dumps(dataclasses.asdict(status), indent=2, ensure_ascii=False)
        with self.writing():
            replace_durably(self.status_path, f"{text}\n".encode())

    def supersede(self, log_every: int, sample_every: int) -> None:
        """Remove what the last end left and an uninterrupted run would not have: its status, log line and picture.

        A log line between two regular ones is removed. So is the last picture of a stopped run; that of a finished one
        stays. A killed run has no status, but may have been about to stop at its last checkpoint.
        """
        status, steps = self.status(), self.checkpoints().steps()
        if status is None and not steps:
            return
        step = status.step if status else steps[-1]
        with self.writing():
            for path in (self.metrics_path, self.speed_path) if step % log_every else ():
                if path.exists():
                    replace_durably(
                        path, b"".join(line for line, values in lines_of(path) if values["step"] != step)
                    )
            if (not status or status.state == "stopped") and (not sample_every or step % sample_every):
                self.sample_path(step).unlink(missing_ok=True)
            self.status_path.unlink(missing_ok=True)

    def forget_after(self, step: int) -> None:
        """Remove logs, pictures and best checkpoints of later steps, which will be computed again."""
        with self.writing():
            self.best_checkpoints().forget_after(step)
            for path in (self.metrics_path, self.speed_path, self.evaluations_path):
                if path.exists():
                    kept = b"".join(line for line, values in lines_of(path) if values["step"] <= step)
                    replace_durably(path, kept)
            for picture in (self.path / "samples").glob("step-*.png"):
                number = picture.stem.removeprefix("step-")
                if number.isdecimal() and int(number) > step:
                    picture.unlink()

    def metrics(self) -> list[dict[str, Any]]:
        """Return the logged metrics, oldest first, up to the first line damaged by a crash."""
        return [values for _, values in lines_of(self.metrics_path)]

    def evaluations(self) -> list[dict[str, Any]]:
        """Return the evaluations during training, oldest first; empty if there were none."""
        return [values for _, values in lines_of(self.evaluations_path)]

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
        checkpoints = self.checkpoints()
        description = checkpoints.read(checkpoints.newest())[1]
        fingerprint = dataset.train.fingerprint(labels=bool(description["classes"]))
        units = dataset.frame.origin, dataset.frame.unit
        then = Frame.from_json(description["frame"])
        return bool(fingerprint) and fingerprint == description["data"] and (then.origin, then.unit) == units

    def classes(self) -> list[str]:
        """Return the class names of a conditional generator; empty for an unconditional one."""
        checkpoints = self.checkpoints()
        return checkpoints.read(checkpoints.newest())[1]["classes"]

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
        step = checkpoints.newest() if step is None else step
        groups, description = checkpoints.read(step)
        with self.fitting(checkpoints.path(step), config):
            frame = Frame.from_json(description["frame"])
            with DrawnFrom.seeded(0):  # weights that the checkpoint replaces
                generator = generator_of(config, frame, len(description["classes"]))
            generator.load_state_dict(groups["generator_average" if config.ema else "generator"])
        return generator.eval().requires_grad_(False), description["classes"], frame

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
    def writing(self) -> Iterator[None]:
        """Turn a system error on writing here into an error that says what to do."""
        self.guard()
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise RunError(
                f"cannot write to {self.path}: {reason}. Choose another folder with --out, or free some disk space."
            ) from error

    @contextlib.contextmanager
    def fitting(self, checkpoint: Path, config: TrainConfig) -> Iterator[None]:
        """Name the checkpoint in an error if it does not fit the run's config or is incomplete."""
        try:
            yield
        except (KeyError, RuntimeError, TypeError, IndexError, DataError) as error:
            own = " and ".join(f"the {name}" for name in ("generator", "critic") if getattr(config, name))
            fix = f"Pass {own} as it was in training" if own else "Restore the config"
            raise RunError(
                f"the checkpoint {checkpoint} does not fit {own or self.config_path} "
                f"({type(error).__name__}: {error}). {fix}, or delete the folder of this checkpoint."
            ) from error

    @contextlib.contextmanager
    def locked(self, *, create: bool = False) -> Iterator[bool]:
        """Lock the folder; see `exclusive`.

        Args:
            create: create the folder first, and remove it at the end if it is still empty.

        Raises:
            TakenError: if another process has locked it.
            RunError: if there is no such folder.
        """
        with self.writing():
            made = create and not self.path.exists()
            if create:
                self.path.mkdir(parents=True, exist_ok=True)
        try:
            with exclusive(self.path, self.writing) as known:
                yield known
        finally:
            if made and not any(self.path.iterdir()):
                self.path.rmdir()
