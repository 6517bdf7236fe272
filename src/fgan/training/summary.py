"""The summary of a run, as a record and as a line of text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Summary:
    """The result of a call of `train`.

    Args:
        run: the run directory.
        data, objective, divergence: of the recipe.
        step: generator steps done in all.
        steps: generator steps requested.
        stopped_by: the signal or callback class that stopped the run early, or None.
        seconds: training time of this call.
        steps_per_second: generator steps per second of this call.
        samples_per_second: real samples per second that the critic saw in this call.
        follows: the divergence that the generator actually follows.
        backoffs: how often the run rolled back to a checkpoint and halved its learning rate.
        critic_loss, generator_loss, bound: last averages; None before the first step.
        best_step, best: step and value of the best evaluation; None without one.
        sample: path of the newest picture, or None.
        diverged: why a completed run is unusable, and what to try; None if it is fine.
        warning: what looks wrong in a completed run that did not diverge, and what to try; None if nothing does.
    """

    run: str
    data: str
    objective: str
    divergence: str
    step: int
    steps: int
    stopped_by: str | None
    seconds: float
    steps_per_second: float
    samples_per_second: float
    follows: str
    backoffs: int
    critic_loss: float | None
    generator_loss: float | None
    bound: float | None
    best_step: int | None
    best: float | None
    sample: str | None
    diverged: str | None = None
    warning: str | None = None


def metrics_text(metrics: Mapping[str, float], health: Mapping[str, float | None]) -> str:
    """Return the metrics of a step in words that fit a line of 80 columns; metrics.jsonl has all of them.

    >>> health = {"true_positive_rate": 0.75, "false_positive_rate": 0.25}
    >>> metrics_text({"critic_loss": -0.25, "generator_loss": 0.5, "bound": 0.3}, health)
    'bound 0.3  critic loss -0.25  generator loss 0.5  accuracy 75%'
    """
    names = {"bound": "bound", "critic_loss": "critic loss", "generator_loss": "generator loss"}
    words = [f"{name} {metrics[key]:.3g}" for key, name in names.items()]
    return "  ".join([*words, *_accuracy(health)])


def glance_text(metrics: Mapping[str, float], health: Mapping[str, float | None]) -> str:
    """Return what stands beside a progress bar.

    >>> glance_text({"bound": 0.3}, {"true_positive_rate": 0.75, "false_positive_rate": 0.25})
    'bound 0.3, critic accuracy 75%'
    """
    return ", ".join([f"bound {metrics['bound']:.3g}", *(f"critic {one}" for one in _accuracy(health))])


def _accuracy(health: Mapping[str, float | None]) -> list[str]:
    """Say how often the critic is right, on data and on samples alike; nothing where that is not known."""
    real, fake = health.get("true_positive_rate"), health.get("false_positive_rate")
    return [] if real is None or fake is None else [f"accuracy {(real + 1 - fake) / 2:.0%}"]
