"""The layers that every kind of network is made of."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
}

# Batch normalisation is not offered: a sample's output would depend on the other samples.
NORMS: dict[str, Callable[[int], list[nn.Module]]] = {
    "none": lambda channels: [],
    "group": lambda channels: [nn.GroupNorm(math.gcd(channels, 8), channels)],
}
"""Normalisation layers for images, by name; each takes the number of channels."""


class Residual(nn.Module):
    """A shortcut and a branch, added up; the branch should end in a `BranchEnd`."""

    def __init__(self, shortcut: list[nn.Module], branch: list[nn.Module]) -> None:
        super().__init__()
        self.shortcut, self.branch = nn.Sequential(*shortcut), nn.Sequential(*branch)

    def forward(self, x: Tensor) -> Tensor:
        """Return shortcut(x) + branch(x) for images x (n, c, h, w)."""
        return self.shortcut(x) + self.branch(x)


class BranchEnd(nn.Conv2d):
    """A 3 x 3 convolution with small initial weights.

    A block then starts close to its shortcut, and a deep stack neither explodes nor needs normalisation. The weights
    are not zero, because spectral normalisation divides by the largest singular value.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)

    def reset_parameters(self) -> None:
        """Draw new weights, as torch does but small."""
        super().reset_parameters()
        self.shrink()

    @torch.no_grad()
    def shrink(self) -> None:
        """Divide the weights by 10."""
        self.weight.mul_(0.1)


class SumPool(nn.Module):
    """Sum over all positions of an image."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the sums (n, c) over images x (n, c, h, w)."""
        return x.sum((2, 3))
