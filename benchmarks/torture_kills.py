"""A kill, a torn write or a power cut at every file operation of a run: resumed, it must end with the same bits.

    python benchmarks/torture.py kills

Several small recipes: plain, judged, one checkpoint, stopped and resumed, and runs that roll back. Each is run once
undisturbed, counting its operations. Then, for every k, it is killed right before its k-th operation and resumed. A
torn write also cuts the file that the operation before it wrote in the middle of its last line, a power cut every file
back to what was synced of it.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torture_forks import Outcome, die_at, differences, digests, run, warm
from torture_small import ON_CPU
from torture_tally import Tally, until

import fgan
from fgan.training.ensemble import Ensemble

SMALL: dict[str, Any] = {
    **{"width": 8, "depth": 1, "batch_size": 8, "latent": 2, "seed": 1, **ON_CPU},
    **{"log_every": 4, "checkpoint_every": 4, "sample_every": 8, "sample_count": 4, "penalties": "none"},
    "generator_loss": "saturating",  # the other one is put in words, which takes as long as the training
}
JUDGED = {"evaluate_every": 4, "evaluate_n": 32}
QUICK = "/dev/shm"
"""Where folders are in memory: nothing waits for a disk, and what is asked of it is the same."""


@dataclass(frozen=True)
class Recipe:
    """A run to disturb.

    Args:
        name: what it shows.
        settings: of `fgan.train`.
        steps: of each call: all but the last one end early, and the next one resumes.
        stops: whether the calls but the last one are stopped, rather than asked for fewer steps.
        breaks: steps at which a weight becomes NaN, with how many halvings of the learning rate cure it.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    steps: tuple[int, ...] = (14,)
    breaks: tuple[tuple[int, int], ...] = ()
    stops: bool = False


RECIPES = [
    Recipe("plain"),
    Recipe("judged, keeps 1", JUDGED | {"keep_checkpoints": 1}, (10,)),
    Recipe("rolls back twice", JUDGED, (14,), ((11, 2),)),
    Recipe("rolls back and keeps 1", {"keep_checkpoints": 1}, (14,), ((11, 2),)),
    Recipe("rolls back three times", {"keep_checkpoints": 3}, (14,), ((7, 1), (13, 3))),
    Recipe("diverges", JUDGED, (14,), ((6, 99),)),
    Recipe("made longer", {}, (6, 10)),
    Recipe("stopped", JUDGED, (6, 10), stops=True),
    Recipe("stopped twice, rolls back", {"keep_checkpoints": 1}, (5, 7, 12), ((11, 1),), stops=True),
]
HOW = ("kill", "torn write", "power cut")


def torture(seconds: float, seed: int) -> Tally:
    """Disturb the recipes at every operation if there is time, else at random ones."""
    warm()
    tally, chance = Tally("kills"), random.Random(seed)
    with tempfile.TemporaryDirectory(dir=QUICK if Path(QUICK).is_dir() else None) as place:
        folder = Path(place).resolve() / "run"  # the same for all
        named = {recipe.name: recipe for recipe in RECIPES}
        known: dict[str, dict[str, str]] = {}
        tries: list[tuple[str, str, int]] = []
        for recipe in RECIPES:
            known[recipe.name], operations = undisturbed(recipe, folder)
            tries += [(recipe.name, how, k) for how in HOW for k in points(operations, how)]
        chance.shuffle(tries)
        for number in until(seconds):
            if number == len(tries):
                break
            name, how, k = tries[number]
            tally.faults += 1
            for what in disturbed(named[name], folder, known[name], k, how):
                tally.bad("traceback" if "Traceback" in what else "differs", what)
    return tally


def exhaustive(names: list[str], place: Path, how: str) -> Iterator[str]:
    """Disturb some recipes at every operation; yield what went wrong."""
    warm()
    for recipe in RECIPES:
        if recipe.name in names:
            wanted, operations = undisturbed(recipe, place / "run")
            for k in points(operations, how):
                yield from disturbed(recipe, place / "run", wanted, k, how)


def points(operations: list[str], how: str) -> list[int]:
    """Return the operations before which a run can be disturbed, from 1; a torn write needs one that opens a file."""
    opened = [False, *(" open " in line for line in operations[:-1])]
    return [k for k, after_open in enumerate(opened, 1) if how != "torn write" or after_open]


def undisturbed(recipe: Recipe, folder: Path) -> tuple[dict[str, str], list[str]]:
    """Return the digests of the whole run, and its file operations."""
    shutil.rmtree(folder, ignore_errors=True)
    log = folder.with_name("operations")
    log.unlink(missing_ok=True)
    for part in range(len(recipe.steps)):
        outcome = trained(recipe, folder, part, die_at(None, folder, log))
        assert outcome.code in (0, 3), outcome.text
    return digests(folder), log.read_text().splitlines()


