"""What to try next: commands, chosen from what was seen."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fgan.errors import RunError
from fgan.experiments.ranking import Place
from fgan.experiments.verdict import listed
from fgan.reporting.html.commands import compare_command, folder_of, retrained
from fgan.reporting.html.finite import is_finite
from fgan.reporting.html.gather import Gathered, Run
from fgan.reporting.html.repeat import train_command
from fgan.reporting.html.summary.problems import by_end, missing
from fgan.reporting.html.summary.progress import course, is_short, worsened
from fgan.reporting.html.summary.result import Step
from fgan.reporting.html.summary.standings import far_from_real, with_number
from fgan.training.config import loaded_record

MOST = 4
FEW_SEEDS, MANY_SEEDS = 3, 8
FAR = 5.0
"""Times the real-vs-real baseline, from which on a longer run is proposed."""


def next_steps(found: Gathered, places: Sequence[Place], by: str) -> list[Step]:
    """Return what to try, the most useful first.

    Args:
        found: what was read.
        places: the ranking; empty without one.
        by: the number that ranks.
    """
    steps = [
        *_resume(found),
        *_retry(found),
        *_evaluate(found.runs),
        *_best(found.runs),
        *_seeds(found, places, by),
        *_classes(found.runs),
        *_longer(found, places, by),
        *_watch(found.runs),
        *_use(found.runs, places, by),
    ]
    return steps[:MOST]


def _resume(found: Gathered) -> list[Step]:
    ends = by_end(found)
    stopped = [name for end in ("stopped", "failed", "taken") for name in ends.get(end, [])]
    if not stopped:
        return []
    if found.repeat:
        return [
            Step(
                "Finish the comparison; finished runs stay as they are.",
                f"{compare_command(found, folder_of(found))} --resume",
            )
        ]
    run = next((run for run in found.runs if run.name in stopped), None)
    if run is None:
        return []
    folder = str(run.directory.path)
    return [Step(f"Finish {run.name}.", f"{train_command(run.config, folder)} --resume")]


def _retry(found: Gathered) -> list[Step]:
    diverged = next((run for run in found.runs if run.state.startswith("diverged")), None)
    run = diverged or next((run for run in found.runs if missing(run) and worsened(run)), None)
    if run is None:
        return []
    from fgan.training.diagnosis import advice  # needs torch

    tips = advice(run.config)
    change = {name: value for tip in tips for name, value in tip.changes.items()}
    words = "; and ".join(tip.text for tip in tips)
    if found.repeat:
        command, what = compare_command(found, f"{folder_of(found)}-retry", **change), "the comparison"
    else:
        command, what = retrained(run, f"{run.directory.path}-retry", **change), _called(run, found.runs)
    return [
        Step(f"Train {what} again, against {'divergence' if diverged else 'collapse'}: {words}.", command)
    ]


def _called(run: Run, runs: Sequence[Run]) -> str:
    return "the run" if len(runs) == 1 else run.name


def _evaluate(runs: Sequence[Run]) -> list[Step]:
    left = [run for run in runs if run.step and not run.evaluation and not run.state.startswith("diverged")]
    if not left:
        return []
    folders = shlex.join(str(run.directory.path) for run in left[:3])
    what = _called(left[0], runs) if len(left) == 1 else f"{len(left)} runs"
    return [
        Step(f"Evaluate {what}; the report then shows numbers with intervals.", f"fgan evaluate {folders}")
    ]


def _best(runs: Sequence[Run]) -> list[Step]:
    worst = [
        run for run in runs if worsened(run) and not (run.evaluation and run.evaluation.asked.get("best"))
    ]
    if not worst:
        return []
    run = worst[0]
    return [
        Step(
            f"Use the best checkpoint of {_called(run, runs)} instead of the last.",
            f"fgan evaluate {shlex.quote(str(run.directory.path))} --best",
        )
    ]


def _seeds(found: Gathered, places: Sequence[Place], by: str) -> list[Step]:
    """Propose more seeds where there is one, or where the best is tied."""
    ranked = with_number(places, by)
    if len(ranked) < 2 or not found.repeat:
        return []
    seeds = max(place.seeds for place in ranked)
    tied = [place.group for place in ranked[1:] if place.group in ranked[0].tied_with]
    if seeds >= MANY_SEEDS or (seeds >= FEW_SEEDS and not tied):
        return []
    more = FEW_SEEDS if seeds == 1 else 2 * seeds
    why = f"Train more seeds: {listed([ranked[0].group, *tied])} cannot be distinguished with {seeds} seeds."
    if seeds == 1 or not tied:
        few = "one seed says" if seeds == 1 else "two seeds say"
        why = f"Train more seeds: {few} little about the next one."
    return [Step(why, compare_command(found, f"{folder_of(found)}-{more}-seeds", seeds=more))]


def _classes(runs: Sequence[Run]) -> list[Step]:
    run = next((run for run in runs if (seen := missing(run)) and seen[0] == "modes"), None)
    if run is None or run.config.conditional or not _labelled(run):
        return []
    return [
        Step(
            "Classes are missing: train class by class, so that each is asked for.",
            retrained(run, f"{run.directory.path}-conditional", conditional=True),
        )
    ]


def _labelled(run: Run) -> bool:
    return bool(_loaded(run).get("classes"))


def _pictures(run: Run) -> bool:
    shape = _loaded(run).get("shape")
    return isinstance(shape, list) and len(shape) == 3


def _loaded(run: Run) -> dict[str, Any]:
    """Return what a run recorded of its data; nothing where that cannot be read."""
    try:
        return loaded_record(run.directory.config_path)
    except RunError:
        return {}


def _longer(found: Gathered, places: Sequence[Place], by: str) -> list[Step]:
    """Propose more steps where a run still improves, or where the best is far from real samples."""
    if any(worsened(run) for run in found.runs) or by_end(found):
        return []
    times = 4
    improving = next((run.name for run in found.runs if (known := course(run)) and known.improving), None)
    lead = next(iter(with_number(places, by)), None)
    if improving:
        why = f"{improving} still improved at the end"
    elif lead and _is_far(lead, by):
        why = "the best is far from real samples" if len(found.runs) > 1 else "it is far from real samples"
    elif len(found.runs) == 1 and is_short(found.runs[0]):
        why, times = f"{found.runs[0].config.steps:,} steps are few", 10
    else:
        return []
    steps = times * found.runs[0].config.steps
    if found.repeat:
        command = compare_command(found, f"{folder_of(found)}-{steps}-steps", steps=steps)
    elif len(found.runs) == 1:
        run = found.runs[0]
        command = f"{train_command(replace(run.config, steps=steps), str(run.directory.path))} --resume"
    else:
        return []
    return [Step(f"Train longer: {why}.", command)]


def _is_far(lead: Place, by: str) -> bool:
    value = lead.metrics[by]
    times = (
        FAR * value.floor.value if value.floor and is_finite(value.floor) and value.better == "lower" else 0.0
    )
    return 0 < times < value.low or bool(far_from_real(lead.metrics, by, ""))


def _watch(runs: Sequence[Run]) -> list[Step]:
    """Propose evaluations while training, where a run alone had none."""
    run = runs[0]
    if len(runs) > 1 or run.config.evaluate_every or run.state != "finished" or is_short(run):
        return []
    every = max(run.config.steps // 10, 1)
    return [
        Step(
            "Evaluate during training, which keeps the best checkpoint.",
            retrained(run, f"{run.directory.path}-watched", checkpoint_every=every, evaluate_every=every),
        )
    ]


def _use(runs: Sequence[Run], places: Sequence[Place], by: str) -> list[Step]:
    """Propose samples of the winner, or of the one run there is."""
    ranked = with_number(places, by)
    won = len(ranked) > 1 and not ranked[0].tied_with and min(place.seeds for place in ranked) > 1
    run = next(
        (run for run in runs if run.step and (len(runs) == 1 or (won and run.group == ranked[0].group))), None
    )
    if run is None or run.state != "finished" or missing(run) or worsened(run):
        return []
    folder = shlex.quote(str(run.directory.path))
    return [
        Step(
            f"Draw samples of {_called(run, runs)}.",
            f"fgan sample {folder} {'--n 100 --out samples.png' if _pictures(run) else '--n 10000 --out samples.npy'}",
        )
    ]
