import pytest
import torch

from fgan.networks import Frame, MLPCritic, MLPGenerator

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
        "Sigmoid",
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