def disturbed(recipe: Recipe, folder: Path, wanted: dict[str, str], k: int, how: str) -> Iterator[str]:
    """Kill a run before its k-th operation, resume it, and yield what differs in the end."""
    shutil.rmtree(folder, ignore_errors=True)
    synced = folder.with_name("synced")
    synced.unlink(missing_ok=True)
    killed, before = None, 0
    for part in range(len(recipe.steps)):
        log = folder.with_name("log")
        log.unlink(missing_ok=True)

        def setup() -> None:
            if how != "kill":
                record_syncs(synced)
            die_at(k - before, folder, log)()  # noqa: B023 - called before the next part

        outcome = trained(recipe, folder, part, setup if killed is None else None)
        if outcome.code == -9:
            *_, before_it, killed = ["", *log.read_text().splitlines()]
            if how == "power cut":
                cut_back(folder, synced)
            if how == "torn write":
                tear(Path(before_it.split("'")[1]), synced)
            outcome = trained(recipe, folder, part)
        before += len(log.read_text().splitlines()) if killed is None and log.exists() else 0
        if outcome.code not in (0, 3) or outcome.traceback:
            yield f"{recipe.name}, {how} at {killed}: {outcome.text[-300:]}"
            return
    differing = differences(wanted, digests(folder))
    if differing or killed is None:
        yield f"{recipe.name}, {how} at {killed}: {differing[:4] or 'it was not killed'}"


def trained(recipe: Recipe, folder: Path, part: int, setup: Callable[[], Any] | None = None) -> Outcome:
    """Train one part of a recipe, resuming what is there."""
    stop = recipe.steps[part] if recipe.stops and part < len(recipe.steps) - 1 else None
    data = folder.with_name("data.npy")
    if not data.exists():
        np.save(data, np.random.default_rng(0).integers(0, 256, (64, 4, 4), np.uint8))

    def call() -> int:
        break_at(recipe.breaks)
        if setup:
            setup()
        there = (folder / "config.json").exists()
        try:
            fgan.train(
                str(data),
                folder,
                resume=there,
                say=print,
                steps=recipe.steps[-1 if recipe.stops else part],
                callbacks=[StopAt(stop)] if stop else [],
                **SMALL,
                **recipe.settings,
            )
        except fgan.FganError as error:
            print(error)
            return error.exit_code
        return 0

    return run(call=call)


@dataclass(frozen=True)
class StopAt:
    """A callback that stops a run after a step."""

    step: int

    def on_step(self, state: Any) -> object:
        """Return whether to stop."""
        return fgan.STOP if state.step == self.step else None


def break_at(breaks: tuple[tuple[int, int], ...]) -> None:
    """Make a weight NaN at these steps, until the learning rate was halved often enough."""
    step = Ensemble.step

    def broken(self: Ensemble) -> None:
        step(self)
        for trainer in self.trainers:
            for at, cured_by in breaks:
                if trainer.steps_done == at and trainer.backoff < cured_by:
                    with torch.no_grad():
                        trainer.critic.parameters[0][0, 0] = float("nan")

    Ensemble.step = broken


def record_syncs(synced: Path) -> None:
    """Write down how many bytes of which file the disk was asked to keep."""
    fsync = os.fsync

    def recorded(handle: int) -> None:
        fsync(handle)
        known = os.fstat(handle)
        with synced.open("a") as file:
            file.write(f"{known.st_ino} {known.st_size}\n")

    os.fsync = recorded


def cut_back(folder: Path, synced: Path) -> None:
    """Cut each file back to what was synced of it."""
    sizes = synced_sizes(synced)
    for path in folder.rglob("*"):
        if path.is_file():
            known = path.stat()
            os.truncate(path, min(known.st_size, sizes.get(known.st_ino, 0)))


def tear(path: Path, synced: Path) -> None:
    """Cut a file in the middle of its last line, if the disk was not yet asked to keep that."""
    content, known = path.read_bytes(), path.stat()
    start = max(content.rstrip(b"\n").rfind(b"\n") + 1, synced_sizes(synced).get(known.st_ino, 0))
    os.truncate(path, (start + len(content)) // 2)


def synced_sizes(synced: Path) -> dict[int, int]:
    """Return the bytes that the disk was last asked to keep, by the number of the file."""
    lines = synced.read_text().splitlines() if synced.exists() else []
    return {int(number): int(size) for number, size in map(str.split, lines)}
