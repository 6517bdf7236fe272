"""What went wrong, in sentences: runs without an end, without a number, or whose samples miss much of the data."""

from __future__ import annotations

from collections.abc import Sequence

from fgan.evaluation.result import Measurement
from fgan.experiments.ranking import Place
from fgan.experiments.verdict import listed
from fgan.reporting.html.finite import is_number
from fgan.reporting.html.gather import Gathered, Run
from fgan.reporting.html.summary.progress import NOTABLE, course, is_short
from fgan.reporting.html.summary.standings import LITTLE, with_number
from fgan.training.config import TrainConfig

ENDS = {
    "diverged": "diverged",
    "failed": "failed",
    "stopped": "stopped before the last step",
    "taken": "left to another process",
}
COVERS = ("modes", "coverage", "recall")
"""The numbers that show whether samples cover the data, the most telling first."""


def problems(found: Gathered, places: Sequence[Place], by: str) -> list[str]:
    """Return a sentence for each kind of problem.

    Args:
        found: what was read.
        places: the ranking; empty without one.
        by: the number that ranks.
    """
    return [
        *_ends(found),
        *_warned(found.runs),
        *_survivors(found, places, by),
        *_not_judged(found),
        *_short(found.runs),
        *_misses(found.runs),
        *_worsened(found.runs),
    ]


def by_end(found: Gathered) -> dict[str, list[str]]:
    """Return the names of the runs that did not finish, by how they ended."""
    ends: dict[str, list[str]] = {}
    for run in found.runs:
        ends.setdefault(run.state.split()[0], []).append(run.name)
    shown = {run.name for run in found.runs}
    for member in found.members:
        if member.name not in shown:
            outcome = found.ranking.outcomes.get(member.name) if found.ranking else None
            ends.setdefault(outcome.state if outcome else "stopped", []).append(member.name)
    return {end: names for end, names in ends.items() if end in ENDS}


def missing(run: Run) -> tuple[str, Measurement] | None:
    """Return the number that shows that a run's samples miss much of the data; None where none does."""
    if not run.evaluation:
        return None
    for name in COVERS:
        value = run.evaluation.metrics.get(name)
        if value and is_number(value) and value.floor and (floor := value.floor.value):
            return (name, value) if value.high < LITTLE * floor else None
    return None


def _ends(found: Gathered) -> list[str]:
    count = max(len(found.runs), len(found.members))
    sentences = []
    for end, names in by_end(found).items():
        if count == 1:
            sentences.append(f"The run {found.runs[0].state}.")
        else:
            sentences.append(f"{len(names)} of {count} runs {ENDS[end]}: {listed(names)}.")
    return sentences


def _warned(runs: Sequence[Run]) -> list[str]:
    warned = [run for run in runs if run.warning]
    if not warned:
        return []
    if len(runs) == 1:
        return [f"The run finished with a {warned[0].warning}"]
    return [
        f"{len(warned)} of {len(runs)} runs finished with a warning: {listed([run.name for run in warned])}."
    ]


def _survivors(found: Gathered, places: Sequence[Place], by: str) -> list[str]:
    """Name groups whose mean leaves out a seed, and those without a place."""
    planned: dict[str, int] = {}
    for group in [member.group for member in found.members] or [run.group for run in found.runs]:
        planned[group] = planned.get(group, 0) + 1
    ranked = with_number(places, by)
    sentences = [
        f"The mean of {place.group} covers {place.seeds} of {planned[place.group]} seeds: "
        "runs without a number are left out, so it may look too good."
        for place in ranked
        if place.seeds < planned.get(place.group, 0)
    ]
    without = [group for group in planned if group not in {place.group for place in ranked}]
    if ranked and without:
        sentences.append(f"Without a place in the ranking: {listed(without)}.")
    return sentences


def _not_judged(found: Gathered) -> list[str]:
    judgeable = [run for run in found.runs if run.step and not run.state.startswith("diverged")]
    names = [run.name for run in judgeable if not run.evaluation]
    if not names:
        return []
    if len(found.runs) == 1:
        return ["The run was not evaluated: how good its samples are is not known yet."]
    return [f"Not evaluated: {listed(names)}."]


def _short(runs: Sequence[Run]) -> list[str]:
    if len(runs) != 1 or not is_short(runs[0]):
        return []
    return [f"The run is short: {runs[0].config.steps:,} steps (default: {TrainConfig.steps:,})."]


def _misses(runs: Sequence[Run]) -> list[str]:
    seen = [(run, found) for run in runs if (found := missing(run))]
    if not seen:
        return []
    shown = listed(
        [
            f"{f'{run.name}: ' if len(runs) > 1 else ''}{name} {value.value:.3g}, real samples {value.floor.value:.3g}"
            for run, (name, value) in seen
            if value.floor
        ]
    )
    return [f"Samples miss much of the data, by mode collapse or too few steps ({shown})."]


def _worsened(runs: Sequence[Run]) -> list[str]:
    courses = {run.name: known for run in runs if (known := course(run)) and known.worsened > NOTABLE}
    if not courses:
        return []
    name, worst = max(courses.items(), key=lambda pair: pair[1].worsened)
    numbers = (
        f"{worst.metric} {worst.best:.4g} at step {worst.best_step:,}, "
        f"{worst.last:.4g} at step {worst.last_step:,}"
    )
    if len(runs) == 1:
        return [f"The run ended worse than its best checkpoint: {numbers}."]
    return [f"{len(courses)} of {len(runs)} runs ended worse than their best checkpoint; {name}: {numbers}."]
