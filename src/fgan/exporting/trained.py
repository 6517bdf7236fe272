"""A trained generator with everything needed to draw samples from it."""

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
    r"""An exported generator, as `fgan.load` returns it, independent of its run directory.

    Args:
        network: maps standard normal latents (n, latent), and labels (n,) if it has classes, to samples (n, \*shape) in
            the frame; on the CPU, in evaluation mode.
        frame: shape and units of the samples.
        latent: dimension of the latent.
        classes: names of the classes; empty for an unconditional generator.
        source: where it comes from.
        architecture: how `fgan.networks` builds it; None for a custom module.
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
        """Return a one-line description."""
        classes = f", {len(self.classes)} classes" if self.classes else ""
        return (
            f"<generator of {self.about.get('data', 'samples')} {tuple(self.frame.shape)} by "
            f"{self.about.get('divergence', 'a divergence')}, step {self.about.get('step', '?')}{classes}>"
        )

    @cached_property
    def generator(self) -> nn.Module:
        r"""A module from latents (n, latent), and labels (n,) if it has classes, to samples (n, \*shape)."""
        return (Conditional if self.classes else Unconditional)(self.network, self.frame).eval()

    @cached_property
    def table(self) -> TableEncoding | None:
        """The encoding of table rows as samples, and back; None for other data."""
        described = self.about.get("table")
        return TableEncoding.from_json(json.dumps(described), self.source) if described else None

    def sampler(self) -> Sampler:
        """Return the generator with its inputs."""
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
        r"""Return n samples (n, \*shape), or rows of a table, as `RunDirectory.sample` does for the same seed.

        Args:
            n: number of samples.
            seed: seed of the latents.
            batch_size: number of samples per forward pass.
            label: name of a class (default: all classes in turn).
            truncate: as in `RunDirectory.sample`.

        Raises:
            ExportError: if there is no such class.
        """
        return shown(self.sampler().rows(n, seed, batch_size, label, truncate), self.table)
