"""What a run has to tell, in a record and in a line."""

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
"""What of the telemetry is shown, how, and from which keys; the first numbers are those on data or of the critic."""


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a call of `train` did.

    Args:
        run: the run directory.
        data, objective, divergence: what was learned, in which game, by which divergence.
        step: generator steps done in all.
        steps: generator steps asked for.
        stopped_by: the signal, or the class of the callback, that ended it early; or None.
        seconds: time spent training in this call.
        steps_per_second: of this call.
        samples_per_second: real samples that the critic saw in this call, by the second.
        follows: which divergence the generator really follows.
        backoffs: how often the run went back to a good state and halved its learning rate.
        critic_loss, generator_loss, bound: last means; None before the first step.
        best_step, best: the step of the best evaluation, and the value that made it so; None without one.
        sample: the newest picture, or None.
        diverged: why a run that did all its steps is of no use, and what may mend it; None if it is.
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
    """Return metrics and telemetry in a few words, the bound first.

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
