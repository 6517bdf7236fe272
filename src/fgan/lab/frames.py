"""What a page is sent: a header in JSON and arrays in binary, and what each says."""

from __future__ import annotations

import dataclasses
import json
import struct
from typing import Any

import torch
from torch import Tensor

from fgan.data.dataset import as_uint8
from fgan.lab.measures import CELLS, Measure, Ruler
from fgan.lab.race import Race, members_of
from fgan.objectives import Objective
from fgan.training.telemetry import finite_or_none

POINTS, ARROWS, RESOLUTION, ALONG_LINE = 512, 64, 40, 256
"""Samples shown, gradients among them, and points of the field along an axis in two dimensions and in one."""
STEEPNESS = 3.0
"""The field shows tanh(l / STEEPNESS)."""
PICTURES = 16


def encoded(header: dict[str, Any], arrays: dict[str, Tensor]) -> bytes:
    """Return a message of a header and arrays, float32 or uint8.

    >>> message = encoded({"kind": "frame"}, {"x": torch.zeros(2)})
    >>> message[4:].split(b"}")[0], len(message) % 4
    (b'{"kind": "frame", "arrays": {"x": {"type": "f32", "shape": [2], "at": 0', 0)
    """
    described, parts, at = {}, [], 0
    for name, values in arrays.items():
        kind = "u8" if values.dtype == torch.uint8 else "f32"
        plain = values if kind == "u8" else values.float()
        content = plain.detach().contiguous().numpy().tobytes()
        described[name] = {"type": kind, "shape": list(values.shape), "at": at}
        content += b"\0" * (-len(content) % 4)
        parts.append(content)
        at += len(content)
    text = json.dumps(header | {"arrays": described}, allow_nan=False).encode()
    text += b" " * (-(4 + len(text)) % 4)
    return struct.pack("<I", len(text)) + text + b"".join(parts)


class View:
    """Turns the state of a race on points into messages.

    Args:
        race: the race; it may change.
    """

    def __init__(self, race: Race) -> None:
        assert race.target
        self.target, self.ruler = race.target, Ruler(race.target, race.latent)
        self.latents = torch.randn(POINTS, race.latent, generator=torch.Generator().manual_seed(0))
        along = RESOLUTION if self.target.dimension == 2 else ALONG_LINE
        axes = [torch.linspace(low, high, along) for low, high in self.target.view]
        self.grid = torch.cartesian_prod(*reversed(axes)).view(-1, self.target.dimension).flip(1)
        self.shape = [along] * self.target.dimension
        self.measures: list[Measure] = []
        self.measured = -1

    def opening(self) -> bytes:
        """Return the message about the target."""
        target = self.target
        (x, *y) = target.view
        header = {
            "kind": "target",
            "name": target.name,
            "dimension": target.dimension,
            "pieces": len(target.centers),
            "modes": target.modes,
            "view": {"x": x, "y": y[0] if y else None},
            "sigma": target.sigma,
        }
        data = target.sample(POINTS, torch.Generator().manual_seed(1))
        density = target.log_density(self.grid).exp().view(self.shape)
        return encoded(header, {"data": data, "centers": target.centers, "density": density})

    def measure(self, race: Race) -> None:
        """Measure bound, divergence and coverage now, for the frames to come."""
        self.measures, self.measured = self.ruler.measure(race), race.steps

    def frame(self, race: Race, state: dict[str, Any]) -> bytes:
        """Return the message about the present state of all members."""
        samples, arrows = self._samples(race)
        field, has_field, sound = self._field(race)
        sound &= samples.isfinite().flatten(1).all(1)
        arrays = {"samples": samples, "field": field, "arrows": arrows}
        if self.target.dimension == 1:
            drawn = race.generated(self.ruler.latents)
            arrays["density"] = torch.stack([self._density(own) for own in drawn])
        header = {
            "kind": "frame",
            "step": race.steps,
            "members": self._numbers(race, sound),
            "smoothing": self.ruler.smoothing,
            "has_field": has_field,
        }
        return encoded(header | state, arrays)

    def _samples(self, race: Race) -> tuple[Tensor, Tensor]:
        samples = race.generated(self.latents)
        with torch.enable_grad():
            x = samples[:, :ARROWS].clone().requires_grad_()
            losses = [
                trainer.objective.generator(v)
                for trainer, v in zip(race.trainers, race.outputs(x), strict=True)
            ]
            # A mean over the samples; each gradient alone is ARROWS times its part.
            (uphill,) = torch.autograd.grad(torch.stack(losses).sum(), x)
        return samples, -ARROWS * uphill

    @torch.no_grad()
    def _field(self, race: Race) -> tuple[Tensor, list[bool], Tensor]:
        """Return the field of each member, whether it is a log-ratio, and whether the critic's outputs are finite."""
        outputs = race.outputs(self.grid.expand(len(race.trainers), *self.grid.shape))
        fields, known = [], []
        for trainer, v in zip(race.trainers, outputs, strict=True):
            ratios = trainer.objective.log_ratios(v, v)
            known.append(ratios is not None)
            shown = _decision(trainer.objective, v) if ratios is None else (ratios[0] / STEEPNESS).tanh()
            fields.append((127.5 + 127.5 * shown).nan_to_num(127.5).round().to(torch.uint8))
        rows = self.shape if self.target.dimension == 2 else [1, *self.shape]
        return torch.stack(fields).view(-1, *rows), known, outputs.isfinite().all(1)

    def _density(self, samples: Tensor) -> Tensor:
        sound = bool(samples.isfinite().all())
        q = self.ruler.density(samples) if sound else torch.full((CELLS,), torch.nan, dtype=torch.float64)
        return torch.nn.functional.interpolate(q.view(1, 1, -1), ALONG_LINE, mode="linear").flatten()

    def _numbers(self, race: Race, sound: Tensor) -> list[dict[str, Any]]:
        found = _losses(race, sound)
        for own, measure in zip(found, self.measures, strict=False):
            own |= dataclasses.asdict(measure) | {"exact_step": self.measured}
        return found


