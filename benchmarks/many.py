"""Many trainings at once: ensembles of those that are alike, a process each core; other work a process each."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import multiprocessing
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

import fgan
from fgan.device import resolve_device
from fgan.experiments.comparison import ComparisonDirectory, Member
from fgan.experiments.comparison import trainable_divergences as trainable_divergences
from fgan.experiments.members import Outcome, ThisMachine, chunks_of, train_members, usable_cores
from fgan.training.memory import members_that_fit
from fgan.training.summary import Summary
from fgan.training.trainer import Trainer

RECIPE = {
    "penalties": str,
    "lr": float,
    "lr_fade": float,
    "cooldown": float,
    "ema": float,
    "link": str,
    "width": int,
}
"""Settings of the recipe that a benchmark can be run with other values of."""


def add_recipe_flags(parser: argparse.ArgumentParser) -> None:
    """Let a benchmark take a flag for each setting of the recipe; see `recipe_of`."""
    for name, kind in RECIPE.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=kind, default=None, help="another value than the preset's")


def recipe_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of the recipe that were given, by their names in the config."""
    return {name: value for name in RECIPE if (value := getattr(arguments, name)) is not None}


def folder_of(changes: dict[str, Any]) -> str:
    """Return a folder's name for runs with these changes: other runs than those without.

    >>> folder_of({}), folder_of({"lr": 0.002, "penalties": "r1:0.2,r2:0.2"})
    ('preset', 'lr-0.002-penalties-r1_0.2_r2_0.2')
    """
    name = "-".join(f"{key}-{value}" for key, value in changes.items())
    return re.sub(r"[^\w.-]", "_", name) or "preset"


def in_parallel(
    work: Callable[[Any], Any], jobs: Iterable[Any], processes: int | None = None
) -> Iterator[tuple[Any, Any]]:
    """Yield each job with what `work` returns for it, as they come to an end."""
    jobs = list(jobs)
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes or usable_cores(), initializer=alone) as pool:
        for index, result in pool.imap_unordered(functools.partial(_numbered, work), list(enumerate(jobs))):
            yield jobs[index], result


def _numbered(work: Callable[[Any], Any], numbered: tuple[int, Any]) -> tuple[int, Any]:
    index, job = numbered
    return index, work(job)


def alone() -> None:
    """Let this process keep to one core."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def trainers_of(runs: Iterable[str], data: str, **changes: Any) -> list[Trainer]:
    """Return a trainer on the CPU for each run, by the default preset with changes.

    Args:
        runs: a divergence and a seed each, such as "kl/0".
        data: name of the data.
        changes: fields of the config.
    """
    dataset = fgan.load_data(data)
    return [
        Trainer(
            fgan.preset("default", data, divergence=name, seed=int(seed), device="cpu", **changes), dataset
        )
        for name, seed in (run.rsplit("/", 1) for run in runs)
    ]


def without_pictures(config: fgan.TrainConfig) -> fgan.TrainConfig:
    return dataclasses.replace(config, sample_every=0, sample_count=0, keep_checkpoints=1)


def finished(config: fgan.TrainConfig, out: Path) -> tuple[fgan.RunDirectory, Summary]:
    """Train into a folder without pictures, or go on there, and return the run with its summary."""
    run = fgan.RunDirectory(out)
    run = fgan.train(without_pictures(config), out, resume=run.config_path.exists(), say=lambda line: None)
    assert run.summary, "it was trained just now"
    return run, run.summary


def trained(
    configs: dict[str, fgan.TrainConfig], out: Path, processes: int | None = None
) -> Iterator[tuple[str, fgan.RunDirectory, Outcome]]:
    """Train runs by their names into a folder as ensembles, or go on there, and yield what became of each."""
    members = [Member(name, name, without_pictures(config)) for name, config in configs.items()]
    device = resolve_device(members[0].config.device)
    workplace = ThisMachine(processes, device)
    data = fgan.load_data(members[0].config.data)
    fit = members_that_fit(
        dataclasses.replace(members[0].config, device=device), data, 1 / workplace.neighbours
    )
    directory = ComparisonDirectory(out)
    directory.begin(members, resume=directory.plan_path.exists())
    waiting = [member for member in members if not directory.finished(member)]
    outcomes = train_members(chunks_of(waiting, workplace.places, fit), directory, workplace, print)
    for member in members:
        yield member.name, directory.run(member), outcomes.get(member.name, Outcome("finished"))
