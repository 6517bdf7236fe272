import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import fgan
from fgan.errors import FganError
from fgan.frame import Frame
from fgan.networks import INITS, NETWORKS, Architecture, build_critic, build_generator
from fgan.networks.layers import BranchEnd

FRAME = Frame((1, 28, 28), (0.0, 1.0))
KINDS = list(NETWORKS)
IMAGE_KINDS = [kind for kind in KINDS if NETWORKS[kind].images]
LAYERS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def architecture(**changes) -> Architecture:
    return Architecture(**{"latent": 16, "width": 16, "depth": 2, "activation": "relu"} | changes)


def layers_of(network: nn.Module) -> list:
    return [module for module in network.modules() if isinstance(module, LAYERS)]


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_spectral_norm_holds_every_weight_of_the_critic_at_one(kind, classes):
    torch.manual_seed(0)
    built = architecture(kind=kind, classes=classes, spectral_norm=True)
    critic = build_critic(built, FRAME)
    labels = (torch.tensor([0, 1]),) if classes else ()
    with torch.no_grad():
        for _ in range(100):
            critic(torch.rand(2, 1, 28, 28), *labels)
    weights = [m.weight.detach() for m in critic.modules() if isinstance(m, (*LAYERS, nn.Embedding))]
    assert len(weights) == len(layers_of(critic)) + bool(classes)
    for weight in weights:
        assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1, abs=0.03)
    assert not any("parametrizations" in name for name in build_generator(built, FRAME).state_dict())


@pytest.mark.parametrize("build", [build_generator, build_critic])
@pytest.mark.parametrize("kind", KINDS)
def test_every_init_fills_the_weights_and_clears_the_biases(kind, build):
    torch.manual_seed(0)
    for init in set(INITS) - {"default"}:
        network = build(architecture(kind=kind, init=init), FRAME)
        for layer in layers_of(network):
            assert not layer.bias.any(), init
            weight = layer.weight.detach() * (10 if isinstance(layer, BranchEnd) else 1)
            if init == "normal" and weight.numel() > 500:
                assert weight.std().item() == pytest.approx(0.02, rel=0.15)
            if init == "orthogonal":
                singular = torch.linalg.svdvals(weight.flatten(1))
                torch.testing.assert_close(singular, torch.ones_like(singular), rtol=1e-4, atol=1e-4)
            if init == "xavier":
                bound = (6 / sum(nn.init._calculate_fan_in_and_fan_out(weight))) ** 0.5
                assert weight.abs().max() <= bound * 1.001


@pytest.mark.parametrize("init", INITS)
def test_a_residual_block_begins_near_its_shortcut(init):
    torch.manual_seed(0)
    critic = build_critic(architecture(kind="resnet", init=init), FRAME)
    first = next(layer for layer in critic.layers if hasattr(layer, "shortcut"))
    x = torch.randn(4, 16, 28, 28)
    assert first.branch(x).std() < 0.3 * first.shortcut(x).std()


@pytest.mark.parametrize("kind", IMAGE_KINDS)
@pytest.mark.parametrize("build", [build_generator, build_critic])
@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((2,), r"images; got samples of shape \(2,\). Use --network mlp"),
        ((1, 28, 30), r"got 28 x 30. Resize them with --image-size 32,"),
        (
            (3, 100, 100),
            r"8, 10, 12, .* 128 ... pixels; got 100 x 100. Resize them with --image-size 96, or use",
        ),
        ((3, 30, 30), r"got 30 x 30. Resize them with --image-size 32,"),
        ((1, 4, 4), r"got 4 x 4. Resize them with --image-size 8,"),
        ((1, 1, 1), r"got 1 x 1. Resize them with --image-size 8,"),
    ],
)
def test_other_shapes_are_said(kind, build, shape, said):
    with pytest.raises(FganError, match=f"--network {kind} needs .*{said}"):
        build(architecture(kind=kind), Frame(shape))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"kind": "resnett"},
            'kind must be one of dcgan, mlp, r3gan, resnet, upconv; got "resnett". Did you mean "resnet"?',
        ),
        ({"activation": "gelu"}, 'activation must be one of relu, leaky-relu, tanh; got "gelu"'),
        ({"norm": "batch"}, 'norm must be one of none, group; got "batch"'),
        ({"init": "he"}, 'init must be one of default, normal, orthogonal, xavier; got "he"'),
        *(
            ({"kind": kind, "norm": "group"}, f"images; got --network {kind}. Use --norm none.")
            for kind in KINDS
            if kind not in IMAGE_KINDS
        ),
    ],
)
def test_unknown_parts_are_said(changes, said):
    with pytest.raises(FganError) as error:
        build_generator(architecture(**changes), FRAME)
    assert said in str(error.value)


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_group_norm_is_the_generators_alone(kind):
    built = architecture(kind=kind, norm="group")
    generator, critic = build_generator(built, FRAME), build_critic(built, FRAME)
    assert any(isinstance(module, nn.GroupNorm) for module in generator.modules())
    assert not any(isinstance(module, nn.GroupNorm) for module in critic.modules())


SWISH = """
from torch import nn

from fgan.networks.conditioning import Critic, Generator
from fgan.networks.pair import Pair


class SwishGenerator(Generator):
    def __init__(self, frame, latent, width, classes):
        inputs, outputs = self.inputs(latent, classes), frame.shape[0]
        super().__init__(latent, classes, [nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, outputs)])


class SwishCritic(Critic):
    def __init__(self, frame, width, classes):
        super().__init__(classes, [nn.Linear(frame.shape[0], width), nn.SiLU()], nn.Linear(width, 1))


PAIR = Pair(
    images=False,
    width=8,
    generator=lambda a, frame: SwishGenerator(frame, a.latent, a.width, a.classes),
    critic=lambda a, frame: SwishCritic(frame, a.width, a.classes),
)
"""


@pytest.mark.slow
def test_a_new_network_is_one_file(tmp_path):
    """In a copy of the package: known to --help, trained alone and several as one, and exported."""
    shutil.copytree(
        Path(fgan.__file__).parent, tmp_path / "fgan", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "fgan" / "networks" / "pairs" / "swish.py").write_text(SWISH)

    def said(*command: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "fgan", *command],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    assert "One of: dcgan, mlp, r3gan, resnet, swish, upconv." in " ".join(
        said("train", "--help-all").split()
    )
    few = ("--network", "swish", "--steps", "3", "--batch-size", "8")
    said("compare", "moons", "--divergences", "kl", "--seeds", "2", "--n", "50", *few)
    run = "runs/compare-moons/kl-seed1"
    said("export", run, "--to", "safetensors", "--out", "swish.safetensors")
    said("sample", "swish.safetensors", "--n", "5", "--out", "five.npy")
    assert (tmp_path / "five.npy").is_file()
