"""`fgan compare`: what the choice of divergence does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fgan.cli import print_error, print_out
from fgan.cli.arguments import read
from fgan.cli.common import as_json, base_recipe, is_given, is_whole, names_in, whole_or_fitting
from fgan.cli.help import Page
from fgan.cli.memory import MemoryFlag
from fgan.errors import FganError, IncompleteError
from fgan.experiments.jobs import LEASE, require_jobs
from fgan.training.config import TrainConfig
from fgan.visible import fgan_command

if TYPE_CHECKING:
    from fgan.experiments.result import Comparison


HELP = Page(
    "fgan compare",
    examples=(
        "fgan compare ring8 --divergences kl,js,gan --seeds 3 --steps 2000",
        "fgan compare photos/ --preset mnist-small --divergences kl,js --gif",
        "fgan compare ring8 --out runs/compare-ring8 --resume",
    ),
    common=(
        "--divergences",
        "--generators",
        "--seeds",
        "--steps",
        "--preset",
        "--out",
        "--resume",
        "--jobs",
        "--metrics",
        "--rank-by",
        "--gif",
        "--device",
    ),
    more="Exit code: 0 if every run has a place in the ranking; 4 if some failed, diverged or were skipped, which the "
    "last line names; 2 for mistakes.",
)
WORKER_HELP = Page(
    "fgan compare",
    examples=(
        "fgan compare ring8 --divergences kl,js --plan --out runs/plan",
        "fgan compare --worker runs/plan",
    ),
)


@dataclass(frozen=True, kw_only=True)
class CompareCommand(MemoryFlag):
    """Train with several divergences, evaluate every run, and rank them with uncertainty.

    Each run is an ordinary run directory in the comparison's folder. You can sample, evaluate and resume it on its own.
    """

    recipe: TrainConfig
    divergences: str = "all"
    """Names separated by commas; all means one of each divergence in the catalogue."""
    generators: str = ""
    """Ways to train the generator, separated by commas: non-saturating, saturating, or a divergence for the generator
    to minimise instead. (default: as the recipe says)"""
    seeds: int = 1
    """Number of seeds for each divergence, counted up from --seed."""
    preset: str = "auto"
    """A named recipe to start from; other flags override it. See `fgan train --help`."""
    config: Path | None = None
    """Start from the config.json of a run; other flags override it. (default: start from --preset)"""
    out: Path | None = None
    """Folder of the comparison. (default: runs/compare-DATA)"""
    resume: bool = False
    """Continue the comparison in that folder; finished runs are kept."""
    jobs: int | None = None
    """Number of parallel processes. Each trains its share of the runs as one ensemble. (default: one per CPU core, or
    one on a GPU)"""
    ray: str | None = None
    """Train on a Ray cluster: local (or --ray alone) starts one on this machine, auto or host:port joins one.
    (default: this machine, without Ray)"""
    plan: bool = False
    """Only write the plan of all runs to the folder; workers train them later."""
    worker: Path | None = None
    """Train runs of the planned comparison in this folder. Start as many workers as you like, on any machine that
    shares the folder. Only --claim, --lease, --generator, --critic and --json go with it; the plan has the rest.
    (default: this process trains all runs)"""
    claim: int = 1
    """Number of runs that a worker claims at a time and trains as one ensemble."""
    lease: float = LEASE
    """Seconds without a sign of life from a worker after which its runs are taken over."""
    metrics: str = "fid,kid,prdc,modes"
    """Metrics separated by commas, as in `fgan evaluate`. With all, metrics that do not apply are skipped."""
    rank_by: str = "auto"
    """Metric that decides the ranking. auto is what can fail: modes-kl where modes are known, js for other vectors and
    tables, fid of an extractor's features for pictures."""
    n: int = 10_000
    """Maximum number of samples to evaluate for each run."""
    reference: Literal["auto", "train", "held-out", "all"] = "auto"
    """Real samples to compare with, as in `fgan evaluate`."""
    extractor: str = "auto"
    """Feature extractor, as in `fgan evaluate`. auto takes the one of the data set, cifar-cnn for other
    colour pictures up to 64x64, else raw pixels or values."""
    log_to: str = ""
    """Also log to these trackers, separated by commas: tensorboard, wandb, trackio."""
    gif: bool = False
    """Write time-lapse.gif to the comparison's folder, an animation of all divergences side by side, and one to each
    run. It has at least 48 frames unless you set --sample-every."""
    json: bool = False
    """Print one JSON object to stdout at the end; everything else goes to stderr."""


