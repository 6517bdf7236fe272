"""The layers that every kind of network is made of."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
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
    """A convolution with small initial weights (default: 3 x 3).

    A block then starts close to its shortcut, and a deep stack neither explodes nor needs normalisation. The weights
    are not zero, because spectral normalisation divides by the largest singular value.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)

    def reset_parameters(self) -> None:
        """Draw new weights, as torch does but small."""
        super().reset_parameters()
        self.shrink()

    @torch.no_grad()
    def shrink(self) -> None:
        """Divide the weights by 10."""
        self.weight.mul_(0.1)


class Doubling(nn.Conv2d):
    """Repeat each pixel twice along both sides, then convolve 3 x 3, as one transposed convolution.

    An ordinary one gives the four pixels that stem from one their own weights, and so leaves a checkerboard on flat
    areas. Here they share weights, at the same cost.

    Source: Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts" (2016).

    >>> layer, x = Doubling(2, 3), torch.randn(1, 2, 4, 4)
    >>> repeated = nn.functional.interpolate(x, scale_factor=2)
    >>> plain = nn.functional.conv2d(repeated, layer.weight, layer.bias, padding=1)
    >>> torch.allclose(layer(x), plain, atol=1e-6)
    True
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride] - torch's is "input"
        """Return images (n, outputs, 2h, 2w) for images x (n, inputs, h, w)."""
        return doubled(x, self.weight, self.bias)


def doubled(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int = 1) -> Tensor:
    """Return what `Doubling` does, with weights (groups x outputs, inputs, 3, 3) for x (n, groups x inputs, h, w)."""
    weight = weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1).flip(2, 3)
    weight = F.pad(weight, (1, 0, 0, 0)) + F.pad(weight, (0, 1, 0, 0))
    weight = F.pad(weight, (0, 0, 1, 0)) + F.pad(weight, (0, 0, 0, 1))
    return F.conv_transpose2d(x, weight, bias, stride=2, padding=1, groups=groups)


class SumPool(nn.Module):
    """Sum over all positions of an image."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the sums (n, c) over images x (n, c, h, w)."""
        return x.sum((2, 3))
