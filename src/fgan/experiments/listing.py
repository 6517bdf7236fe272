"""List the runs below a folder with their state, progress and last metrics. Reads small files only; no torch."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from fgan.errors import FganError
from fgan.experiments.names import check_inside, check_member
from fgan.experiments.presets import PRESETS
from fgan.files import nothing_at
from fgan.json_files import read_json, reason_of, shaped
from fgan.training.config import LOADED, TrainConfig
from fgan.training.run_files import last_line

DEEPEST = 5
"""Maximum depth of folders to search."""
SAID_ELSEWHERE = {"data", "divergence", "objective", "seed", "steps"}
"""Settings with their own column."""
OF_NO_INTEREST = {
    *(
        "device",
        "compile",
        "precision",
        "data_dir",
        "strict",
        "split",
        "keep_checkpoints",
        "log_every",
        "sample_every",
    ),
    *("sample_count", "checkpoint_every", "evaluate_every", "evaluate_metrics", "evaluate_n"),
}
"""Settings that do not affect the trained networks."""
WITHOUT_DIVERGENCE = {"wasserstein", "hinge", "least-squares"}
"""Objectives that ignore the divergence."""
DAMAGE = (FganError, OSError, ValueError, KeyError, TypeError, AttributeError)
"""Errors when reading a truncated or foreign file."""


class Recipe(TypedDict):
    """What is shown of a config.json."""

    data: str
    steps: int
    divergence: NotRequired[str]
    objective: NotRequired[str]
    seed: NotRequired[int]


class Ended(TypedDict):
    """What is shown of a status.json."""

    state: str
    step: int
    reason: NotRequired[str]


@dataclass(frozen=True)
class Listed:
    """One run.

    Args:
        path: its directory.
        state: "running", "finished", "stopped", "diverged" or "failed"; "killed" if it neither trains nor recorded how
            it ended; "unknown" if this system cannot distinguish running from killed; "planned" if not yet started.
        data, divergence, objective, seed: from its recipe.
        preset: the named recipe nearest to its own.
        changed: settings that differ from the preset.
        step: of the last line of metrics, or of the end; 0 without either.
        steps: steps requested.
        bound: the last bound; None if there is no finite one.
        evaluation: the last metrics of `fgan evaluate`, or of an evaluation during training.
        updated: time of the last write, in seconds since 1970; None if not yet started.
        group: of a member of a comparison: what it shares with its other seeds.
        reason: why it diverged or failed, or what it finished with a warning of; "" if there is nothing to report.
    """

    path: str
    state: str
    data: str
    divergence: str
    objective: str
    seed: int
    preset: str
    changed: dict[str, Any]
    step: int
    steps: int
    bound: float | None
    evaluation: dict[str, float]
    updated: float | None
    group: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ListedComparison:
    """A comparison with its runs, in the order of its plan."""

    path: str
    members: list[Listed]
    best: str = ""
    """The best group; empty if there is no ranking yet."""

    @property
    def updated(self) -> float | None:
        """Time of the last write."""
        return max((one.updated for one in self.members if one.updated is not None), default=None)


@dataclass
class Listing:
    """The runs and comparisons below a folder, newest first, and what could not be read."""

    folder: str
    runs: list[Listed] = field(default_factory=list)
    comparisons: list[ListedComparison] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def list_runs(folder: str | Path) -> Listing:
    """Return the runs and comparisons in or below a folder.

    Raises:
        FganError: if there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        wrong = f"{folder} is not a folder." if folder.exists() else nothing_at(folder)
        raise FganError(f"{wrong} Pass a folder that holds run directories; fgan creates them in runs/.")
    found = Listing(str(folder))
    _look(folder, found, 0)
    for some in (found.runs, found.comparisons):
        some.sort(key=lambda one: (-(one.updated or 0), one.path))
    return found


def _look(folder: Path, found: Listing, depth: int) -> bool:
    """Add what a folder holds; return whether that was anything, or could not be read."""
    try:
        below = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
        if (folder / "comparison.json").is_file():
            found.comparisons.append(_comparison(folder, found.problems))
            return True
        if (folder / "config.json").is_file():
            found.runs.append(_run(folder, _read(folder / "config.json"), found.problems))
            return True
    except DAMAGE as error:
        found.problems.append(f"{folder}: cannot be read as a run: {_why(error)}")
        return True
    visible = [name for name in below if not name.startswith(".")]
    known = [_look(folder / name, found, depth + 1) for name in visible] if depth < DEEPEST else []
    foreign = [name for name, is_known in zip(visible, known, strict=False) if not is_known]
    if (any(known) or not depth) and foreign:
        some = ", ".join(foreign[:5]) + (", ..." if len(foreign) > 5 else "")
        found.problems.append(f"{folder}: no runs in {some}")
    return any(known)


