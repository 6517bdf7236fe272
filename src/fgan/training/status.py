"""How a run ended, as its directory records it, and how to detect that it blew up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from fgan.draws import DrawnFrom
from fgan.errors import RunError
from fgan.json_files import read_json, shaped
from fgan.training.diagnosis import advice
from fgan.training.trainer import Trainer, generator_of

LOOKED_AT = 1000
"""Real and generated samples to compare."""
FAR = 10.0
"""Samples count as far outside if they are this many times farther from the data's mean than any real sample."""
ABSURD = 100.0
"""A bound below minus this, times how steep the terms are at p = q, means divergence: a constant critic has about 0."""
EXPLODED = 1e6
"""A bound above this, times the same, means divergence too."""
ABSURD_BASELINE = 1e6
"""The same for an objective without a divergence, whose value has no scale."""
RECENT = 0.2
"""The share of the steps at the end that may not have such a bound."""


@dataclass(frozen=True)
class Status:
    """How a run ended.

    Args:
        state: "finished", "stopped" by a signal, "diverged", or "failed".
        step: generator steps done.
        reason: why, and what to try; empty if there is nothing to report.
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


def blown_up(
    trainer: Trainer,
    metrics: Mapping[str, float],
    health: Mapping[str, float | None],
    logged: Sequence[Mapping[str, float | None]] = (),
) -> str:
    """Return why a run has diverged although all its numbers are finite, and what to try; empty if it has not.

    It has diverged if most samples lie far outside the data (and farther than before training), if the bound was far
    below that of a constant critic in the last fifth of the steps, or if no player had a gradient then.

    Args:
        trainer: the trained run.
        metrics, health: its last metrics and telemetry.
        logged: all lines of its log.
    """
    recent = [line for line in logged if (line["step"] or 0) > (1 - RECENT) * trainer.steps_done]
    share = far_share(trainer)
    bound = min(
        metrics["bound"], *(value for line in recent if (value := line["bound"]) is not None), math.inf
    )
    found = []
    if share > 0.5:
        found.append(
            f"{share:.0%} of the samples lie more than {FAR:g} times as far from the mean as any real sample"
        )
    lowest, highest = usual_bounds(trainer)
    if bound < lowest:
        found.append(f"the bound fell to {bound:.4g}, although a constant critic already reaches about 0")
    if metrics["bound"] > highest:
        found.append(
            f"the bound is {metrics['bound']:.4g}: the critic's terms exploded, and samples are far off"
        )
    if all(
        line.get(f"{who}_gradient_norm") == 0 for line in (health, *recent) for who in ("critic", "generator")
    ):
        found.append("the gradients of critic and generator are exactly 0, so neither learns any more")
    if not found:
        return ""
    return (
        f"training diverged: {'; '.join(found)}. What to try: {'; or '.join(advice(trainer.config, health))}."
    )


def usual_bounds(trainer: Trainer) -> tuple[float, float]:
    """Return the lowest and the highest bound that a trained critic may have."""
    divergence = trainer.objective.divergence
    if not divergence:
        return -ABSURD_BASELINE, math.inf
    return -ABSURD * divergence.steepness, EXPLODED * divergence.steepness


@torch.no_grad()
def far_share(trainer: Trainer) -> float:
    """Return the share of samples far outside the data; 0 for data with a bounded range, such as images."""
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
    """Return how far samples lie from the data's mean, in standard deviations of the data."""
    spread = real.std(0)
    return ((samples.double().flatten(1) - real.mean(0)) / torch.where(spread > 0, spread, 1.0)).norm(dim=1)
