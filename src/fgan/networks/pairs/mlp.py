"""Multilayer perceptrons for samples of any shape."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from fgan.frame import Frame
from fgan.networks.conditioning import Critic, Generator
from fgan.networks.layers import ACTIVATIONS
from fgan.networks.pair import Pair
from fgan.networks.units import Choices, drawn_by, into_frame, out_of_frame


def _hidden(widths: list[int], activation: str) -> list[nn.Module]:
    """Return linear layers between these widths, each with the activation after it."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
    return layers


class MLPGenerator(Generator):
    """A generator: standard normal latents (n, latent) to samples (n, ...) inside the frame's range.

    Args:
        frame: the shape and range of a sample.
        latent: dimension of the latent; if the frame has choices, extra dimensions that determine them come first.
        width: units of every hidden layer.
        depth: number of hidden layers.
        activation: "relu", "leaky-relu" or "tanh".
        classes: number of classes, 0 for none.

    >>> import torch
    >>> MLPGenerator(Frame((1, 8, 8), value_range=(0.0, 1.0)), latent=10)(torch.zeros(2, 10)).shape
    torch.Size([2, 1, 8, 8])
    """

    def __init__(
        self,
        frame: Frame,
        latent: int,
        width: int = 256,
        depth: int = 2,
        activation: str = "relu",
        classes: int = 0,
    ) -> None:
        entries = math.prod(frame.shape)
        inputs = self.inputs(latent, classes)
        layers: list[nn.Module] = [
            *_hidden([inputs, *[width] * depth], activation),
            nn.Linear(width if depth else inputs, entries),
            *out_of_frame(frame, (entries,)),
            *([nn.Unflatten(1, frame.shape)] if len(frame.shape) != 1 else []),
        ]
        if frame.choices:
            layers = [Choices(layers, frame.choices)]
        super().__init__(latent + drawn_by(frame.choices), classes, layers)


class MLPCritic(Critic):
    """A critic: samples (n, ...) to one raw, unbounded output each, (n,).

    Args:
        frame: the shape of a sample, and the affine frame in which the critic sees it.
        width: units of every hidden layer.
        depth: number of hidden layers.
        activation: "relu", "leaky-relu" or "tanh".
        classes: number of classes, 0 for none.

    >>> import torch
    >>> MLPCritic(Frame((1, 8, 8)))(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2])
    """

    def __init__(
        self,
        frame: Frame,
        width: int = 256,
        depth: int = 2,
        activation: str = "leaky-relu",
        classes: int = 0,
    ) -> None:
        entries = math.prod(frame.shape)
        body = [
            *([nn.Flatten()] if len(frame.shape) != 1 else []),
            *into_frame(frame, (entries,)),
            *_hidden([entries, *[width] * depth], activation),
        ]
        super().__init__(classes, body, nn.Linear(width if depth else entries, 1))


PAIR = Pair(
    images=False,
    width=256,
    generator=lambda a, frame: MLPGenerator(frame, a.latent, a.width, a.depth, a.activation, a.classes),
    critic=lambda a, frame: MLPCritic(frame, a.width, a.depth, a.activation, a.classes),
)
