"""`fgan.compare`: train with several divergences, evaluate and rank them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Unpack

from fgan.data import Dataset
from fgan.data.load import short_name
from fgan.data.passed import Passable, Passed, kind_of
from fgan.data.passed_table import PassedTable, dataset_of_kept, keep, kept_name, read_to_keep
from fgan.device import resolve_device
from fgan.errors import FganError, RunError
from fgan.evaluation.sides import Reference
from fgan.experiments.claims import Claims
from fgan.experiments.comparison import AUTO, ComparisonDirectory, Judging, Member, plan
from fgan.experiments.fitting import as_begun, fitted_to
from fgan.experiments.jobs import require_jobs
from fgan.experiments.judged import evaluator_of, ranked, settled
from fgan.experiments.members import (
    MOST_TRACKED,
    Outcome,
    ThisMachine,
    Workplace,
    chunks_of,
    ended,
    train_members,
)
from fgan.experiments.presets import FITTING
from fgan.experiments.result import Comparison
from fgan.experiments.train import next_folder, recipe_of
from fgan.files import size_of
from fgan.output import Say, silent, to_people
from fgan.torchrun import require_one_process
from fgan.tracking import checked_trackers
from fgan.training.config import TrainConfig
from fgan.training.memory import members_that_fit, notes_of
from fgan.training.pictures import TIME_LAPSE, keep_time_lapse, often_enough
from fgan.training.run import data_of, named_from_root
from fgan.training.settings import Settings


def compare(
    data: str | Path | TrainConfig | Passable,
    divergences: str | Sequence[str] = "all",
    *,
    generators: str | Sequence[str] = (),
    seeds: int = 1,
    out: str | Path | None = None,
    preset: str = FITTING,
    resume: bool = False,
    jobs: int | None = None,
    ray: str | None = None,
    plan_only: bool = False,
    metrics: str | Sequence[str] = ("fid", "kid", "prdc", "modes"),
    rank_by: str = "auto",
    n: int = 10_000,
    reference: Reference = "auto",
    extractor: str = "auto",
    log_to: str | Iterable[str] = (),
    gif: bool = False,
    say: Say = to_people,
    **settings: Unpack[Settings],
) -> Comparison:
    """Train with several divergences, generators and seeds, evaluate every run, and rank them with uncertainty.

    Each run is an ordinary run directory in the comparison's folder. Runs train in separate processes, which do not
    import the calling script.

    Args:
        data: a name or path as in `TrainConfig.data`, or a whole recipe that the runs share; or samples, as for
            `fgan.data.as_dataset`, which are saved in the folder as data.npz (tables as data.parquet).
        divergences: one or several names; "all" means one of each entry of the catalogue.
        generators: one or several ways to train the generator: "non-saturating", "saturating", or a divergence to
            follow instead; default: that of the recipe.
        seeds: number of seeds, counted from the recipe's.
        out: the folder, new unless `resume`; default: runs/compare-DATA, with -2, -3, ... if it already exists. When
            resuming, the default is the last of these.
        preset: the named recipe to start from, not with a whole recipe; "auto" is the one that fits the data.
        resume: continue the comparison in that folder; finished runs stay as they are.
        jobs: number of parallel processes, each of which trains its share of the runs as one ensemble; default: the
            number of cores on a CPU, one on a GPU.
        ray: train on a Ray cluster instead: "local", "auto" or host:port; `out` must be visible to all hosts.
        plan_only: train nothing; any number of `fgan.work(out)` processes do the training.
        metrics: metrics to measure, as for `fgan.evaluate`, or "all". Metrics that do not apply to the data are skipped
            with a message. `rank_by` is always measured.
        rank_by: the metric that ranks; default: what can fail on the data. That is modes-kl where modes are known
            (missing modes, samples outside them), js for other vectors and tables, fid of an extractor's features for
            pictures.
        n: maximum number of samples of each run to evaluate.
        reference: the data to compare with, as for `fgan.evaluate`.
        extractor: name of the feature extractor, as for `fgan.evaluate`.
        log_to: trackers that the runs also log to, as for `fgan.train`.
        gif: save a time lapse of each run in its folder, and of all divergences side by side as `time-lapse.gif` in
            the comparison's folder, as for `fgan.train`.
        say: receives messages as lines of text; default: below a notebook cell, otherwise on standard error.
        settings: fields of `TrainConfig`, such as steps=2000.

    Raises:
        FganError: for mistakes, before anything is written.
    """
    require_one_process("fgan.compare")
    require_jobs(jobs, ray, plan_only=plan_only)
    if "divergence" in settings:
        given = settings["divergence"]
        raise FganError(
            f"a comparison takes divergences={given!r} (--divergences {given}) instead of divergence= (--divergence)."
        )
    if isinstance(data, Dataset):
        raise FganError(
            f"compare() needs a name, a path or samples; got a Dataset ({data.name}). Pass its samples instead."
        )
    if isinstance(data, (str, Path, TrainConfig)):
        recipe, passed = recipe_of(data, preset, settings), None
        options = recipe.load_options()
    else:
        out = (
            next_folder(Path("runs") / f"compare-{kind_of(data)}", again=resume) if out is None else Path(out)
        )
        recipe = recipe_of(out.absolute() / kept_name(data, out), preset, settings)
        options = recipe.load_options()
        passed = read_to_keep(data, out, options=options, say=say)
        recipe = replace(recipe, image_size=None)  # which is done
        if isinstance(passed, Passed) and passed.stored:
            recipe = replace(recipe, value_range="type", background="auto")  # likewise
    if gif and plan_only:
        raise FganError(
            "plan_only trains nothing, so there are no pictures for a time lapse. Omit gif, and draw it later."
        )
    recipe = named_from_root(recipe)
    divergences, generators = ([one] if isinstance(one, str) else one for one in (divergences, generators))
    plan(recipe, divergences, generators, seeds)  # refuses mistakes before the data are loaded
    out = out or next_folder(Path("runs") / f"compare-{short_name(recipe.data)}", again=resume)
    dataset = (
        data_of(recipe, say)
        if passed is None
        else dataset_of_kept(passed, recipe.data, options=options, say=say)
    )
    fits = preset == FITTING and not isinstance(data, TrainConfig)
    if resume:
        begun = ComparisonDirectory(out).first_recipe()
        if recipe.precision == "auto":  # the runs that are left multiply as those that are finished
            recipe = replace(recipe, precision=begun.precision)
        recipe = as_begun(recipe, begun, settings) if fits else recipe
    elif fits:
        recipe = fitted_to(dataset, recipe, settings, say)
    if gif:
        recipe = often_enough(recipe, told=isinstance(data, TrainConfig) or "sample_every" in settings)
    members = plan(recipe, divergences, generators, seeds)
    if isinstance(metrics, str):
        metrics = () if metrics == "all" else [name.strip() for name in metrics.split(",")]
    found = compare_members(
        members,
        dataset,
        out,
        passed=passed,
        resume=resume,
        jobs=jobs,
        ray=ray,
        plan_only=plan_only,
        metrics=tuple(metrics),
        rank_by=rank_by,
        n=n,
        reference=reference,
        extractor=extractor,
        log_to=log_to,
        say=say,
    )
    if gif:
        _keep_time_lapses(found, say)
    return found


def _keep_time_lapses(found: Comparison, say: Say) -> None:
    kept = [keep_time_lapse(run, silent) for run in found.runs.values()]
    if any(kept):
        path, animation = Path(found.path) / TIME_LAPSE, found.time_lapse()
        animation.save(path)
        pictures = len(animation.frames)
        say(f"time lapse of {pictures} pictures: {path} ({size_of(path)}); each run's folder has its own")


def compare_members(
    members: Sequence[Member],
    dataset: Dataset,
    out: str | Path,
    *,
    passed: Passed | PassedTable | None = None,
    resume: bool = False,
    jobs: int | None = None,
    ray: str | None = None,
    plan_only: bool = False,
    metrics: tuple[str, ...] = (),
    rank_by: str = AUTO,
    n: int = 10_000,
    reference: Reference = "auto",
    extractor: str = "auto",
    log_to: str | Iterable[str] = (),
    say: Say = to_people,
) -> Comparison:
    """Train the members of a comparison into ordinary run directories, evaluate and rank them; see `compare`.

    Finished runs are not trained again, nor evaluated again with the same metrics. A run that fails is reported and
    does not affect the others.

    Args:
        members: as `fgan.experiments.comparison.plan` makes them.
        dataset: the data of all of them.
        out: the folder, new unless `resume`.
        passed: the samples of `dataset`, if they must be saved in the folder for its runs to load.
        resume: continue the comparison in that folder.
        jobs: number of parallel processes, each of which trains its share of the runs as one ensemble; default: the
            number of cores on a CPU, one on a GPU.
        ray: train on a Ray cluster instead, see `Cluster`; `out` must be visible to all hosts.
        plan_only: train nothing; workers do the training, see `fgan.experiments.worker`.
        metrics: metrics to measure; default: all that apply. `rank_by` is always measured.
        rank_by: the metric that ranks the groups; "auto" chooses by the data, or when resuming, as before.
        n: samples of each run to evaluate.
        reference: the data to compare with.
        extractor: name of the feature extractor.
        say: receives messages as lines of text.

    Raises:
        FganError: for mistakes, before anything is written.
    """
    trackers, directory = checked_trackers(log_to), ComparisonDirectory(out)
    device = resolve_device(members[0].config.device)
    rank_by = directory.ranked_by() if resume and rank_by == AUTO else rank_by
    judging = settled(Judging(metrics, rank_by, n, reference, extractor), dataset, device)
    for note in notes_of(replace(members[0].config, device=device), dataset):
        say(note)
    evaluator = evaluator_of(judging, dataset, device, say)
    begin = partial(_begun, directory, members, dataset, passed, judging, resume, trackers, say)
    if plan_only:
        with begin() as outcomes:
            every = {member.name: outcomes.get(member.name, Outcome("stopped")) for member in members}
            return Comparison(str(out), judging.rank_by, [], every)
    with _workplace(ray, jobs, device) as workplace:
        at_most = members_that_fit(
            replace(members[0].config, device=device), dataset, 1 / workplace.neighbours
        )
        at_most = min(at_most, MOST_TRACKED) if trackers else at_most
        with begin() as outcomes:
            if left := [member for member in members if member.name not in outcomes]:
                chunks = chunks_of(left, workplace.places, at_most)
                outcomes |= train_members(chunks, directory, workplace, say)
            return ranked(directory, members, outcomes, judging, evaluator, say)


@contextmanager
def _begun(
    directory: ComparisonDirectory,
    members: Sequence[Member],
    dataset: Dataset,
    passed: Passed | PassedTable | None,
    judging: Judging,
    resume: bool,
    trackers: Sequence[str],
    say: Say,
) -> Iterator[dict[str, Outcome]]:
    """Write the plan or check that it is the same, and lock the comparison; yields the outcomes so far."""
    plan = directory.agreed(members, resume=resume, dataset=dataset, judging=judging, log_to=trackers)
    if not resume:
        directory.write(plan)
    claims = Claims(directory.claims_path)
    claims.prepare(member.name for member in members)
    with claims.whole(say):
        directory.hold()
        directory.write(plan)  # not earlier: workers may be using the existing plan
        if passed is not None:
            _keep(passed, directory.path)
        yield {member.name: end for member in members if (end := ended(directory, member))}


def _keep(passed: Passed | PassedTable, folder: Path) -> None:
    """Write samples for the runs to load, or check that the existing ones are the same."""
    if not keep(passed, folder):
        raise RunError(
            f"{folder} holds a comparison on different samples. Resume with the same samples, or choose another out=."
        )


def _workplace(ray: str | None, jobs: int | None, device: str) -> AbstractContextManager[Workplace]:
    if ray is None:
        return nullcontext(ThisMachine(jobs, device))
    from fgan.experiments.cluster import Cluster

    return Cluster(ray, device)
