"""What shows that a finished run went wrong although all its numbers are finite: in samples, and in its log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.draws import DrawnFrom
from fgan.training.telemetry import TELEMETRY
from fgan.training.trainer import Trainer, generator_of

LOOKED_AT, PICTURES_LOOKED_AT = 1000, 64
"""Real and generated samples to compare."""
FAR = 10.0
"""Samples count as far outside if they are this many times farther from the data's centre than real samples."""
COLLAPSED, OF_BEFORE, CONSTANT = 0.01, 0.3, 1e-4
"""Samples count as constant below this share of the data's spread and this one of an untrained generator's, or below
the last share of the data's spread."""
WON, WON_BY = 0.98, 10.0
"""A critic has won by far above this difference of its rates, and this difference of its mean log-ratios."""
STEEP = 1e4
"""Gradients above this norm in most lines have exploded."""
MOST = 0.9
"""The share of the data that samples are held against, so that fewer outliers do not hide how far samples are."""
OUTLYING = 1e4
"""Data are outliers if they lie this many times as far from the median as is usual."""
LEAST_SCALE, MOST_SCALE = 1e-25, 1e25
"""Gradients are lost to float32 for data of another spread."""
OVERWHELMING = 10.0
"""Penalties overwhelm the game above this many times the bound."""
Line = dict[str, float | None]


@dataclass(frozen=True)
class Compared:
    """Samples (n, d) of the data, of the untrained generator, and of the trained one."""

    real: Tensor
    before: Tensor
    now: Tensor
    is_picture: bool


