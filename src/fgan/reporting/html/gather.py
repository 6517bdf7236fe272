"""What a report is about, read from run directories and comparisons; what is missing is noted, not fatal."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.errors import DataError, FganError, RunError
from fgan.evaluation.result import Evaluation
from fgan.experiments.comparison import Member, read_plan
from fgan.experiments.members import Outcome
from fgan.experiments.result import RANKING, Comparison
from fgan.json_files import reason_of
from fgan.objectives.build import BASELINES
from fgan.reporting.html.repeat import replanned, varying
from fgan.training.config import TrainConfig
from fgan.training.fields import is_finite
from fgan.training.judging import EVALUATION_ERROR
from fgan.training.run_directory import RunDirectory
from fgan.training.run_files import gap_of, read_log
from fgan.training.status import Status
from fgan.training.unusable import ForeignError

Log = dict[str, NDArray[np.float64]]
"""Columns of a log by name, "step" among them, NaN where there is no number; empty without a line."""


@dataclass(frozen=True)
class Run:
    """One run.

    Args:
        directory: where it lies.
        name: what to call it.
        group: what it shares with its siblings of other seeds.
        config: its recipe.
        step: of its newest checkpoint; 0 without one.
        state: "finished", or what happened instead.
        metrics, judged: what it logged, and what each evaluation found while it trained: columns by name.
        evaluation: its `evaluation.json`, if there is one.
        speed: samples per second between two lines of the log.
        warning: what looks wrong although it finished, if anything.
    """

    directory: RunDirectory
    name: str
    group: str
    config: TrainConfig
    step: int
    state: str
    metrics: Log
    judged: Log
    evaluation: Evaluation | None
    speed: Log = field(default_factory=dict)
    warning: str = ""

    @property
    def game(self) -> str:
        """What has a colour: the divergence, or the baseline that has no use for one."""
        return self.config.objective if self.config.objective in BASELINES else self.config.divergence


@dataclass
class Gathered:
    """Runs on the same data, with the ranking and the plan where they are one comparison."""

    runs: list[Run] = field(default_factory=list)
    ranking: Comparison | None = None
    members: list[Member] = field(default_factory=list)
    repeat: str | None = None
    notes: dict[str, list[str]] = field(default_factory=dict)

    def note(self, text: str, run: str = "") -> None:
        """Remember what is missing, and of which run."""
        self.notes.setdefault(text, []).append(run)

    def said(self) -> list[str]:
        """Return the notes, one that holds for many runs once."""
        lines = []
        for text, names in self.notes.items():
            few = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
            every = (
                "every run" if len(self.runs) > 1 and set(names) == {run.name for run in self.runs} else few
            )
            lines.append(f"{every}: {text}" if few else text)
        return lines


def gather(directories: Sequence[str | Path]) -> Gathered:
    """Read runs and comparisons.

    Raises:
        FganError: where a folder holds neither, nothing can be shown, or the runs are of different data.
    """
    if not directories:
        raise FganError(
            "name a run or a comparison to report on: fgan report RUN, or fgan report COMPARISON."
        )
    found, outcomes = Gathered(), {}
    paths = list(dict.fromkeys(Path(directory) for directory in directories))
    places: list[tuple[Path, str]] = []
    for path in paths:
        if (path / "comparison.json").is_file():
            outcomes |= _read_comparison(path, found, alone=len(paths) == 1)
            places += [(path / name, name) for name in _plan(path)]
        else:
            RunDirectory(path).config()  # a folder that was named must hold a run
            places.append((path, path.resolve().name))
    names = [name for _, name in places]
    for path, name in places:
        shown = name if names.count(name) == 1 else str(path)
        _add(found, path, shown, outcomes.get(str(path)))
    if not found.runs:
        raise FganError(
            f"there is nothing to show yet: {'; '.join(found.said())}. Train first, or name another folder."
        )
    _require_same_data(found.runs)
    found.runs = [_with_group(run, found) for run in found.runs]
    found.ranking = _of_shown_groups(_with_features(found), found)
    _note_unlike(found)
    return found


def _with_features(found: Gathered) -> Comparison | None:
    """Return the ranking with the name of its extractor, which older versions left to the evaluations."""
    ranking, judged = found.ranking, next((run.evaluation for run in found.runs if run.evaluation), None)
    if ranking is None or ranking.features or judged is None:
        return ranking
    return replace(ranking, features=judged.extractor.get("name", ""))


def _of_shown_groups(ranking: Comparison | None, found: Gathered) -> Comparison | None:
    """Return a ranking without the groups of which no run can be read."""
    if ranking is None:
        return None
    shown = {run.group for run in found.runs}
    missing = [place.group for place in ranking.places if place.group not in shown]
    if not missing:
        return ranking
    found.note(f"the ranking is not shown: none of the runs of {', '.join(missing)} can be read")
    return None


def _plan(path: Path) -> dict[str, dict[str, Any]]:
    try:
        return read_plan(path / "comparison.json")["members"]
    except RunError as error:
        raise RunError(f"{error} Or name the comparison's runs instead.") from error


def _read_comparison(path: Path, found: Gathered, *, alone: bool) -> dict[str, Outcome]:
    """Take a comparison's plan and ranking; return what became of each run, by its folder."""
    if alone:
        try:
            origin = str(path / "comparison.json")
            configs = {name: TrainConfig.from_values(one, origin) for name, one in _plan(path).items()}
        except RunError as error:
            found.note(f"comparison.json was written by another version of fgan ({error})")
        else:
            found.members, found.repeat = replanned(configs) or ([], None)
    if not (path / RANKING).exists():
        found.note(f"{path} has no ranking yet; finish it with fgan compare --resume")
        return {}
    try:
        written = Comparison.read(path)
        outcomes = {str(path / name): outcome for name, outcome in written.outcomes.items()}
        if alone and written.places:
            found.ranking = written
        elif not alone:
            found.note(f"the ranking of {path} is not shown: the report holds other runs too")
        else:
            found.note(f"{path} has no ranking: no run was evaluated")
    except RunError as error:
        found.note(f"the ranking of {path} is not shown: {error}")
    else:
        return outcomes
    return {}