def _losses(race: Race, sound: Tensor) -> list[dict[str, Any]]:
    """Return losses, each a mean since the last call, and whether a member's numbers are finite."""
    found = []
    for trainer, finite in zip(race.trainers, sound.tolist(), strict=True):
        means = trainer.metrics()
        trainer.reset_metrics()
        losses = {name: finite_or_none(means[name]) for name in ("critic_loss", "generator_loss")}
        nothing = dict.fromkeys(("bound", "exact", "modes", "within"))
        found.append({**losses, **nothing, "finite": finite})
    return found


def _decision(objective: Objective, v: Tensor) -> Tensor:
    """Return from -1 to 1 how surely a critic that knows no ratio decides "real"."""
    evidence = objective.evidence(v, v)[0]
    return evidence / evidence.abs().max().clamp(min=1e-9)


class PictureView:
    """Turns the state of a race on pictures into messages, from latents that the page can change.

    Args:
        race: the race; it may change.
    """

    def __init__(self, race: Race) -> None:
        self.classes = list(race.data.classes)
        self.latents = Latents(race.latent, len(self.classes))

    def frame(self, race: Race, state: dict[str, Any]) -> bytes:
        """Return the message about the present state of all members."""
        samples = race.generated(self.latents.values, self.latents.labels)
        header = {
            "kind": "pictures",
            "step": race.steps,
            "members": _losses(race, samples.isfinite().flatten(1).all(1)),
            "names": [member.divergence for member in members_of(race.settings)],
        }
        arrays = {f"images{k}": own for k, own in enumerate(pictures(samples))}
        return encoded(header | state | self.latents.described(self.classes), arrays)


class Latents:
    """The latents that all members generate from, as the page sets them.

    Args:
        dimension: of a latent.
        classes: how many there are; 0 for none.
    """

    def __init__(self, dimension: int, classes: int) -> None:
        self.dimension, self.classes = dimension, classes
        self.label: int | None = None
        self.draw(0)

    def draw(self, seed: int) -> None:
        """Draw new latents."""
        self.drawn = torch.randn(PICTURES, self.dimension, generator=torch.Generator().manual_seed(seed))
        self.values = self.drawn.clone()

    def set_entry(self, index: int, value: float) -> None:
        """Set one entry of all latents."""
        self.values[:, index] = value

    def walk(self, start: int, end: int, share: float) -> None:
        """Show the walk from one latent to another: first the point at this share of it, then all of it evenly.

        Along a great circle: a straight line between normal latents passes nearer the origin than any of them.
        """
        at = torch.cat([torch.tensor([share]), torch.linspace(0, 1, PICTURES - 1)])[:, None]
        a, b = self.drawn[start], self.drawn[end]
        angle = torch.arccos(torch.nn.functional.cosine_similarity(a, b, 0).clamp(-1, 1))
        if float(angle.sin()) < 1e-6:
            self.values = torch.lerp(a.expand(PICTURES, -1), b.expand(PICTURES, -1), at)
            return
        self.values = (((1 - at) * angle).sin() * a + (at * angle).sin() * b) / angle.sin()

    @property
    def labels(self) -> Tensor | None:
        """The classes: the chosen one, or all in turn."""
        if not self.classes:
            return None
        return (
            torch.arange(PICTURES) % self.classes
            if self.label is None
            else torch.full((PICTURES,), self.label)
        )

    def described(self, classes: list[str]) -> dict[str, Any]:
        """Return what a header says about them."""
        return {
            "latent": self.dimension,
            "values": self.values[0].tolist(),
            "labels": classes,
            "label": self.label,
        }


def pictures(samples: Tensor) -> Tensor:
    """Return samples (..., C, H, W) in [0, 1] as bytes (..., H, W, C)."""
    return as_uint8(samples.nan_to_num(0.0)).movedim(-3, -1)
