"""The diagnosis of a run whose losses or weights became NaN or infinite."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fgan.objectives import read_terms
from fgan.training.config import TrainConfig
from fgan.training.trainer import Trainer

USUAL = TrainConfig(data="")
PENALTIES = "r1:0.2,r2:0.2"
MOST_WEIGHT, MOST_RATE = 100.0, 0.002
LEAST_BATCH, LEAST_WIDTH = 8, 8
OF_TRAINING = (
    "objective", "divergence", "generator_divergence", "penalties", "n_critic", "single_step", "lr", "critic_lr",
    "beta1", "beta2", "gradient_clip", "critic_clamp", "ema", "augment", "batch_size", "latent", "width",
    "depth", "critic_width", "critic_depth", "activation", "norm", "spectral_norm", "init",
)  # fmt: skip
"""Settings that may make training unstable."""


def what_broke(trainer: Trainer) -> str:
    """Name what is NaN or infinite: metrics, weights, or Adam's moments."""
    bad = [name.replace("_", " ") for name, value in trainer.metrics().items() if not math.isfinite(value)]
    for who, player in (("generator", trainer.generator), ("critic", trainer.critic)):
        if not all(bool(parameter.isfinite().all()) for parameter in player.parameters):
            bad.append(f"weights of the {who}")
        if not all(bool(moment.isfinite().all()) for moment in player.optimizer.state().values()):
            bad.append(f"Adam's moments of the {who}")
    return ", ".join(bad)


@dataclass(frozen=True)
class Advice:
    """Something to try.

    Args:
        text: what to do, with its flags.
        changes: the same as fields of `TrainConfig`.
    """

    text: str
    changes: dict[str, Any]


def advice(config: TrainConfig) -> list[Advice]:
    """Return what to try, all together: settings that make training unstable go back to what is stable.

    If there are none, all settings go back to their defaults, or the learning rate is lowered.

    >>> [one.text for one in advice(TrainConfig(data="ring8", penalties="none", lr=10))]
    ['give the critic a penalty, such as --penalties r1:0.2,r2:0.2', '--lr 0.001']
    """
    return _back(config) or _further(config)


def what_to_try(config: TrainConfig) -> str:
    """Return `advice` as a sentence."""
    tips = [one.text for one in advice(config)]
    together = "What to try, all together: " if len(tips) > 1 else "What to try: "
    return f"{together}{'; and '.join(tips)}."


def _back(config: TrainConfig) -> list[Advice]:
    """Return the settings to take back."""
    tips, weights = [], [term.weight for term in read_terms(config.penalties)]
    if not weights and not config.spectral_norm:
        tips.append(
            Advice(f"give the critic a penalty, such as --penalties {PENALTIES}", {"penalties": PENALTIES})
        )
    if max(weights, default=0) > MOST_WEIGHT:
        tips.append(
            Advice(f"--penalties {PENALTIES} instead of {config.penalties}", {"penalties": PENALTIES})
        )
    if config.lr > MOST_RATE:
        tips.append(Advice(f"--lr {USUAL.lr:g}", {"lr": USUAL.lr}))
    if config.critic_lr and config.critic_lr > MOST_RATE:
        tips.append(Advice(f"--critic-lr {USUAL.lr:g}", {"critic_lr": USUAL.lr}))
    if not config.standardize:
        tips.append(
            Advice(
                "the data scaled to mean 0 and deviation 1, without --no-standardize", {"standardize": True}
            )
        )
    if config.link:
        tips.append(Advice(f"the default link, without --link {config.link}", {"link": None}))
    chosen = config.objective in ("plain", "tight", "relativistic") and not config.generator_divergence
    if chosen and config.generator_loss == "saturating":
        tips.append(Advice("--generator-loss non-saturating", {"generator_loss": "non-saturating"}))
    if config.batch_size < LEAST_BATCH:
        tips.append(Advice(f"--batch-size {USUAL.batch_size}", {"batch_size": USUAL.batch_size}))
    if config.width and config.width < LEAST_WIDTH:
        tips.append(Advice("wider networks, without --width", {"width": None}))
    return tips


def _further(config: TrainConfig) -> list[Advice]:
    """Return what to try where no single setting is known to be unstable: the defaults, or a lower learning rate."""
    changed = {
        name: getattr(USUAL, name) for name in OF_TRAINING if getattr(config, name) != getattr(USUAL, name)
    }
    if changed:
        flags = " ".join(f"--{name.replace('_', '-')}" for name in changed)
        return [Advice(f"the default settings, without {flags}", changed)]
    return [Advice(f"--lr {config.lr / 10:g}", {"lr": config.lr / 10})]


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
        f"{what_to_try(trainer.config)}"
    )
