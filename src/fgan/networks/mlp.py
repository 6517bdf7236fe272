"""Multilayer perceptrons for samples of any shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
}


@dataclass(frozen=True)
class Frame:
    """Where samples lie, so that a network can work at mean 0 and spread 1 whatever their units.

    Args:
        shape: of one sample.
        value_range: smallest and largest value, or None where values are unbounded.
        center, scale: one number, or one for each entry of a sample; a critic sees (x - center) / scale.
    """

    shape: tuple[int, ...]
    value_range: tuple[float, float] | None = None
    center: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)


class Affine(nn.Module):
    """Multiply by a constant and add another, elementwise: x -> scale * x + shift."""

    scale: Tensor
    shift: Tensor

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, x: Tensor) -> Tensor:
        """Return scale * x + shift for x (n, d)."""
        return torch.addcmul(self.shift, self.scale, x)

    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return bool((self.scale == 1).all() and (self.shift == 0).all())


def _perceptron(widths: list[int], activation: str) -> list[nn.Module]:
    """Return linear layers of these widths with the activation between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
    return layers[:-1]


def _unless_identity(layer: Affine) -> list[nn.Module]:
    return [] if layer.is_identity() else [layer]


class MLPGenerator(nn.Module):
    """A generator: standard normal latents (n, latent) to samples (n, *shape) inside the frame's range.

    Args:
        frame: the shape and range of a sample.
        latent: dimension of the latent.
        width: units of every hidden layer.
        depth: number of hidden layers.
        activation: "relu", "leaky-relu" or "tanh".

    >>> MLPGenerator(Frame((1, 8, 8), value_range=(0.0, 1.0)), latent=10)(torch.zeros(2, 10)).shape
    torch.Size([2, 1, 8, 8])
    """

    def __init__(
        self, frame: Frame, latent: int, width: int = 256, depth: int = 2, activation: str = "relu"
    ) -> None:
        super().__init__()
        self.latent = latent
        layers = _perceptron([latent, *[width] * depth, math.prod(frame.shape)], activation)
        if frame.value_range is None:
            layers += _unless_identity(Affine(torch.tensor(frame.scale), torch.tensor(frame.center)))
        else:
            low, high = frame.value_range
            layers += [
                nn.Sigmoid(),
                *_unless_identity(Affine(torch.tensor([high - low]), torch.tensor([low]))),
            ]
        if len(frame.shape) != 1:
            layers.append(nn.Unflatten(1, frame.shape))
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """Return samples (n, *shape) for latents z (n, latent)."""
        return self.layers(z)


class MLPCritic(nn.Module):
    """A critic: samples (n, *shape) to one raw, unbounded output each, (n,).

    Args:
        frame: the shape of a sample, and the affine frame in which the critic sees it.
        width: units of every hidden layer.
        depth: number of hidden layers.
        activation: "relu", "leaky-relu" or "tanh".

    >>> MLPCritic(Frame((1, 8, 8)))(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2])
    """

    def __init__(
        self, frame: Frame, width: int = 256, depth: int = 2, activation: str = "leaky-relu"
    ) -> None:
        super().__init__()
        scale, center = torch.tensor(frame.scale), torch.tensor(frame.center)
        self.layers = nn.Sequential(
            *([nn.Flatten()] if len(frame.shape) != 1 else []),
            *_unless_identity(Affine(1 / scale, -center / scale)),
            *_perceptron([math.prod(frame.shape), *[width] * depth, 1], activation),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return raw outputs (n,) for samples x (n, *shape); larger means more real."""
        return self.layers(x).squeeze(1)
