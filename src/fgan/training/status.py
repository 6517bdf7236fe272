"""How a run ended: what its directory says of that, and how to tell that it blew up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.draws import DrawnFrom
from fgan.training.diagnosis import advice
from fgan.training.trainer import Trainer, generator_of

LOOKED_AT = 1000
"""Samples of each kind that are compared."""
FAR = 10.0
"""Samples so many times farther from the data's mean than any of the data are outside of them."""
ABSURD = 1e6
"""No critic that learned anything has a bound so far below 0, which is what a constant one has."""


@dataclass(frozen=True)
class Status:
    """How a run ended.

    Args:
        state: "finished", "stopped" by a signal, "diverged", or "failed".
        step: generator steps done.
        reason: why, and what may mend it; empty where there is nothing to say.
    """

    state: str
    step: int
    reason: str = ""


def blown_up(trainer: Trainer, metrics: Mapping[str, float], health: Mapping[str, float | None]) -> str:
    """Return why a run whose numbers are all finite has diverged all the same, and what to try; nothing if it has not.

    It has where most of its samples lie far outside of the data (and farther than before training), or its bound is
    far below what a critic that says the same of everything has.
    """
    share, bound = far_share(trainer), metrics["bound"]
    found = []
    if share > 0.5:
        found.append(f"{share:.0%} of the samples lie more than {FAR:g} times as far out as the data")
    if bound < -ABSURD:
        found.append(f"the bound is {bound:.4g}, where that of a constant critic is about 0")
    if not found:
        return ""
    return f"training diverged: {'; '.join(found)}. What may mend it: {'; or '.join(advice(trainer.config, health))}."


@torch.no_grad()
def far_share(trainer: Trainer) -> float:
    """Return the share of samples that lie far outside of the data; 0 for data of a bounded range, such as images."""
    if trainer.frame.value_range is not None:
        return 0.0
    random = torch.Generator(trainer.device).manual_seed(0)
    real = trainer.source.draw(LOOKED_AT, random).cpu().double().flatten(1)
    with DrawnFrom.seeded(trainer.config.seed):
        untrained = generator_of(trainer.config, trainer.frame, trainer.classes).eval()
    latents = torch.randn(LOOKED_AT, trainer.latent, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(LOOKED_AT) % trainer.classes if trainer.classes else None
    before = untrained(latents) if labels is None else untrained(latents, labels)
    now = trainer.sample(latents, labels)
    most = max(_distances(real, real).max().item(), _distances(before, real).max().item())
    distances = _distances(now, real)
    return (~(distances <= FAR * most)).double().mean().item() if math.isfinite(most) else 0.0


def _distances(samples: Tensor, real: Tensor) -> Tensor:
    """Return how far samples lie from the data's mean, in units of their spread."""
    spread = real.std(0)
    return ((samples.double().flatten(1) - real.mean(0)) / torch.where(spread > 0, spread, 1.0)).norm(dim=1)
