"""Convolutional networks with one residual block per resolution.

Sources: Gulrajani et al., "Improved training of Wasserstein GANs" (2017), and Miyato et al., "Spectral
normalization for generative adversarial networks" (2018), without their batch normalisation.
"""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from fgan.frame import Frame
from fgan.networks.conditioning import Critic, Generator
from fgan.networks.layers import ACTIVATIONS, NORMS, BranchEnd, Residual, SumPool
from fgan.networks.pair import Pair
from fgan.networks.pyramid import channels_by_level, pyramid_of
from fgan.networks.units import into_frame, out_of_frame


def _conv(inputs: int, outputs: int) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def _resize_channels(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 1)] if inputs != outputs else []


def up(inputs: int, outputs: int, activation: str, norm: str) -> Residual:
    """Return a block that doubles the side of an image."""
    return Residual(
        # A 1 x 1 convolution commutes with both resizings, and costs a quarter on the smaller side.
        shortcut=[*_resize_channels(inputs, outputs), nn.Upsample(scale_factor=2)],
        branch=[
            *NORMS[norm](inputs),
            ACTIVATIONS[activation](),
            nn.Upsample(scale_factor=2),
            _conv(inputs, outputs),
            *NORMS[norm](outputs),
            ACTIVATIONS[activation](),
            BranchEnd(outputs, outputs),
        ],
    )


def down(inputs: int, outputs: int, activation: str) -> Residual:
    """Return a block that halves the side of an image."""
    return Residual(
        shortcut=[nn.AvgPool2d(2), *_resize_channels(inputs, outputs)],
        branch=[
            ACTIVATIONS[activation](),
            _conv(inputs, inputs),
            ACTIVATIONS[activation](),
            BranchEnd(inputs, outputs),
            nn.AvgPool2d(2),
        ],
    )


class ResNetGenerator(Generator):
    """A generator for square images: a linear layer to the smallest resolution, then blocks that double it.

    Args:
        frame: the shape and range of a sample.
        latent: dimension of the latent.
        width: channels at the side of the image; twice as many at each halving, up to 8 times.
        activation: "relu", "leaky-relu" or "tanh".
        norm: "none" or "group".
        classes: number of classes, 0 for none.

    >>> import torch
    >>> ResNetGenerator(Frame((3, 32, 32), value_range=(0.0, 1.0)), latent=10, width=4)(torch.zeros(2, 10)).shape
    torch.Size([2, 3, 32, 32])
    """

    def __init__(
        self,
        frame: Frame,
        latent: int,
        width: int = 64,
        activation: str = "relu",
        norm: str = "none",
        classes: int = 0,
    ) -> None:
        pyramid = pyramid_of(frame, "resnet")
        widths = channels_by_level(width, pyramid.halvings + 1)[::-1]
        layers = [
            nn.Linear(self.inputs(latent, classes), widths[0] * pyramid.base**2),
            nn.Unflatten(1, (widths[0], pyramid.base, pyramid.base)),
            *(up(inputs, outputs, activation, norm) for inputs, outputs in pairwise(widths)),
            *NORMS[norm](width),
            ACTIVATIONS[activation](),
            _conv(width, pyramid.channels),
            *out_of_frame(frame, frame.shape),
        ]
        super().__init__(latent, classes, layers)


class ResNetCritic(Critic):
    """A critic for square images: blocks that halve the side, a sum over the remaining positions, a linear layer.

    Args:
        frame: the shape of a sample, and the affine frame in which the critic sees it.
        width: channels at the side of the image; twice as many at each halving, up to 8 times.
        activation: "relu", "leaky-relu" or "tanh".
        classes: number of classes, 0 for none.

    >>> import torch
    >>> ResNetCritic(Frame((3, 32, 32)), width=4)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2])
    """

    def __init__(
        self, frame: Frame, width: int = 64, activation: str = "leaky-relu", classes: int = 0
    ) -> None:
        pyramid = pyramid_of(frame, "resnet")
        widths = channels_by_level(width, pyramid.halvings + 1)
        body = [
            *into_frame(frame, frame.shape),
            _conv(pyramid.channels, width),
            *(down(inputs, outputs, activation) for inputs, outputs in pairwise(widths)),
            ACTIVATIONS[activation](),
            SumPool(),
        ]
        super().__init__(classes, body, nn.Linear(widths[-1], 1))


PAIR = Pair(
    images=True,
    width=16,
    generator=lambda a, frame: ResNetGenerator(frame, a.latent, a.width, a.activation, a.norm, a.classes),
    critic=lambda a, frame: ResNetCritic(frame, a.width, a.activation, a.classes),
)