@torch.no_grad()
def compared(trainer: Trainer) -> Compared:
    """Draw samples to compare; the run's random state stays as it is."""
    is_picture = trainer.frame.value_range is not None
    n = PICTURES_LOOKED_AT if is_picture else LOOKED_AT
    random = torch.Generator(trainer.device).manual_seed(0)
    real = trainer.source.draw(n, random)
    with DrawnFrom.seeded(trainer.config.seed):
        untrained = generator_of(trainer.config, trainer.frame, trainer.classes).eval()
    latents = torch.randn(n, trainer.latent, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(n) % trainer.classes if trainer.classes else None
    before = untrained(latents) if labels is None else untrained(latents, labels)
    now = trainer.sample(latents, labels)
    real, before, now = (one.cpu().double().flatten(1) for one in (real, before, now))
    return Compared(real, before, now, is_picture)


def share_beyond_all(found: Compared) -> float:
    """Return the share of samples far beyond every real sample, and farther than before training."""
    if found.is_picture:
        return 0.0
    spread = found.real.std(0) if len(found.real) > 1 else torch.zeros(found.real.shape[1])
    centre, scale = found.real.mean(0), torch.where(spread > 0, spread, 1.0)
    distances = [((one - centre) / scale).norm(dim=1) for one in (found.real, found.before, found.now)]
    most = max(distances[0].max().item(), distances[1].max().item())
    return _share(distances[2], FAR * most) if math.isfinite(most) else 0.0


def share_beyond_most(found: Compared) -> float:
    """Return the share of samples far beyond most of the real ones, in units that outliers do not change."""
    if found.is_picture:
        return 0.0
    centre, scale = found.real.median(0).values, _typical_spread(found.real)
    real, now = (
        ((one - centre) / torch.where(scale > 0, scale, 1.0)).norm(dim=1) for one in (found.real, found.now)
    )
    usual = real.quantile(MOST).item()
    return _share(now, FAR * usual) if 0 < usual < math.inf else 0.0


def have_collapsed(found: Compared) -> bool:
    """Whether all samples are the same, though fewer than half of the data are."""
    return _are_the_same(found) and not _have_a_usual_value(found.real)


def _have_a_usual_value(real: Tensor) -> bool:
    """Whether the middle half of the data is one value in every coordinate."""
    return bool((real.quantile(0.25, dim=0) == real.quantile(0.75, dim=0)).all())


def _are_the_same(found: Compared) -> bool:
    scale = _typical_spread(found.real)
    if not (scale > 0).any():
        return False
    unit = torch.where(scale > 0, scale, math.inf) if not found.is_picture else 1.0
    real, before, now = ((one.std(0) / unit).norm().item() for one in (found.real, found.before, found.now))
    return now < CONSTANT * real or now < min(COLLAPSED * real, OF_BEFORE * before)


def data_to_mend(found: Compared) -> str:
    """Return what to do about data whose outliers set the scale, or whose scale is extreme; else nothing."""
    scale = _typical_spread(found.real)
    extreme = [one for one in scale[scale > 0].tolist() if not LEAST_SCALE < one < MOST_SCALE]
    if extreme:
        return (
            f"What to try: divide the data by their scale. Some numbers spread by {extreme[0]:.0e}, and float32 loses "
            "such gradients."
        )
    distance = (found.real - found.real.median(0).values).abs().max(0).values
    ratios = torch.where(scale > 0, distance / scale, 0.0)
    if found.is_picture or ratios.max() < OUTLYING:
        return ""
    which = int(ratios.argmax())
    return (
        f"What to try: remove or clip the outliers of the data. Of number {which + 1} of each sample, some lie "
        f"{ratios[which]:.0e} times as far from the median as is usual."
    )


def _typical_spread(real: Tensor) -> Tensor:
    """Return the spread of each coordinate: by quartiles, or where those agree, the standard deviation."""
    low, high = real.quantile(0.25, dim=0), real.quantile(0.75, dim=0)
    return torch.where(high > low, (high - low) / 1.349, real.std(0))


def _share(distances: Tensor, limit: float) -> float:
    return (~(distances <= limit)).double().mean().item()


def warnings_of(trainer: Trainer, found: Compared, recent: Sequence[Line]) -> list[str]:
    """Return what a user should know about a run that is not diverged.

    Args:
        trainer: the trained run.
        found: its samples and the data.
        recent: the last lines of its log, at least one.
    """
    said = []
    if _are_the_same(found) and _have_a_usual_value(found.real):
        said.append("all samples are the same: they miss the rarer values of the data")
    if (share := share_beyond_most(found)) > 0.5:
        said.append(
            f"{share:.0%} of the samples lie more than {FAR:g} times as far from the data's median as {MOST:.0%} of it"
        )
    if all(_rate(line) > WON and _lead(line) > WON_BY for line in recent):
        said.append(
            "the critic distinguishes nearly all samples from the data, so the generator learns little"
        )
    if all(line.get("generator_gradient_norm") == 0 for line in recent):
        said.append("the gradient of the generator is exactly 0, so it no longer learns")
    for who in ("critic", "generator"):
        if all(_is_missing(line, f"{who}_gradient_norm") for line in recent):
            said.append(f"the gradient of the {who} is not finite")
        if sum((line.get(f"{who}_gradient_norm") or 0) > STEEP for line in recent) > len(recent) / 2:
            norm = max(line.get(f"{who}_gradient_norm") or 0 for line in recent)
            said.append(f"the gradient of the {who} exploded: its norm reached {norm:.3g}")
    if all(all(line.get(name) is None for name in TELEMETRY) for line in recent):
        said.append("the telemetry has no finite number")
    if all(_penalty(line) > OVERWHELMING * max(1.0, abs(line.get("bound") or 0.0)) for line in recent):
        said.append(
            f"the penalties overwhelm the game: they add {_penalty(recent[-1]):.3g} to the critic's loss"
        )
    return said


def _rate(line: Line) -> float:
    return (line.get("true_positive_rate") or 0.0) - (line.get("false_positive_rate") or 0.0)


def _lead(line: Line) -> float:
    real, fake = line.get("log_ratio_real"), line.get("log_ratio_fake")
    return math.inf if real is None or fake is None else real - fake


def _penalty(line: Line) -> float:
    return (line.get("critic_loss") or 0.0) + (line.get("bound") or 0.0)


def _is_missing(line: Line, name: str) -> bool:
    return name in line and line[name] is None
