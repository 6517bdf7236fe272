"""Convolutional networks of residual blocks in groups of channels, without normalisation.

After Huang et al., "The GAN is dead; long live the GAN!" (2024). The blocks are theirs. To keep a step affordable there
are none at the full side of the image; sides are doubled by convolutions and halved by means, and the ends are those of
the other networks here. Blocks begin near the identity: Zhang, Dauphin and Ma, "Fixup initialization" (2019).
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn

from fgan.frame import Frame
from fgan.networks.conditioning import Critic, Generator
from fgan.networks.layers import ACTIVATIONS, NORMS, BranchEnd, Doubling, Residual
from fgan.networks.pair import Pair
from fgan.networks.pyramid import channels_by_level, pyramid_of
from fgan.networks.units import into_frame, out_of_frame

EXPANSION, GROUP = 2, 16
"""How many times as many channels a block has inside, and how many of these see one another at most."""


def block(channels: int, activation: str, norm: str, blocks: int) -> Residual:
    """Return a residual block of a network that has this number of blocks."""
    inner = EXPANSION * channels
    groups = inner // math.gcd(inner, GROUP)
    scale = blocks**-0.25  # each block has two layers before the last one
    return Residual(
        shortcut=[],
        branch=[
            *NORMS[norm](channels),
            _scaled(nn.Conv2d(channels, inner, 1), scale),
            ACTIVATIONS[activation](),
            _scaled(nn.Conv2d(inner, inner, 3, padding=1, groups=groups), scale),
            ACTIVATIONS[activation](),
            BranchEnd(inner, channels, 1),
        ],
    )


def stage(channels: int, activation: str, norm: str, depth: int, sides: int) -> list[nn.Module]:
    """Return the blocks at one of the sides of an image."""
    return [block(channels, activation, norm, depth * sides) for _ in range(depth)]


@torch.no_grad()
def _scaled(layer: nn.Conv2d, scale: float) -> nn.Conv2d:
    """Draw weights that keep the size of activations, times a scale, so that many blocks do not add up."""
    nn.init.kaiming_normal_(layer.weight, a=0.2)
    layer.weight.mul_(scale)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


class R3GANGenerator(Generator):
    """A generator for square images: a linear layer to the smallest side, then blocks and doublings.

    Args:
        frame: the shape and range of a sample.
        latent: dimension of the latent.
        width: channels at half the side of the image; twice as many at each halving, up to 8 times.
        depth: blocks at each side.
        activation: "relu", "leaky-relu" or "tanh".
        norm: "none" or "group".
        classes: number of classes, 0 for none.

    >>> import torch
    >>> R3GANGenerator(Frame((1, 28, 28), value_range=(0.0, 1.0)), latent=10, width=4)(torch.zeros(2, 10)).shape
    torch.Size([2, 1, 28, 28])
    """

    def __init__(
        self,
        frame: Frame,
        latent: int,
        width: int = 32,
        depth: int = 1,
        activation: str = "leaky-relu",
        norm: str = "none",
        classes: int = 0,
    ) -> None:
        pyramid = pyramid_of(frame, "r3gan")
        widths = channels_by_level(width, pyramid.halvings)[::-1]
        layers: list[nn.Module] = [
            nn.Linear(self.inputs(latent, classes), widths[0] * pyramid.base**2),
            nn.Unflatten(1, (widths[0], pyramid.base, pyramid.base)),
            *stage(widths[0], activation, norm, depth, len(widths)),
        ]
        for inputs, outputs in pairwise(widths):
            layers += [Doubling(inputs, outputs), *stage(outputs, activation, norm, depth, len(widths))]
        layers += [*NORMS[norm](width), ACTIVATIONS[activation](), Doubling(width, pyramid.channels)]
        super().__init__(latent, classes, [*layers, *out_of_frame(frame, frame.shape)])


class R3GANCritic(Critic):
    """A critic for square images: a strided convolution, then blocks and halvings, one weight for each place.

    Args:
        frame: the shape of a sample, and the affine frame in which the critic sees it.
        width: channels at half the side of the image; twice as many at each halving, up to 8 times.
        depth: blocks at each side.
        activation: "relu", "leaky-relu" or "tanh".
        classes: number of classes, 0 for none.

    >>> import torch
    >>> R3GANCritic(Frame((1, 28, 28)), width=4)(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2])
    """

    def __init__(
        self, frame: Frame, width: int = 32, depth: int = 1, activation: str = "leaky-relu", classes: int = 0
    ) -> None:
        pyramid = pyramid_of(frame, "r3gan")
        widths = channels_by_level(width, pyramid.halvings)
        body = [
            *into_frame(frame, frame.shape),
            nn.Conv2d(pyramid.channels, width, 4, 2, 1),
            *stage(width, activation, "none", depth, len(widths)),
        ]
        for inputs, outputs in pairwise(widths):
            body += [nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1)]
            body += stage(outputs, activation, "none", depth, len(widths))
        last = widths[-1]
        body += [ACTIVATIONS[activation](), nn.Conv2d(last, last, pyramid.base, groups=last), nn.Flatten()]
        super().__init__(classes, body, nn.Linear(last, 1))


PAIR = Pair(
    images=True,
    width=32,
    generator=lambda a, frame: R3GANGenerator(
        frame, a.latent, a.width, a.depth, a.activation, a.norm, a.classes
    ),
    critic=lambda a, frame: R3GANCritic(frame, a.width, a.depth, a.activation, a.classes),
)
