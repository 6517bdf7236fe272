"""How runs did while they trained: how long it took, and whether the last state is the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fgan.errors import FganError
from fgan.evaluation.basis import POINTS, deciding_number
from fgan.evaluation.metrics import deciding, higher_is_better
from fgan.reporting.html.gather import Run

NOTABLE = 0.1
"""Changes below a tenth are not spoken of: evaluations while training have no interval."""


SHORT = 1000
"""Below so many steps, a run without numbers is called short."""


def is_short(run: Run) -> bool:
    """Return whether a run finished after few steps, and no number says whether they were enough."""
    known = run.evaluation or course(run)
    return run.state == "finished" and run.config.steps < SHORT and not known


@dataclass(frozen=True)
class Course:
    """The evaluations of a run while it trained.

    Args:
        metric: the number that decides.
        best, last: its best and its last value.
        best_step, last_step: where these were.
        worsened: by how much the last is worse than the best, as a share of the best.
        improving: whether the second half of the evaluations has a value that is notably better than all of the first.
    """

    metric: str
    best: float
    best_step: int
    last: float
    last_step: int
    worsened: float
    improving: bool


def course(run: Run) -> Course | None:
    """Return how a run's evaluations went; None where there are not two numbers."""
    try:
        asked = run.config.evaluate_metrics.split(",")[0].strip()
        metric = deciding_number(POINTS, run.judged) if asked == "auto" else deciding(asked)
        sign = 1.0 if higher_is_better(metric) else -1.0
    except FganError:  # a metric that ranks nothing, or of another version
        return None
    if metric not in run.judged:
        return None
    known = np.isfinite(run.judged[metric])
    values, steps = run.judged[metric][known], run.judged["step"][known]
    if len(values) < 2:
        return None
    best = int(np.argmax(sign * values))
    scale = max(abs(float(values[best])), 1e-12)
    half = len(values) // 2
    gained = float((sign * values[half:]).max() - (sign * values[:half]).max()) / scale
    return Course(
        metric,
        float(values[best]),
        int(steps[best]),
        float(values[-1]),
        int(steps[-1]),
        float(sign * (values[best] - values[-1])) / scale,
        best == len(values) - 1 and gained > NOTABLE,
    )


def worsened(run: Run) -> bool:
    """Whether a run ended notably worse than its best evaluation."""
    known = course(run)
    return known is not None and known.worsened > NOTABLE


def time_of(runs: Sequence[Run]) -> str:
    """Say how long a run took by its log of speeds; "" where nothing is known."""
    seconds = [taken for run in runs if (taken := _seconds(run)) > 0]
    if not seconds:
        return ""
    shortest, longest = duration(min(seconds)), duration(max(seconds))
    return f"about {longest}" if shortest == longest else f"{shortest} to {longest}"


def _seconds(run: Run) -> float:
    steps, speed = run.speed.get("step"), run.speed.get("samples_per_second")
    if steps is None or speed is None:
        return 0.0
    known = np.isfinite(speed) & (speed > 0)
    seen = np.diff(steps, prepend=0.0) * run.config.batch_size * run.config.n_critic
    return float((seen[known].clip(min=0) / speed[known]).sum())


def duration(seconds: float) -> str:
    """Write a duration in the largest unit that fits.

    >>> duration(41.3), duration(600), duration(9000)
    ('41 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
