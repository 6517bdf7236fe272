"""Doubling the side of an image leaves no checkerboard, alone and for several networks at once."""

import pytest
import torch
import torch.nn.functional as F

from fgan.frame import Frame
from fgan.networks import Architecture, build_generator
from fgan.networks.layers import Doubling
from fgan.networks.stacked import Stack

FRAME = Frame((3, 32, 32), (0.0, 1.0))


def plainly(layer, x):
    return F.conv2d(F.interpolate(x, scale_factor=2), layer.weight, layer.bias, padding=1)


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (3, 5), (4, 2)])
def test_doubling_is_repeating_and_convolving(inputs, outputs):
    torch.manual_seed(0)
    layer, x = Doubling(inputs, outputs).double(), torch.randn(2, inputs, 4, 5).double().requires_grad_()
    mine, plain = layer(x), plainly(layer, x)
    torch.testing.assert_close(mine, plain)
    for one, other in zip(
        torch.autograd.grad(mine.square().sum(), [x, *layer.parameters()]),
        torch.autograd.grad(plain.square().sum(), [x, *layer.parameters()]),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_a_flat_image_stays_flat_inside():
    torch.manual_seed(0)
    layer = Doubling(8, 3)
    inside = layer(torch.randn(1, 8, 1, 1).expand(1, 8, 6, 6))[..., 1:-1, 1:-1]
    assert (inside - inside[..., :1, :1]).abs().max() < 1e-5


def test_stacked_generators_double_their_own_images():
    torch.manual_seed(0)
    recipe = Architecture(
        kind="upconv", latent=6, width=4, depth=2, activation="relu", norm="group", classes=3
    )
    generators = [build_generator(recipe, FRAME) for _ in range(3)]
    z, labels = torch.randn(3, 5, 6), torch.tensor([[0, 1, 2, 0, 1]] * 3)
    alone = torch.stack([one(own, of) for one, own, of in zip(generators, z, labels, strict=True)])
    torch.testing.assert_close(Stack(generators)(z, labels), alone, rtol=1e-5, atol=1e-6)
