"""The run directory: the only thing that training hands on."""

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
from fgan.errors import RunError
from fgan.files import nothing_at, replace_durably
from fgan.frame import Frame
from fgan.networks import Generator
from fgan.output import jsonable
from fgan.seeds import checked_seed
from fgan.training.at_hand import at_hand, keep_at_hand
from fgan.training.checkpoint import Checkpoints, Guard, do_nothing
from fgan.training.config import LOADED, TrainConfig
from fgan.training.run_files import exclusive, lines_of
from fgan.training.sampling import Sampler, shown
from fgan.training.settings import Network
from fgan.training.status import Status
from fgan.training.trainer import generator_of


class RunDirectory:
    """A folder with `config.json`, logs, `checkpoints/`, `best/` and `samples/`.

    Args:
        path: the folder.
        generator, critic: networks of your own, where `config.json` does not lead to them; as `fgan.train` takes them.
    """

    def __init__(self, path: str | Path, *, generator: Network = "", critic: Network = "") -> None:
        self.path = Path(path)
        keep_at_hand(self.path, generator, critic)
        self.guard: Guard = do_nothing
        """Called before anything is written; raises where this process may not."""

    def __repr__(self) -> str:
        """Write the call that opens it."""
        return f'fgan.load("{self.path}")'

    @property
    def config_path(self) -> Path:
        """Where the complete recipe lies."""
        return self.path / "config.json"

    @property
    def metrics_path(self) -> Path:
        """Where the metrics lie, a JSON object a line."""
        return self.path / "metrics.jsonl"

    @property
    def speed_path(self) -> Path:
        """Where the samples a second lie, a JSON object a line."""
        return self.path / "speed.jsonl"

    @property
    def evaluations_path(self) -> Path:
        """Where the evaluations lie, a JSON object a line."""
        return self.path / "evaluations.jsonl"

    @property
    def table_path(self) -> Path:
        """Where it lies how rows of a table became samples."""
        return self.path / "table.json"

    @property
    def status_path(self) -> Path:
        """Where it lies how the run ended."""
        return self.path / "status.json"

    def sample_path(self, step: int) -> Path:
        """Where the picture of a step lies."""
        return self.path / "samples" / f"step-{step:08d}.png"

    def config(self) -> TrainConfig:
        """Read the recipe.

        Raises:
            RunError: where the folder holds no run, or the recipe is damaged.
        """
        with self.writing():
            there = self.config_path.is_file()
        if not there:
            empty = f"{self.path} holds no run: it has no config.json."
            wrong = empty if self.path.exists() else nothing_at(self.path)
            raise RunError(f"{wrong} Name a folder made by `fgan train`.")
        return at_hand(self.path, TrainConfig.read(self.config_path))

    def checkpoints(self, keep: int = 2, every: int = 1) -> Checkpoints:
        """Return the run's checkpoints; see `Checkpoints`."""
        return Checkpoints(self.path / "checkpoints", keep, every, self.guard)

    def best_checkpoints(self, keep: int = 2) -> Checkpoints:
        """Return the checkpoints that were the best when they were judged; the newest is the best of all.

        The ones before it are what is left to fall back on where the run goes back behind the newest. As it
        never goes back behind the oldest regular checkpoint, as many as there are of those are enough.
        """
        return Checkpoints(self.path / "best", keep, guard=self.guard)

    def check(self, config: TrainConfig, *, resume: bool) -> None:
        """Refuse, before anything is done, what cannot be begun or gone on with here.

        Raises:
            RunError: to begin, where the folder holds a run or other files; to go on, where it holds no run,
                one whose config computes something else, or one that has done more steps already.
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
                f"{self.path} already holds a run. Go on with it by --resume, or choose another --out."
            )
        if any(not name.startswith(".") for name in names):
            raise RunError(f"{self.path} is not empty and holds no run. Choose another folder by --out.")

    def _require_same(self, config: TrainConfig) -> None:
        differences = self.config().differences(config)
        if differences:
            raise RunError(
                f"{self.path} was started with another config ({'; '.join(differences)}). "
                "Resume with the same flags, or start a new run with another --out."
            )
        done = max(self.checkpoints().steps(), default=0)
        if config.steps < done:
            raise RunError(
                f"--steps must be at least {done}, which {self.path} has done; got {config.steps}."
            )

    def write_config(self, config: TrainConfig, loaded: Record | None = None) -> None:
        """Make the folder hold a run of this recipe, and what was understood of its data.

        Raises:
            RunError: where it cannot be written.
        """
        with self.writing():
            replace_durably(self.config_path, config.to_json(jsonable(loaded)).encode())
        keep_at_hand(self.path, config.generator, config.critic)

    def write_table(self, table: TableEncoding | None) -> None:
        """Keep how rows of a table became samples, where they did.

        Raises:
            RunError: where it cannot be written.
        """
        if table is not None:
            with self.writing():
                replace_durably(self.table_path, table.to_json().encode())

    def status(self) -> Status | None:
        """Return how the run ended; None while it trains, where it was killed, and of runs from before this was kept.

        Raises:
            RunError: where the file is damaged.
        """
        if not self.status_path.is_file():
            return None
        try:
            return Status(**json.loads(self.status_path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{self.status_path} is damaged ({error}). Delete it.") from error

    def write_status(self, status: Status) -> None:
        """Leave how the run ended."""
        text = json.dumps(dataclasses.asdict(status), indent=2, ensure_ascii=False)
        with self.writing():
            replace_durably(self.status_path, f"{text}\n".encode())

    def supersede(self, log_every: int, sample_every: int) -> None:
        """Remove what the last end left that a run which goes on does not have: its status, its line, its picture.

        A line between two regular ones goes. So does the picture of a run that was stopped; that of one which came to
        its end stays. One that was killed has no status, but may have been about to stop at its last checkpoint.
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
        """Remove what was logged, drawn and judged best at later steps; it is about to be made again."""
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
        """Return the logged metrics, oldest first, up to the first line that a crash damaged."""
        return [values for _, values in lines_of(self.metrics_path)]

    def evaluations(self) -> list[dict[str, Any]]:
        """Return what each evaluation found, oldest first; empty for a run that is not judged."""
        return [values for _, values in lines_of(self.evaluations_path)]

    def append(self, log: str, step: int, values: Mapping[str, float | str | None]) -> None:
        """Append a line to a log.

        Args:
            log: "metrics"; "speed", apart from them since a repeated run has other values there; or "evaluations".
            step: generator steps done.
            values: by name; None where there is no finite number, a text where an evaluation failed.
        """
        path = self.path / f"{log}.jsonl"
        with self.writing(), path.open("ab") as file:
            file.write((json.dumps({"step": step, **values}, allow_nan=False) + "\n").encode())

    def sync_metrics(self) -> None:
        """Wait until the disk has every line, before a checkpoint counts on them."""
        for path in (self.metrics_path, self.evaluations_path):
            if path.exists():
                with self.writing(), path.open("ab") as file:
                    os.fsync(file.fileno())

    def holds_run_on(self, dataset: Dataset) -> bool:
        """Whether these are the data that the run was trained on, by content; False for distributions, which have none.

        Raises:
            RunError: where there is no checkpoint, or it is damaged.
        """
        checkpoints = self.checkpoints()
        description = checkpoints.read(checkpoints.newest())[1]
        fingerprint = dataset.train.fingerprint(labels=bool(description["classes"]))
        units = dataset.frame.origin, dataset.frame.unit
        then = Frame.from_json(description["frame"])
        return bool(fingerprint) and fingerprint == description["data"] and (then.origin, then.unit) == units

    def classes(self) -> list[str]:
        """Return the names of the classes that the generator tells apart; none without conditioning."""
        checkpoints = self.checkpoints()
        return checkpoints.read(checkpoints.newest())[1]["classes"]

    def load_generator(self, step: int | None = None, *, best: bool = False) -> Generator:
        """Return the generator that samples come from, on the CPU, at a step or at the newest checkpoint.

        Args:
            step: one of `checkpoints()`, or of `best_checkpoints()` where `best`.
            best: unless told a step, at the best checkpoint.

        Raises:
            RunError: where there is no such run or checkpoint, or it is damaged.
        """
        return self._load(step, best)[0]

    def _load(self, step: int | None, best: bool) -> tuple[Generator, list[str], Frame]:
        """Return a checkpoint's generator, classes and frame, read once: a run that goes on may remove the files."""
        config, checkpoints = self.config(), self.best_checkpoints() if best else self.checkpoints()
        if best and not checkpoints.steps():
            raise RunError(
                f"{self.path} has no best checkpoint: it was not judged while it trained, or not yet. "
                "Train with --evaluate-every STEPS, or leave out --best for the newest checkpoint."
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
        """Return how rows of a table become samples, and back; None of a run on other data.

        Raises:
            RunError: where a run on a table has lost it: its numbers are not those of the data.
        """
        if self.table_path.is_file():
            return TableEncoding.from_json(self.table_path.read_bytes(), str(self.table_path))
        if self._is_of_table():
            raise RunError(
                f"{self.path} was trained on a table, and {self.table_path.name} is missing. Go on with it (--resume), "
                "which writes it again."
            )
        return None

    def _is_of_table(self) -> bool:
        if not self.config_path.is_file():
            return False
        loaded = json.loads(self.config_path.read_text(encoding="utf-8")).get(LOADED) or {}
        return any(note.startswith(COLUMNS) for note in loaded.get("notes", ()))

    def sampler(self, *, best: bool = False) -> Sampler:
        """Return the newest checkpoint's generator with what it is fed, or the best one's.

        Raises:
            RunError: where there is no such checkpoint.
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
        """Return n samples (n, *shape) of the newest checkpoint's generator, the same for the same seed.

        They are float32, or float64 where the data were numbers that float32 cannot keep apart. Of a run on a table
        they are its rows: a DataFrame where pandas is installed, else a mapping from names to columns.

        Args:
            n: how many.
            seed: decides the latents.
            batch_size: how many are made at once.
            label: a class of a conditional run, by its name; its classes in turn unless told, those of a table as often
                as in the data.
            best: take the best checkpoint's generator instead.
            truncate: cut the normal distribution of latents off at this distance from 0: cleaner, less spread.

        Raises:
            RunError: where the run has no such class, or no such checkpoint.
        """
        checked_seed(seed)  # before the folder is read
        sampler = self.sampler(best=best)
        return shown(sampler.rows(n, seed, batch_size, label, truncate), sampler.table)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Turn the system's refusal to write here into an error that says what to do."""
        self.guard()
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise RunError(
                f"cannot write to {self.path}: {reason}. Choose another folder by --out, or free some space."
            ) from error

    @contextlib.contextmanager
    def fitting(self, checkpoint: Path, config: TrainConfig) -> Iterator[None]:
        """Say which checkpoint it is that does not fit the run's config, or lacks a part."""
        try:
            yield
        except (KeyError, RuntimeError, TypeError, IndexError) as error:
            own = " and ".join(f"the {name}" for name in ("generator", "critic") if getattr(config, name))
            mend = f"Pass {own} as it was in training" if own else "Restore the config"
            raise RunError(
                f"the checkpoint {checkpoint} does not fit {own or self.config_path} "
                f"({type(error).__name__}: {error}). {mend}, or delete that checkpoint's folder."
            ) from error

    @contextlib.contextmanager
    def locked(self, *, create: bool = False) -> Iterator[bool]:
        """Hold the folder; see `exclusive`.

        Args:
            create: make the folder first; it goes again if it is still empty at the end.

        Raises:
            TakenError: where another process holds it.
            RunError: where there is no such folder.
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
