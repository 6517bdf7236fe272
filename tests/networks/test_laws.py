"""What holds for every kind of network, conditional or not."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from fgan.frame import Frame
from fgan.networks import (
    ACTIVATIONS,
    NETWORKS,
    Affine,
    Architecture,
    Critic,
    Generator,
    build_critic,
    build_generator,
)
from fgan.networks.stacked import Stack

KINDS = list(NETWORKS)
IMAGE_KINDS = [kind for kind in KINDS if NETWORKS[kind].images]
PAIRS = [(kind, classes) for kind in KINDS for classes in (0, 3)]
DIGITS = Frame((1, 8, 8), (0.0, 1.0))
N, LATENT = 6, 5


def architecture(**changes) -> Architecture:
    return Architecture(**{"latent": LATENT, "width": 4, "depth": 2, "activation": "leaky-relu"} | changes)


def labels_for(classes: int, n: int = N):
    return (torch.arange(n) % classes,) if classes else ()


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("side", [8, 10, 28, 32, 48, 64, 96, 128])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_images_of_every_size_lie_in_their_range(kind, channels, side):
    frame = Frame((channels, side, side), (-1.0, 3.0))
    built = architecture(kind=kind, width=2)
    generator, critic = build_generator(built, frame), build_critic(built, frame)
    assert isinstance(generator, Generator) and isinstance(critic, Critic)
    assert (generator.latent, generator.classes, critic.classes) == (LATENT, 0, 0)
    with torch.no_grad():
        samples = generator(100 * torch.randn(2, LATENT))
        assert samples.shape == (2, channels, side, side)
        assert samples.min() >= -1 and samples.max() <= 3
        assert critic(samples).shape == (2,)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize(
    ("kind", "norm"), [(kind, "none") for kind in KINDS] + [(kind, "group") for kind in IMAGE_KINDS]
)
def test_a_sample_does_not_see_the_others(kind, classes, norm):
    built = architecture(kind=kind, classes=classes, norm=norm)
    z, labels = torch.randn(N, LATENT), labels_for(classes)
    for network, x in (
        (build_generator(built, DIGITS), z),
        (build_critic(built, DIGITS), torch.rand(N, 1, 8, 8)),
    ):
        together = network(x, *labels)
        alone = torch.cat([network(x[i : i + 1], *(label[i : i + 1] for label in labels)) for i in range(N)])
        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("kind", "classes"), PAIRS)
def test_every_parameter_feels_the_gradient_of_a_gradient(kind, classes, activation, spectral_norm):
    built = architecture(kind=kind, classes=classes, activation=activation, spectral_norm=spectral_norm)
    critic = build_critic(built, DIGITS)
    x = torch.rand(N, 1, 8, 8, requires_grad=True)
    v = critic(x, *labels_for(classes))
    (slope,) = torch.autograd.grad(v.sum(), x, create_graph=True)
    gradients = torch.autograd.grad(v.mean() + slope.square().sum(), list(critic.parameters()))
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)
    assert all(
        bool(gradient.any())
        for gradient, (name, _) in zip(gradients, critic.named_parameters(), strict=True)
        if "weight" in name and activation != "relu"  # a narrow layer of relus may be dead
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_of_a_gradient_is_right(kind):
    # tanh, as the second slope of the others is zero wherever it exists.
    critic = build_critic(architecture(kind=kind, width=2, activation="tanh"), DIGITS).double()
    x = torch.rand(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(critic, x)


@pytest.mark.parametrize(("kind", "classes"), PAIRS)
def test_weights_survive_the_disk(kind, classes, tmp_path):
    built = architecture(kind=kind, classes=classes, spectral_norm=True)
    x, labels = torch.randn(N, LATENT), labels_for(classes)
    for build, image in ((build_generator, False), (build_critic, True)):
        inputs = torch.rand(N, 1, 8, 8) if image else x
        saved, loaded = build(built, DIGITS).eval(), build(built, DIGITS).eval()
        save_file(saved.state_dict(), tmp_path / "weights.safetensors")
        loaded.load_state_dict(load_file(tmp_path / "weights.safetensors"))
        assert torch.equal(saved(inputs, *labels), loaded(inputs, *labels))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("many", [False, True], ids=["one number", "one for each entry"])
def test_networks_work_in_the_frame_of_the_data(kind, many):
    shape = (1, 8, 8)
    center, scale = (
        (torch.randn(shape), 0.5 + torch.rand(shape)) if many else (torch.tensor([3.0]), torch.tensor([2.0]))
    )
    there = Frame(shape, None, tuple(center.flatten().tolist()), tuple(scale.flatten().tolist()))
    x, z, built = torch.randn(N, *shape), torch.randn(N, LATENT), architecture(kind=kind)
    outputs = {}
    for name, frame in (("plain", Frame(shape)), ("framed", there)):
        torch.manual_seed(0)
        outputs[name] = build_critic(built, frame), build_generator(built, frame)
    (critic, generator), (framed_critic, framed_generator) = outputs["plain"], outputs["framed"]
    torch.testing.assert_close(framed_critic(center + scale * x), critic(x), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(framed_generator(z), center + scale * generator(z))
    assert not any(isinstance(layer, Affine) for layer in critic.layers)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_means_the_same_weights(kind):
    first, second = ({}, {})
    for weights in (first, second):
        torch.manual_seed(7)
        weights.update(build_generator(architecture(kind=kind, classes=3), DIGITS).state_dict())
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_channels_double_up_to_eight_times():
    frame = Frame((3, 128, 128))
    critic = build_critic(architecture(kind="dcgan", width=2), frame)
    assert [p.shape[0] for p in critic.parameters() if p.dim() == 4] == [2, 4, 8, 16, 16]
    generator = build_generator(architecture(kind="dcgan", width=2), frame)
    assert [p.shape[0] for p in generator.parameters() if p.dim() == 4] == [16, 16, 8, 4, 2]


def test_layers_without_a_rule_are_stacked_too():
    networks = [build_critic(architecture(classes=3), DIGITS) for _ in range(2)]
    for network in networks:
        network.layers[2] = torch.nn.SiLU()
    x, labels = torch.randn(2, N, *DIGITS.shape), torch.stack([*labels_for(3)] * 2)
    alone = [network(*inputs) for network, *inputs in zip(networks, x, labels, strict=True)]
    torch.testing.assert_close(Stack(networks)(x, labels), torch.stack(alone))
