"""What a run has to tell, in a record and in a line."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a call of `train` did.

    Args:
        run: the run directory.
        data, divergence: what was learned, by which divergence.
        step: generator steps done in all.
        steps: generator steps asked for.
        stopped_by: the signal that ended it early, or None.
        seconds: time spent training in this call.
        steps_per_second: of this call.
        samples_per_second: real samples that the critic saw in this call, by the second.
        follows: which divergence the generator really follows.
        backoffs: how often the run went back to a good state and halved its learning rate.
        critic_loss, generator_loss, bound: last means; None before the first step.
        sample: the newest picture, or None.
    """

    run: str
    data: str
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
    sample: str | None


def metrics_text(metrics: dict[str, float], health: Mapping[str, float | None]) -> str:
    """Return metrics and telemetry in a few words, the bound first.

    >>> metrics_text({"critic_loss": -0.25, "generator_loss": 0.5, "bound": 0.3}, {"true_positive_rate": 0.75})
    'bound 0.3  critic -0.25  generator 0.5  tp 75%'
    """
    names = {"bound": "bound", "critic_loss": "critic", "generator_loss": "generator"}
    shares = {"true_positive_rate": "tp", "false_positive_rate": "fp", "effective_sample_size": "ess"}
    words = [f"{short} {metrics[name]:.4g}" for name, short in names.items()]
    words += [
        f"{short} {value:.0%}" for name, short in shares.items() if (value := health.get(name)) is not None
    ]
    return "  ".join(words)
