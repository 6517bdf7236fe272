"""`fgan compare`: what the choice of divergence does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.common import as_json, base_recipe, is_given, is_whole, names_in
from fgan.errors import DivergedError, FganError
from fgan.experiments.jobs import LEASE, require_jobs
from fgan.training.config import TrainConfig

if TYPE_CHECKING:
    from fgan.experiments.result import Comparison


@dataclass(frozen=True, kw_only=True)
class CompareCommand:
    """Train by several divergences, generators and seeds, judge every run, and rank them with uncertainty.

    Each run is an ordinary run directory in the comparison's folder: it can be sampled, judged and resumed alone.
    """

    recipe: TrainConfig
    divergences: str = "all"
    """Names, separated by commas; all for one of each entry of the catalogue."""
    generators: str = ""
    """Ways to train the generator, separated by commas: non-saturating, saturating, or a divergence to follow instead;
    the recipe's own if not given."""
    seeds: int = 1
    """How many seeds, counted from --seed."""
    preset: str = "default"
    """A named recipe, whose settings the other flags change."""
    config: Path | None = None
    """Start from this config.json instead."""
    out: Path | None = None
    """The comparison's folder; runs/compare-DATA if not given."""
    resume: bool = False
    """Go on with the comparison in that folder: what is finished stays."""
    jobs: int | None = None
    """Processes at once, each of which trains its share of the runs as one ensemble; as many as cores on a CPU, one on
    a GPU, if not given."""
    ray: str | None = None
    """Train on a Ray cluster: "local" (--ray alone) starts one on this machine, "auto" or host:port joins one."""
    plan: bool = False
    """Train nothing: write the plan into the folder, for workers to carry out."""
    worker: Path | None = None
    """Train runs of the comparison in this folder, beside as many other workers as are started, on any machine that
    sees it. Besides this only --claim, --lease, --generator, --critic and --json can be given: the plan says the
    rest."""
    claim: int = 1
    """Runs that a worker claims at a time and trains as one ensemble."""
    lease: float = LEASE
    """Seconds after which the runs of a worker that is not heard of are taken over."""
    metrics: str = "fid,kid,prdc,modes"
    """What to measure, as `fgan evaluate` takes it; those that do not apply are left out with all."""
    rank_by: str = "fid"
    """The number that ranks."""
    n: int = 10_000
    """Samples of each run to judge, at most."""
    reference: Literal["auto", "train", "held-out", "all"] = "auto"
    """What samples are compared with, as `fgan evaluate` takes it."""
    log_to: str = ""
    """Trackers that the runs log to besides, separated by commas: tensorboard, wandb, trackio."""
    gif: bool = False
    """Keep a time lapse of all divergences side by side, time-lapse.gif in the comparison's folder, and one in the
    folder of each run. There are at least 48 pictures unless --sample-every says how often."""
    json: bool = False
    """Print one JSON object on stdout at the end, and everything else on stderr."""


@dataclass(frozen=True, kw_only=True)
class WorkerCommand:
    """Train and judge runs of a comparison beside other workers, until all have ended; then rank."""

    worker: Path
    """The comparison's folder, where --plan left its plan."""
    claim: int = 1
    """Runs to claim at a time, which train as one ensemble. One at a time has the bits of a run alone."""
    lease: float = LEASE
    """Seconds after which the runs of a worker that is not heard of are taken over."""
    generator: str = ""
    """The generator of a comparison with one of your own, FILE.py:NAME or package.module:NAME; where it cannot be found
    by what the plan says."""
    critic: str = ""
    """The critic, likewise."""
    json: bool = False
    """Print one JSON object on stdout at the end, and everything else on stderr."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, compare and print the ranking."""
    if is_given("--worker", arguments):
        _work(arguments)
        return
    command = tyro.cli(
        CompareCommand,
        prog="fgan compare",
        args=_with_cluster(arguments),
        default=CompareCommand(recipe=base_recipe(arguments)),
        config=(tyro.conf.OmitArgPrefixes,),
    )
    require_jobs(command.jobs, command.ray, plan_only=command.plan)
    if given := [flag for flag in ("--claim", "--lease") if is_given(flag, arguments)]:
        raise FganError(
            f"{' and '.join(given)}: for workers only, which are started by --worker DIR. Leave it out."
        )
    from fgan.experiments.compare import compare
    from fgan.training.pictures import often_enough

    recipe = command.recipe
    if command.gif:
        recipe = often_enough(recipe, told=is_given("--sample-every", arguments) or is_whole(arguments))
    found = compare(
        recipe,
        names_in(command.divergences),
        generators=names_in(command.generators),
        seeds=command.seeds,
        out=command.out,
        resume=command.resume,
        jobs=command.jobs,
        ray=command.ray,
        plan_only=command.plan,
        metrics=command.metrics,
        rank_by=command.rank_by,
        n=command.n,
        reference=command.reference,
        log_to=command.log_to,
        gif=command.gif,
        say=print_error,
    )
    if command.plan:
        print_out(as_json(found.to_dict()) if command.json else _planned(found))
    else:
        _show(found, json=command.json)


def _work(arguments: list[str]) -> None:
    command = tyro.cli(WorkerCommand, prog="fgan compare", args=arguments)
    from fgan.experiments.worker import work

    found = work(
        command.worker,
        claim=command.claim,
        lease=command.lease,
        generator=command.generator,
        critic=command.critic,
        say=print_error,
    )
    _show(found, json=command.json, again=f"other workers go on, or `fgan compare --worker {command.worker}`")


def _planned(found: Comparison) -> str:
    return (
        f"{len(found.outcomes)} runs are planned in {found.path}. Start as many workers as you like, here or wherever "
        f"that folder is seen:\n    fgan compare --worker {found.path}"
    )


def _show(found: Comparison, *, json: bool, again: str = "go on with --resume") -> None:
    """Print the ranking; raise for runs that have no place in it."""
    from fgan.reporting.html.summary import of_folder

    summary = of_folder(found.path)
    if json:
        print_out(as_json(found.to_dict() | {"summary": summary and summary.to_dict()}))
    else:
        print_out("\n\n".join([found.table(), *([summary.text()] if summary else [])]))
    if found.unfinished:
        raise FganError(f"stopped with {len(found.unfinished)} runs to finish; {again}.")
    for state, error in (("failed", FganError), ("taken", FganError), ("diverged", DivergedError)):
        if runs := found.ended(state):
            raise error(
                f"{len(runs)} of {len(found.outcomes)} runs {state}, without a place: {', '.join(runs)}."
            )


def _with_cluster(arguments: list[str]) -> list[str]:
    """Return the arguments with what a bare --ray stands for."""
    bare = [
        word == "--ray" and (after is None or after.startswith("--"))
        for word, after in zip_longest(arguments, arguments[1:])
    ]
    return [part for word, alone in zip(arguments, bare, strict=True) for part in (word, *["local"] * alone)]