@dataclass(frozen=True, kw_only=True)
class WorkerCommand(MemoryFlag):
    """Train and evaluate runs of a planned comparison beside other workers; when all runs have ended, rank them."""

    worker: Path
    """Folder of the comparison that --plan wrote."""
    claim: int = 1
    """Number of runs to claim at a time; they train as one ensemble. With 1, each run is bit-identical to `fgan train`
    alone."""
    lease: float = LEASE
    """Seconds without a sign of life from a worker after which its runs are taken over."""
    generator: str = ""
    """Where to find a custom generator now, FILE.py:NAME or package.module:NAME, if it is no longer where the plan
    says."""
    critic: str = ""
    """Where to find a custom critic now, FILE.py:NAME or package.module:NAME, if it is no longer where the plan
    says."""
    json: bool = False
    """Print one JSON object to stdout at the end; everything else goes to stderr."""


ENDS = {
    "failed": "failed",
    "diverged": "diverged",
    "taken": "held by another process",
    "stopped": "stopped",
    "unranked": "without a number to rank by",
}
"""How a run can end without a place in the ranking."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, compare and print the ranking."""
    if is_given("--worker", arguments):
        _work(arguments)
        return
    command = read(
        CompareCommand,
        _with_cluster(arguments),
        HELP,
        default=lambda: CompareCommand(recipe=base_recipe(arguments)),
    )
    require_jobs(command.jobs, command.ray, plan_only=command.plan)
    if given := [flag for flag in ("--claim", "--lease") if is_given(flag, arguments)]:
        raise FganError(
            f"{' and '.join(given)} only works with --worker FOLDER. Leave it out, or start a worker."
        )
    from fgan.experiments.compare import compare
    from fgan.training.pictures import often_enough

    recipe = command.recipe
    if command.gif:
        recipe = often_enough(recipe, told=is_given("--sample-every", arguments) or is_whole(arguments))
    source, chosen = whole_or_fitting(recipe, command.preset, arguments)
    found = compare(
        source,
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
        extractor=command.extractor,
        log_to=command.log_to,
        gif=command.gif,
        say=print_error,
        **chosen,
    )
    if command.plan:
        print_out(as_json(found.to_dict()) if command.json else _planned(found))
    else:
        _show(found, json=command.json)


def _work(arguments: list[str]) -> None:
    command = read(WorkerCommand, arguments, WORKER_HELP)
    from fgan.experiments.worker import work

    found = work(
        command.worker,
        claim=command.claim,
        lease=command.lease,
        generator=command.generator,
        critic=command.critic,
        say=print_error,
    )
    _show(
        found,
        json=command.json,
        again=f"Other workers continue; to start another: {fgan_command('compare', '--worker', command.worker)}",
    )


def _planned(found: Comparison) -> str:
    return (
        f"Planned {len(found.outcomes)} runs in {found.path}. Start as many workers as you like, on any machine that "
        f"shares this folder:\n    {fgan_command('compare', '--worker', found.path)}"
    )


def _show(found: Comparison, *, json: bool, again: str = "Continue them with --resume.") -> None:
    """Print the ranking; raise for runs that have no place in it, see `_require_complete`."""
    from fgan.reporting.html.summary import of_folder

    summary = of_folder(found.path)
    if json:
        print_out(as_json(found.to_dict() | {"summary": summary and summary.to_dict()}))
    else:
        # The summary ends with the verdict.
        parts = [found.table(verdict=False), summary.text()] if summary else [found.table()]
        print_out("\n\n".join(parts))
    _require_complete(found, again)


def _require_complete(found: Comparison, again: str) -> None:
    """Name the runs that have no place in the ranking.

    Raises:
        IncompleteError: if there are any.
    """
    ends = {state: found.ended(state) for state in ENDS}
    missing = sum(map(len, ends.values()))
    if missing:
        parts = "; ".join(f"{ENDS[state]}: {', '.join(runs)}" for state, runs in ends.items() if runs)
        raise IncompleteError(
            f"{missing} of {len(found.outcomes)} runs are not in the ranking. {parts[0].upper()}{parts[1:]}."
            + (f" {again}" if ends["stopped"] else "")
        )


def _with_cluster(arguments: list[str]) -> list[str]:
    """Return the arguments with what a bare --ray stands for."""
    bare = [
        word == "--ray" and (after is None or after.startswith("--"))
        for word, after in zip_longest(arguments, arguments[1:])
    ]
    return [part for word, alone in zip(arguments, bare, strict=True) for part in (word, *["local"] * alone)]
