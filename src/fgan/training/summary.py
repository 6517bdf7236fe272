"""The summary of a run, as a record and as a line of text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

TELEMETRY_WORDS = (
    ("tp", ".0%", ("true_positive_rate",)),
    ("fp", ".0%", ("false_positive_rate",)),
    ("log p/q", ".2f", ("log_ratio_real", "log_ratio_fake")),
    ("ess", ".0%", ("effective_sample_size",)),
    ("edge", ".0%", ("near_edge",)),
    ("grad", ".2g", ("critic_gradient_norm", "generator_gradient_norm")),
)
"""The label, format and keys of each part of the telemetry; data or the critic come first."""


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


def metrics_text(metrics: Mapping[str, float], health: Mapping[str, float | None]) -> str:
    """Return metrics and telemetry as short text, the bound first.

    >>> metrics_text({"critic_loss": -0.25, "generator_loss": 0.5, "bound": 0.3}, {"true_positive_rate": 0.75})
    'bound 0.3  critic -0.25  generator 0.5  tp 75%'
    """
    names = {"bound": "bound", "critic_loss": "critic", "generator_loss": "generator"}
    words = [f"{short} {metrics[name]:.4g}" for name, short in names.items()]
    for short, shown, keys in TELEMETRY_WORDS:
        values = [value for key in keys if (value := health.get(key)) is not None]
        if len(values) == len(keys):
            words.append(" ".join([short, *(format(value, shown) for value in values)]))
    return "  ".join(words)
