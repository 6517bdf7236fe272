"""A generator and, after it, the way to the data's own numbers, as one module."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fgan.frame import Frame


class Sampling(nn.Module):
    """What gives the samples that `RunDirectory.sample` gives.

    Args:
        network: the generator, to samples as it was trained on them.
        frame: where these lie.
    """

    origin: Tensor
    unit: Tensor

    def __init__(self, network: nn.Module, frame: Frame) -> None:
        super().__init__()
        self.generator = network
        self.affine = bool(frame.origin)
        if self.affine:
            self.register_buffer("origin", torch.tensor(frame.origin, dtype=torch.float64))
            self.register_buffer("unit", torch.tensor(frame.unit, dtype=torch.float64))

    def outward(self, x: Tensor) -> Tensor:
        """Return what `Frame.outward` does."""
        return self.origin + self.unit * x.double() if self.affine else x


class Unconditional(Sampling):
    """A program of the latent alone."""

    def forward(self, latent: Tensor) -> Tensor:
        """Return samples (n, *shape) for latents (n, d)."""
        return self.outward(self.generator(latent))


class Conditional(Sampling):
    """A program of the latent and the class."""

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        """Return samples (n, *shape) for latents (n, d) and labels (n,) from 0."""
        return self.outward(self.generator(latent, label))