def _add(found: Gathered, path: Path, name: str, outcome: Outcome | None) -> None:
    directory = RunDirectory(path)
    try:
        config = directory.config()
        # A stray folder with the name of a later step is no checkpoint of this run.
        steps = [step for step in directory.checkpoints().steps() if step <= config.steps]
        _require_unedited(directory)
    except RunError as error:
        found.note(f"skipped: {(outcome and outcome.reason) or error}", name)
        return
    step = max(steps, default=0)
    metrics = _log(found, name, directory.metrics_path, config.log_every, step)
    judged = _log(found, name, directory.evaluations_path, config.evaluate_every, step - 1)
    evaluation = _evaluation(found, path, name, step)
    if not steps and not metrics:
        found.note("skipped: it has neither a checkpoint nor a line of metrics yet", name)
        return
    status = directory.status()
    state = _state(config, steps, metrics, outcome, status)
    warning = status.reason if status and state == "finished" else ""
    if state != "finished" or warning:
        found.note(warning or state, name)
    speed = _log(found, name, directory.speed_path, 0, 0)
    if metrics and not directory.speed_path.exists():
        found.note(f"{directory.speed_path.name} is missing", name)
    found.runs.append(
        Run(directory, name, "", config, step, state, metrics, judged, evaluation, speed, warning)
    )


def _require_unedited(directory: RunDirectory) -> None:
    """Refuse a recipe that no checkpoint was trained with."""
    try:
        directory.checkpoints().newest_description()
    except ForeignError:
        raise
    except (
        RunError
    ):  # no checkpoint, or none intact: the logs are shown all the same, and the pictures say why not
        return


def _state(
    config: TrainConfig, steps: list[int], metrics: Log, outcome: Outcome | None, status: Status | None
) -> str:
    if config.steps in steps:
        return f"diverged ({status.reason})" if status and status.state == "diverged" else "finished"
    reached = max([*steps, *metrics.get("step", [])[-1:]], default=0)
    outcome = outcome or Outcome("stopped")
    why = f" ({outcome.reason})" if outcome.reason else ""
    return f"{outcome.state} at step {reached:,.0f} of {config.steps:,}{why}"


def _log(found: Gathered, name: str, path: Path, every: int, last: int) -> Log:
    """Return what a log holds, and note which lines are damaged or missing: it has one every so many steps."""
    log = read_log(path)
    if not log.damage and every and (gap := gap_of(log, every, last)):
        found.note(f"{path.name}: {gap}", name)
    lines = [values for _, values in log.lines]
    if damage := log.damage or (log.rest and "its last line is incomplete"):
        found.note(f"{path.name}: {damage}; the rest is shown", name)
    for why in dict.fromkeys(str(values[EVALUATION_ERROR]) for values in lines if EVALUATION_ERROR in values):
        found.note(f"an evaluation during training failed: {why}", name)
    return _columns(lines)


def _columns(lines: Sequence[dict[str, Any]]) -> Log:
    names = dict.fromkeys(name for values in lines for name in values if name != EVALUATION_ERROR)
    return {name: np.array([_number(values.get(name)) for values in lines]) for name in names}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and is_finite(value) else math.nan


def _evaluation(found: Gathered, path: Path, name: str, step: int) -> Evaluation | None:
    if not (path / "evaluation.json").exists():
        found.note(
            "no evaluation yet, so it is missing from tables and scatter plots; run fgan evaluate RUN", name
        )
        return None
    try:
        read = Evaluation.read(path / "evaluation.json")
    except DataError as error:
        found.note(f"evaluation.json is damaged and ignored: {reason_of(error)}", name)
        return None
    at = re.search(r"step ([\d,]+)$", read.samples)
    if at and step and int(at[1].replace(",", "")) != step and not read.asked.get("best"):
        found.note(
            f"evaluated at step {at[1]}, but the newest checkpoint is of step {step:,}",
            name,
        )
    for warning in read.warnings:
        found.note(warning, name)
    return read


def _require_same_data(runs: Sequence[Run]) -> None:
    data = list(dict.fromkeys(run.config.data for run in runs))
    if len(data) > 1:
        raise FganError(
            f"all runs of a report must have the same data; got {', '.join(data)}. Write one report for each."
        )


def _with_group(run: Run, found: Gathered) -> Run:
    """Name the group of a run: as its comparison does, or by what tells it from others of the same divergence."""
    planned = {member.name: member.group for member in found.members}
    alike = [one.config for one in found.runs if one.game == run.game]
    others = [_setting(name, getattr(run.config, name)) for name in varying(alike) if name != "seed"]
    return replace(run, group=planned.get(run.name) or " ".join([run.game, *others]))


def _setting(name: str, value: object) -> str:
    return str(value) if isinstance(value, str) else f"{name}={value}"


def _note_unlike(found: Gathered) -> None:
    judged = [run.evaluation for run in found.runs if run.evaluation]
    if len({(one.against, one.reference, one.n, one.extractor.get("name")) for one in judged}) > 1:
        found.note(
            "the evaluations differ in number of samples, reference or extractor: do not compare their numbers"
        )