def _comparison(folder: Path, problems: list[str]) -> ListedComparison:
    plan = _read(folder / "comparison.json")
    groups, members = shaped(plan.get("groups", {}), dict[str, str], str(folder / "comparison.json")), []
    for name, config in plan["members"].items():
        path = folder / name
        try:
            check_member(name, folder / "comparison.json")
            check_inside(path)
            begun = (path / "config.json").is_file()
            one = _run(path, _read(path / "config.json") if begun else config, problems, begun=begun)
        except DAMAGE as error:
            problems.append(f"{path}: cannot be read as a run: {_why(error)}")
            continue
        members.append(dataclasses.replace(one, group=groups.get(name, "")))
    best = ""
    if (folder / "ranking.json").is_file():
        with _noting(folder / "ranking.json", problems):
            best = next((place["group"] for place in _read(folder / "ranking.json")["places"]), "")
            best = shaped(best, str, str(folder / "ranking.json"))
    return ListedComparison(str(folder), members, best)


def _run(path: Path, config: Mapping[str, Any], problems: list[str], *, begun: bool = True) -> Listed:
    shaped(config, Recipe, str(path / "config.json"))
    preset, changed = _nearest_preset(config)
    status, metrics, evaluation = {}, {}, {}
    if begun:
        with _noting(path / "status.json", problems):
            if (path / "status.json").is_file():
                status = shaped(_read(path / "status.json"), Ended, str(path / "status.json"))
        with _noting(path / "metrics.jsonl", problems):
            metrics = last_line(path / "metrics.jsonl")
        with _noting(path / "evaluation.json", problems):
            evaluation = _evaluation(path)
    logged = metrics.get("step", 0)
    step, steps = status.get("step", logged if isinstance(logged, int) else 0), config["steps"]
    return Listed(
        str(path),
        str(status.get("state") or _state(path, step, steps)) if begun else "planned",
        config["data"],
        str(config.get("divergence", "gan")),
        str(config.get("objective", "plain")),
        int(config.get("seed", 0)),
        preset,
        changed,
        step,
        steps,
        _number(metrics.get("bound")),
        evaluation,
        _updated(path) if begun else None,
        reason=str(status.get("reason") or ""),
    )


def _state(path: Path, step: int, steps: int) -> str:
    """Return the state of a run that did not record how it ended."""
    held = _is_held(path)
    if held:
        return "running"
    if step >= steps and (path / "checkpoints" / f"step-{steps:08d}").is_dir():
        return "finished"  # by a version of fgan that kept no status
    return "unknown" if held is None else "killed"


def _is_held(path: Path) -> bool | None:
    """Whether a process holds the lock of this folder; None if the file system has no locks."""
    if os.name == "nt":
        return None
    import fcntl

    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(handle)
    return False


def _nearest_preset(config: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the preset with the fewest different settings, and those settings."""
    defaults = {one.name: one.default for one in dataclasses.fields(TrainConfig) if one.name != "data"}

    def differences(name: str) -> dict[str, Any]:
        recipe = defaults | PRESETS[name]
        return {
            key: value
            for key, value in config.items()
            if key in recipe and key not in OF_NO_INTEREST and value != recipe[key]
        }

    nearest = min(PRESETS, key=lambda name: len(differences(name)))
    changed = differences(nearest)
    return nearest, {key: value for key, value in changed.items() if key not in {*SAID_ELSEWHERE, LOADED}}


def _evaluation(path: Path) -> dict[str, float]:
    """Return the metrics in `evaluation.json`, or else the last evaluation during training."""
    if (path / "evaluation.json").is_file():
        metrics = _read(path / "evaluation.json")["metrics"]
        found = {name: _number(one.get("value")) for name, one in metrics.items()}
    else:
        found = {name: _number(value) for name, value in last_line(path / "evaluations.jsonl").items()}
    return {name: value for name, value in found.items() if name != "step" and value is not None}


def _number(value: object) -> float | None:
    """Return a number of a file, None where it is none that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > sys.float_info.max:
        return None
    return value


def _read(path: Path) -> dict[str, Any]:
    values = read_json(path)
    if not isinstance(values, dict):
        raise TypeError(f"{path.name} is not a JSON object")
    return values


def _updated(path: Path) -> float:
    names = ("metrics.jsonl", "evaluations.jsonl", "status.json", "config.json")
    return max((path / name).stat().st_mtime for name in names if (path / name).exists())


@contextlib.contextmanager
def _noting(path: Path, problems: list[str]) -> Iterator[None]:
    """Record a damaged file and continue without it."""
    try:
        yield
    except DAMAGE as error:
        why = reason_of(error) if isinstance(error, FganError) else _why(error)
        problems.append(f"{path} is damaged: {why}")


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror  # the path is said already
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def age_text(updated: float | None, now: float | None = None) -> str:
    """Return how long ago something happened.

    >>> age_text(0, 30), age_text(0, 7200), age_text(0, 86400 * 3), age_text(None)
    ('30 s', '2 h', '3 d', '')
    """
    if updated is None:
        return ""
    seconds = max((time.time() if now is None else now) - updated, 0)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
