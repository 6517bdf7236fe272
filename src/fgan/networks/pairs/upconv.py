"""As dcgan, but the generator repeats pixels and then convolves, which leaves no checkerboard on flat areas.

Source: Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts" (2016).
"""

from __future__ import annotations

from torch import nn

from fgan.networks.layers import Doubling
from fgan.networks.pair import Pair
from fgan.networks.pairs.dcgan import DCGANCritic, DCGANGenerator


class UpconvGenerator(DCGANGenerator):
    """A generator for square images: a linear layer to the smallest resolution, then doublings and convolutions.

    Its arguments are those of `DCGANGenerator`.

    >>> import torch
    >>> from fgan.frame import Frame
    >>> UpconvGenerator(Frame((1, 28, 28), value_range=(0.0, 1.0)), latent=10, width=4)(torch.zeros(2, 10)).shape
    torch.Size([2, 1, 28, 28])
    """

    kind = "upconv"

    def up(self, inputs: int, outputs: int) -> nn.Module:
        """Return a layer that doubles the side of an image."""
        return Doubling(inputs, outputs)


class UpconvCritic(DCGANCritic):
    """The critic of `DCGANCritic`, with the same arguments."""

    kind = "upconv"


PAIR = Pair(
    images=True,
    width=32,
    generator=lambda a, frame: UpconvGenerator(frame, a.latent, a.width, a.activation, a.norm, a.classes),
    critic=lambda a, frame: UpconvCritic(frame, a.width, a.activation, a.classes),
)
