"""From what was read of runs to the summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fgan.data.load import short_name
from fgan.errors import FganError
from fgan.evaluation import Evaluation
from fgan.evaluation.basis import deciding_number
from fgan.evaluation.result import Range
from fgan.experiments.ranking import Place, rank
from fgan.experiments.verdict import listed, verdict
from fgan.reporting.html.finite import is_number
from fgan.reporting.html.gather import Gathered, Run, gather
from fgan.reporting.html.summary.next_steps import next_steps
from fgan.reporting.html.summary.problems import problems
from fgan.reporting.html.summary.progress import NOTABLE, course, time_of
from fgan.reporting.html.summary.result import Summary
from fgan.reporting.html.summary.standings import against_baseline, far_from_real, standings, with_number


def summarise(found: Gathered) -> Summary:
    """Return the summary of what was read."""
    places, by = _places(found)
    result = _of_one(found.runs[0]) if len(found.runs) == 1 and not found.members else _of_several(places, by)
    return Summary(
        _compared(found),
        tuple(result),
        tuple(problems(found, places, by)),
        tuple(next_steps(found, places, by)),
        _verdict(found, places, by),
    )


def of_folder(path: str | Path) -> Summary | None:
    """Return the summary of a comparison or a run; None where there is nothing to summarise."""
    try:
        return summarise(gather([path]))
    except FganError:  # such as a comparison of which nothing has begun, or a folder that has gone
        return None


def _places(found: Gathered) -> tuple[list[Place], str]:
    """Return the ranking, or that of runs which are no comparison but were judged alike; and the number that ranks."""
    if found.ranking:
        return found.ranking.places, found.ranking.by
    judged: dict[str, list[Evaluation]] = {run.group: [] for run in found.runs}
    for run in found.runs:
        if run.evaluation:
            judged[run.group].append(run.evaluation)
    by = _number_of([one for several in judged.values() for one in several])
    evaluations = [one for several in judged.values() for one in several]
    alike = {(one.against, one.reference, one.n, one.extractor.get("name")) for one in evaluations}
    return (rank(judged, by) if len(alike) == 1 else []), by


def _number_of(evaluations: Sequence[Evaluation]) -> str:
    """Return the number that ranks, of those that all evaluations have; if none has, of those that were asked for."""
    asked = [
        name
        for name, value in (evaluations[0].metrics.items() if evaluations else ())
        if value.better in ("higher", "lower")
    ]
    shared = [name for name in asked if all(not one.lacking(name) for one in evaluations)] or asked
    features = evaluations[0].extractor.get("name", "") if evaluations else ""
    by = deciding_number(features, shared)
    return by if by in shared or not shared else shared[0]


def _verdict(found: Gathered, places: Sequence[Place], by: str) -> str:
    """Return the ranking's sentence; that of runs which are no comparison is made of their evaluations."""
    if found.ranking and found.ranking.verdict:
        return found.ranking.verdict
    runs, judged = found.runs, next((run.evaluation for run in found.runs if run.evaluation), None)
    if len(runs) == 1 and not found.members and judged:
        places = rank({runs[0].group: [judged]}, by)
    data = short_name(runs[0].config.data)
    if not judged and not places:
        return f"Nothing is ranked on {data}: no run was evaluated."
    features = judged.extractor.get("name", "") if judged else ""
    steps = _span({run.config.steps for run in runs}, "step")
    return verdict(with_number(places, by), by, features, data, steps)


def _compared(found: Gathered) -> str:
    runs, data = found.runs, Path(found.runs[0].config.data).name
    taken = time_of(runs)
    if len(runs) == 1 and len(found.members) < 2:
        run = runs[0]
        steps = f"{_reached(run):,} of {run.config.steps:,} steps"
        details = ", ".join(filter(None, (steps, f"seed {run.config.seed}", taken)))
        return f"One run: {run.group} on {data} ({details})."
    planned = [(member.group, member.config) for member in found.members] or [
        (run.group, run.config) for run in runs
    ]
    groups = list(dict.fromkeys(group for group, _ in planned))
    counts = {sum(group == one for one, _ in planned) for group in groups}
    seeds = _span(counts, "seed")
    steps = _span({config.steps for _, config in planned}, "step")
    kind = "divergence" if all(group == config.divergence for group, config in planned) else "group"
    several = f"{len(groups)} {kind}s compared" if len(groups) > 1 else f"One {kind}"
    each = " each" if len(groups) > 1 else ""
    time = f"; a run took {taken}" if taken else ""
    return f"{several} on {data}: {listed(groups)}, {seeds}{each}, {steps} a run{time}."


def _reached(run: Run) -> int:
    logged = run.metrics.get("step")
    return max(run.step, int(logged[-1]) if logged is not None and len(logged) else 0)


def _span(counts: set[int], what: str) -> str:
    """Write a count, or the smallest and the largest.

    >>> _span({2}, "seed"), _span({1, 3}, "seed"), _span({1}, "seed")
    ('2 seeds', '1 to 3 seeds', '1 seed')
    """
    low, high = min(counts), max(counts)
    number = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{number} {what}{'' if high == 1 else 's'}"


def _of_several(places: Sequence[Place], by: str) -> list[str]:
    if not places:
        return ["No run is ranked yet, so nothing can be said about which is better."]
    return standings(places, by)


def _of_one(run: Run) -> list[str]:
    sentences = []
    if run.evaluation:
        by = _number_of([run.evaluation])
        value = run.evaluation.metrics.get(by)
        if value and is_number(value):
            judged = f"{run.evaluation.n:,} samples"
            sentences.append(f"{by} is {Range.text(value)} on {judged} ({value.better} is better).")
            sentences += against_baseline(value, by, by)
        else:
            sentences.append(f"The evaluation has no usable {by}.")
        sentences += far_from_real(run.evaluation.metrics, by, "it")
    known = course(run)
    if known and known.worsened <= NOTABLE:
        improving = " and was still improving" if known.improving else ""
        sentences.append(
            f"During training {known.metric} reached {known.best:.4g} at step {known.best_step:,}{improving}."
        )
    return sentences or ["There are no numbers on the quality of its samples yet."]
