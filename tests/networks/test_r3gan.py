"""The pair after R3GAN: blocks begin near the identity, sizes stay the same through depth, channels see their group."""

import pytest
import torch
from torch import nn

from fgan.frame import Frame
from fgan.networks import Architecture, build_critic, build_generator
from fgan.networks.layers import Residual
from fgan.networks.pairs.r3gan import GROUP, block

FRAME = Frame((3, 32, 32), (0.0, 1.0))


def architecture(**changes) -> Architecture:
    settings = {"kind": "r3gan", "latent": 16, "width": 16, "depth": 2, "activation": "leaky-relu"}
    return Architecture(**settings | changes)


def test_a_block_begins_near_the_identity():
    torch.manual_seed(0)
    x = torch.randn(4, 32, 8, 8)
    assert (block(32, "leaky-relu", "none", blocks=3)(x) - x).std() < 0.1


def test_channels_inside_a_block_see_their_group_alone():
    torch.manual_seed(0)
    middle = block(32, "relu", "none", blocks=1).branch[2]
    x = torch.zeros(1, 64, 5, 5)
    x[:, :GROUP] = torch.randn(1, GROUP, 5, 5)
    changed = (middle(x) - middle(torch.zeros_like(x))).abs().amax((0, 2, 3)) > 0
    assert changed[:GROUP].all() and not changed[GROUP:].any()


@pytest.mark.parametrize("side", [8, 28, 64])
@pytest.mark.parametrize("depth", [0, 1, 8])
def test_outputs_keep_their_size_through_many_blocks(side, depth):
    torch.manual_seed(0)
    networks = [
        build(architecture(depth=depth), Frame((1, side, side), (0.0, 1.0)))
        for build in (build_generator, build_critic)
    ]
    x, v = networks[0](torch.randn(16, 16)), networks[1](torch.rand(16, 1, side, side))
    assert x.shape == (16, 1, side, side)
    assert x.min() > 0.2 and x.max() < 0.8 and v.abs().max() < 1
    sides = {8: 1, 28: 2, 64: 4}[side]
    for network in networks:
        assert sum(isinstance(module, Residual) for module in network.modules()) == depth * sides
        kinds = {
            type(module) for module in network.modules() if type(module).__module__.endswith("activation")
        }
        assert kinds == {nn.LeakyReLU}


@pytest.mark.parametrize("build", [build_generator, build_critic])
def test_the_more_blocks_the_less_each_adds(build):
    """16 times the blocks, half the weights: the fourth root of their number, since a block has two such layers."""
    torch.manual_seed(0)
    sizes = []
    for depth in (1, 16):
        first = next(
            layer
            for layer in build(architecture(depth=depth, width=64), FRAME).modules()
            if isinstance(layer, Residual)
        )
        sizes.append(torch.stack([first.branch[k].weight.std() for k in (0, 2)]))
    torch.testing.assert_close(sizes[1] / sizes[0], torch.tensor([0.5, 0.5]), rtol=0.05, atol=0)


def test_classes_change_samples_and_judgements():
    torch.manual_seed(0)
    generator, critic = (build(architecture(classes=2), FRAME) for build in (build_generator, build_critic))
    z, x = torch.randn(1, 16).expand(2, -1), torch.rand(1, 3, 32, 32).expand(2, -1, -1, -1)
    labels = torch.tensor([0, 1])
    assert not torch.equal(*generator(z, labels)) and critic(x, labels).diff().abs() > 0
