"""How a run ended, as its directory records it, and how to detect that it blew up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fgan.errors import RunError
from fgan.json_files import read_json, shaped
from fgan.training.diagnosis import what_to_try
from fgan.training.symptoms import (
    FAR,
    Compared,
    Line,
    compared,
    data_to_mend,
    have_collapsed,
    share_beyond_all,
    warnings_of,
)
from fgan.training.trainer import Trainer

ABSURD = 100.0
"""A bound below minus this, times how steep the terms are at p = q, means divergence: a constant critic has about 0."""
EXPLODED = 1e6
"""A bound above this, times the same, means divergence too."""
ABSURD_BASELINE = 1e6
"""The same for an objective without a divergence, whose value has no scale, in both directions."""
RECENT = 0.2
"""The share of the steps at the end that may not have such a bound."""


@dataclass(frozen=True)
class Status:
    """How a run ended.

    Args:
        state: "finished", "stopped" by a signal, "diverged", or "failed".
        step: generator steps done.
        reason: why, and what to try; of a finished run, a warning. Empty if there is nothing to report.
    """

    state: str
    step: int
    reason: str = ""

    @classmethod
    def read(cls, path: Path) -> Status:
        """Read a `status.json`.

        Raises:
            RunError: if it is damaged.
        """
        status = shaped(read_json(path, RunError), cls, str(path), RunError)
        if status.step < 0:
            raise RunError(f"{path} is damaged (its step is {status.step}). Restore the file.")
        return status


def end_of(
    trainer: Trainer,
    metrics: Mapping[str, float],
    health: Mapping[str, float | None],
    logged: Sequence[Mapping[str, float | None]],
) -> Status:
    """Return how a run that did all its steps ended: diverged, or finished, perhaps with a warning.

    Args:
        trainer: the trained run.
        metrics, health: its last metrics and telemetry.
        logged: all lines of its log.
    """
    found, step = compared(trainer), trainer.steps_done
    if why := blown_up(trainer, metrics, health, logged, found):
        return Status("diverged", step, why)
    recent = [*_recent(trainer, logged), {**metrics, **health}]
    said = warnings_of(trainer, found, recent)
    if not said:
        return Status("finished", step)
    return Status("finished", step, f"warning: {'; '.join(said)}. {_what_to_try(trainer, found)}")


def blown_up(
    trainer: Trainer,
    metrics: Mapping[str, float],
    health: Mapping[str, float | None],
    logged: Sequence[Mapping[str, float | None]] = (),
    found: Compared | None = None,
) -> str:
    """Return why a run has diverged although all its numbers are finite, and what to try; empty if it has not.

    It has diverged if most samples lie far outside the data (and farther than before training), if all samples are the
    same, if the bound was far below that of a constant critic in the last fifth of the steps or is absurdly high, or if
    no player had a gradient then.

    Args:
        trainer: the trained run.
        metrics, health: its last metrics and telemetry.
        logged: all lines of its log.
        found: samples to look at; default: drawn here.
    """
    recent, found = _recent(trainer, logged), found or compared(trainer)
    bound = min(
        metrics["bound"], *(value for line in recent if (value := line["bound"]) is not None), math.inf
    )
    reasons = []
    if (share := share_beyond_all(found)) > 0.5:
        reasons.append(
            f"{share:.0%} of the samples lie more than {FAR:g} times as far from the mean as any real sample"
        )
    if have_collapsed(found):
        reasons.append("all samples are the same")
    lowest, highest = usual_bounds(trainer)
    if bound < lowest:
        reasons.append(f"the bound fell to {bound:.4g}, although a constant critic already reaches about 0")
    if metrics["bound"] > highest:
        reasons.append(
            f"the bound is {metrics['bound']:.4g}: the critic's terms exploded, and samples are far off"
        )
    if all(
        line.get(f"{who}_gradient_norm") == 0 for line in (health, *recent) for who in ("critic", "generator")
    ):
        reasons.append("the gradients of critic and generator are exactly 0, so neither learns any more")
    if not reasons:
        return ""
    return f"training diverged: {'; '.join(reasons)}. {_what_to_try(trainer, found)}"


def _what_to_try(trainer: Trainer, found: Compared) -> str:
    return data_to_mend(found) or what_to_try(trainer.config)


def _recent(trainer: Trainer, logged: Sequence[Mapping[str, float | None]]) -> list[Line]:
    return [dict(line) for line in logged if (line["step"] or 0) > (1 - RECENT) * trainer.steps_done]


def usual_bounds(trainer: Trainer) -> tuple[float, float]:
    """Return the lowest and the highest bound that a trained critic may have."""
    divergence = trainer.objective.divergence
    if not divergence:
        return -ABSURD_BASELINE, ABSURD_BASELINE
    return -ABSURD * divergence.steepness, EXPLODED * divergence.steepness


def far_share(trainer: Trainer) -> float:
    """Return the share of samples far outside the data; 0 for data with a bounded range, such as images."""
    return share_beyond_all(compared(trainer))
