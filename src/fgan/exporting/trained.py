"""A trained generator by itself, with all that is needed to draw samples from it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import nn

from fgan.data.encoding import TableEncoding
from fgan.errors import ExportError
from fgan.evaluation.samples import Drawable
from fgan.exporting.outward import Conditional, Unconditional
from fgan.frame import Frame
from fgan.training.moving import Moving
from fgan.training.sampling import Sampler, shown


@dataclass(frozen=True, repr=False)
class TrainedGenerator(Moving, Drawable):
    """A generator that was trained, away from its run directory: what `fgan.load` makes of an exported one.

    Args:
        network: standard normal latents (n, latent), and labels (n,) if it has classes, to samples (n, *shape) in the
            frame; on the CPU, in evaluation mode.
        frame: where samples lie.
        latent: dimension of the latent.
        classes: names of the classes; none for an unconditional generator.
        source: where it comes from.
        architecture: how `fgan.networks` builds it; None for a module of somebody's own.
        about: its history: fgan's version, divergence, data, step and recipe.
    """

    network: nn.Module
    frame: Frame
    latent: int
    classes: list[str]
    source: str
    architecture: dict[str, Any] | None = None
    about: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Say what it makes."""
        classes = f", {len(self.classes)} classes" if self.classes else ""
        return (
            f"<generator of {self.about.get('data', 'samples')} {tuple(self.frame.shape)} by "
            f"{self.about.get('divergence', 'a divergence')}, step {self.about.get('step', '?')}{classes}>"
        )

    @cached_property
    def generator(self) -> nn.Module:
        """A module from latents (n, latent), and labels (n,) if it has classes, to samples (n, *shape)."""
        return (Conditional if self.classes else Unconditional)(self.network, self.frame).eval()

    @cached_property
    def table(self) -> TableEncoding | None:
        """How rows of a table became samples, and back; None of other data."""
        described = self.about.get("table")
        return TableEncoding.from_json(json.dumps(described), self.source) if described else None

    def sampler(self) -> Sampler:
        """Return the generator with what it is fed."""
        return Sampler(
            self.network, self.frame, self.latent, self.classes, self.source, ExportError, self.table
        )

    def sample(
        self,
        n: int,
        seed: int = 0,
        batch_size: int = 1024,
        label: str | int | None = None,
        truncate: float | None = None,
    ) -> Any:  # noqa: ANN401 - a DataFrame of pandas, where it is there
        """Return n samples (n, *shape), or rows of a table, as `RunDirectory.sample` does for the same seed.

        Args:
            n: how many.
            seed: decides the latents.
            batch_size: how many are made at once.
            label: a class by its name; the classes in turn if not given.
            truncate: as `RunDirectory.sample` takes it.

        Raises:
            ExportError: where it has no such class.
        """
        return shown(self.sampler().rows(n, seed, batch_size, label, truncate), self.table)
