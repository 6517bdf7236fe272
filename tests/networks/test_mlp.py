import pytest
import torch
from torch import nn

from fgan.frame import Frame
from fgan.networks import (
    Affine,
    Architecture,
    MLPCritic,
    MLPGenerator,
    build_critic,
    build_generator,
)

SHAPES = [(1,), (2,), (7,), (1, 8, 8), (3, 5, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape):
    frame = Frame(shape)
    samples = MLPGenerator(frame, latent=6, width=16)(torch.randn(5, 6))
    assert samples.shape == (5, *shape)
    assert MLPCritic(frame, width=16)(samples).shape == (5,)


@pytest.mark.parametrize("value_range", [(0.0, 1.0), (-1.0, 3.0)])
def test_a_bounded_generator_stays_in_range_and_reaches_both_ends(value_range):
    torch.manual_seed(0)
    generator = MLPGenerator(Frame((2,), value_range), latent=4, width=16)
    samples = generator(1e4 * torch.randn(500, 4))
    low, high = value_range
    assert samples.min() >= low and samples.max() <= high
    assert samples.min() < low + 0.01 and samples.max() > high - 0.01


def test_networks_work_in_the_frame_of_the_data():
    """Data in other units give the same critic and the same samples, in those units."""
    center, scale = torch.tensor([100.0, -3.0]), torch.tensor([20.0, 0.01])
    there = Frame((2,), None, tuple(center.tolist()), tuple(scale.tolist()))
    x, z = torch.randn(9, 2), torch.randn(9, 4)
    for build, inputs in ((lambda f: MLPCritic(f, width=16), x), (lambda f: MLPGenerator(f, 4, width=16), z)):
        torch.manual_seed(0)
        plain = build(Frame((2,)))
        torch.manual_seed(0)
        framed = build(there)
        if isinstance(plain, MLPCritic):
            torch.testing.assert_close(framed(center + scale * inputs), plain(inputs), rtol=1e-3, atol=1e-3)
        else:
            torch.testing.assert_close(framed(inputs), center + scale * plain(inputs))


def test_the_classic_networks():
    frame = Frame((1, 28, 28), (0.0, 1.0))
    generator, critic = MLPGenerator(frame, 10, 128, 1), MLPCritic(frame, 128, 1, "relu")
    kinds = [type(layer).__name__ for layer in (*generator.layers, *critic.layers)]
    assert kinds == [
        "Linear",
        "ReLU",
        "Linear",
        "Squash",
        "Unflatten",
        "Flatten",
        "Linear",
        "ReLU",
        "Linear",
    ]
    assert [tuple(p.shape) for p in generator.parameters()] == [(128, 10), (128,), (784, 128), (784,)]
    assert [tuple(p.shape) for p in critic.parameters()] == [(128, 784), (128,), (1, 128), (1,)]


def test_no_hidden_layer_is_a_linear_map():
    assert len(MLPCritic(Frame((3,)), depth=0).layers) == 1


def test_unconditional_perceptrons_are_bit_for_bit_a_plain_stack_of_layers():
    """Runs written before there were other kinds must repeat, and their checkpoints load."""
    frame = Frame((1, 8, 8), (0.0, 2.0), center=(0.5,), scale=(0.25,))
    built = Architecture(latent=6, width=16, depth=2, activation="leaky-relu")
    torch.manual_seed(0)
    generator, critic = build_generator(built, frame), build_critic(built, frame)
    torch.manual_seed(0)
    plain_generator = nn.Sequential(
        nn.Linear(6, 16),
        nn.LeakyReLU(0.2),
        nn.Linear(16, 16),
        nn.LeakyReLU(0.2),
        nn.Linear(16, 64),
        nn.Sigmoid(),
        Affine(torch.tensor([2.0]), torch.tensor([0.0])),
        nn.Unflatten(1, (1, 8, 8)),
    )
    plain_critic = nn.Sequential(
        nn.Flatten(),
        Affine(torch.tensor([4.0]), torch.tensor([-2.0])),
        nn.Linear(64, 16),
        nn.LeakyReLU(0.2),
        nn.Linear(16, 16),
        nn.LeakyReLU(0.2),
        nn.Linear(16, 1),
    )
    for network, plain in ((generator, plain_generator), (critic, plain_critic)):
        expected = {f"layers.{name}": tensor for name, tensor in plain.state_dict().items()}
        assert list(network.state_dict()) == list(expected)
        assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in expected.items())
    z = torch.randn(5, 6)
    assert torch.equal(generator(z), plain_generator(z))
    assert torch.equal(critic(generator(z)), plain_critic(plain_generator(z)).squeeze(1))
