"""The diagnosis of a run whose losses or weights became NaN or infinite."""

from __future__ import annotations

import math
from collections.abc import Mapping

from fgan.training.config import TrainConfig
from fgan.training.trainer import Trainer, objective_of


def what_broke(trainer: Trainer) -> str:
    """Name what is NaN or infinite: metrics, weights, or Adam's moments."""
    bad = [name.replace("_", " ") for name, value in trainer.metrics().items() if not math.isfinite(value)]
    for who, player in (("generator", trainer.generator), ("critic", trainer.critic)):
        if not all(bool(parameter.isfinite().all()) for parameter in player.parameters):
            bad.append(f"weights of the {who}")
        if not all(bool(moment.isfinite().all()) for moment in player.optimizer.state().values()):
            bad.append(f"Adam's moments of the {who}")
    return ", ".join(bad)


def advice(config: TrainConfig, health: Mapping[str, float | None]) -> list[str]:
    """Return what to try, most promising first, from the last telemetry.

    >>> advice(TrainConfig(data="ring8", penalties="none"), {})[0]
    'give the critic a penalty, such as --penalties r1:0.2,r2:0.2'
    """
    real, fake = health.get("true_positive_rate"), health.get("false_positive_rate")
    tips = []
    free = config.penalties.strip() in ("", "none")
    if free and not config.spectral_norm:
        tips.append("give the critic a penalty, such as --penalties r1:0.2,r2:0.2")
    elif not free and real is not None and fake is not None and real - fake > 0.95:
        tips.append(
            f"the critic separated data and samples almost perfectly: increase the weights {config.penalties} of "
            "--penalties"
        )
    if config.link:
        tips.append(f"the default link, without --link {config.link}")
    objective = objective_of(config)
    escapable = objective.divergence and objective.divergence.smooth and objective.link == "paper"
    if escapable and (health.get("near_edge") or 0.0) > 0.5:
        tips.append("most critic outputs were at the edge of dom f*: --link log-ratio has none, if available")
    if (share := health.get("effective_sample_size")) is not None and share < 0.05:
        tips.append(
            f"{share:.1%} of the samples carried all of the ratio p/q: use a divergence with a bounded weight "
            "(gan, js, squared-hellinger) or a larger --batch-size"
            + ("" if config.critic_clamp or "noise" in config.penalties else ", or --critic-clamp 20")
        )
    chosen = config.objective in ("plain", "tight", "relativistic") and not config.generator_divergence
    if chosen and config.generator_loss == "saturating":
        tips.append("--generator-loss non-saturating")
    if not config.gradient_clip:
        tips.append("--gradient-clip 10")
    return [*tips, f"a lower --lr than {config.lr:g}"]


def diagnosis(
    trainer: Trainer, metrics: Mapping[str, float], health: Mapping[str, float | None], checkpoints: list[int]
) -> str:
    """Return the diagnosis: what became NaN or infinite, the last finite metrics, what is saved, what to try."""
    known = {**metrics, **health}
    finite = {name: value for name, value in known.items() if value is not None and math.isfinite(value)}
    before = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in finite.items())
    kept = f"The checkpoint of step {checkpoints[-1]} is saved. " if checkpoints else ""
    return (
        f"training diverged by step {trainer.steps_done}: {what_broke(trainer)} became NaN or infinite, although "
        f"the learning rate was halved {trainer.backoff} times. Last finite values: {before or 'none'}. {kept}"
        f"What to try: {'; or '.join(advice(trainer.config, health))}."
    )
