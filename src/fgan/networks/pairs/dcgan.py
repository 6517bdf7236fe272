"""Convolutional networks with one strided layer per resolution.

Source: Radford, Metz and Chintala, "Unsupervised representation learning with deep convolutional generative
adversarial networks" (2016), without its batch normalisation.
"""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from fgan.frame import Frame
from fgan.networks.conditioning import Critic, Generator
from fgan.networks.layers import ACTIVATIONS, NORMS
from fgan.networks.pair import Pair
from fgan.networks.pyramid import channels_by_level, pyramid_of
from fgan.networks.units import into_frame, out_of_frame

# Kernel 4 with stride 2 covers every pixel equally often.
KERNEL, STRIDE, PADDING = 4, 2, 1


class DCGANGenerator(Generator):
    """A generator for square images: a linear layer to the smallest resolution, then transposed convolutions.

    Args:
        frame: the shape and range of a sample.
        latent: dimension of the latent.
        width: channels at half the side of the image; twice as many at each halving, up to 8 times.
        activation: "relu", "leaky-relu" or "tanh".
        norm: "none" or "group".
        classes: number of classes, 0 for none.

    >>> import torch
    >>> DCGANGenerator(Frame((1, 28, 28), value_range=(0.0, 1.0)), latent=10, width=4)(torch.zeros(2, 10)).shape
    torch.Size([2, 1, 28, 28])
    """

    kind = "dcgan"

    def __init__(
        self,
        frame: Frame,
        latent: int,
        width: int = 64,
        activation: str = "relu",
        norm: str = "none",
        classes: int = 0,
    ) -> None:
        pyramid = pyramid_of(frame, self.kind)
        widths = channels_by_level(width, pyramid.halvings)[::-1]
        layers: list[nn.Module] = [
            nn.Linear(self.inputs(latent, classes), widths[0] * pyramid.base**2),
            nn.Unflatten(1, (widths[0], pyramid.base, pyramid.base)),
        ]
        for inputs, outputs in pairwise([*widths, pyramid.channels]):
            layers += [
                *NORMS[norm](inputs),
                ACTIVATIONS[activation](),
                self.up(inputs, outputs),
            ]
        super().__init__(latent, classes, [*layers, *out_of_frame(frame, frame.shape)])

    def up(self, inputs: int, outputs: int) -> nn.Module:
        """Return a layer that doubles the side of an image."""
        return nn.ConvTranspose2d(inputs, outputs, KERNEL, STRIDE, PADDING)


class DCGANCritic(Critic):
    """A critic for square images: strided convolutions down to the smallest resolution, then a linear layer.

    Args:
        frame: the shape of a sample, and the affine frame in which the critic sees it.
        width: channels at half the side of the image; twice as many at each halving, up to 8 times.
        activation: "relu", "leaky-relu" or "tanh".
        classes: number of classes, 0 for none.

    >>> import torch
    >>> DCGANCritic(Frame((1, 28, 28)), width=4)(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2])
    """

    kind = "dcgan"

    def __init__(
        self, frame: Frame, width: int = 64, activation: str = "leaky-relu", classes: int = 0
    ) -> None:
        pyramid = pyramid_of(frame, self.kind)
        widths = channels_by_level(width, pyramid.halvings)
        body = into_frame(frame, frame.shape)
        for inputs, outputs in pairwise([pyramid.channels, *widths]):
            body += [nn.Conv2d(inputs, outputs, KERNEL, STRIDE, PADDING), ACTIVATIONS[activation]()]
        super().__init__(classes, [*body, nn.Flatten()], nn.Linear(widths[-1] * pyramid.base**2, 1))


PAIR = Pair(
    images=True,
    width=32,
    generator=lambda a, frame: DCGANGenerator(frame, a.latent, a.width, a.activation, a.norm, a.classes),
    critic=lambda a, frame: DCGANCritic(frame, a.width, a.activation, a.classes),
)
