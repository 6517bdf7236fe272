"""Networks by name: what a pair can be, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from fgan.errors import FganError, did_you_mean
from fgan.frame import Frame
from fgan.networks.conditioning import Critic, Generator
from fgan.networks.dcgan import DCGANCritic, DCGANGenerator
from fgan.networks.initialisation import INITS, initialise
from fgan.networks.layers import ACTIVATIONS, NORMS
from fgan.networks.mlp import MLPCritic, MLPGenerator
from fgan.networks.resnet import ResNetCritic, ResNetGenerator


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What decides both networks of a pair, besides the frame of the data.

    Args:
        kind: a key of `NETWORKS`.
        latent: dimension of the generator's latent.
        width: units of every hidden layer of an mlp; channels of the others where the image is largest.
        depth: hidden layers of an mlp; the others are as deep as the image is large.
        activation: "relu", "leaky-relu" or "tanh".
        norm: "none" or "group"; in the generators that make images.
        spectral_norm: divide every weight of the critic by its largest singular value.
        init: "default" (torch's own), "normal" (spread 0.02), "orthogonal" or "xavier"; all but the first with
            biases 0.
        classes: number of classes, 0 for unconditional networks.

    Raises:
        FganError: for an unknown name, or for parts that do not fit together.
    """

    kind: str = "mlp"
    latent: int
    width: int
    depth: int
    activation: str
    norm: str = "none"
    spectral_norm: bool = False
    init: str = "default"
    classes: int = 0

    def __post_init__(self) -> None:
        """Check every name."""
        known: dict[str, Iterable[str]] = {
            "kind": NETWORKS,
            "activation": ACTIVATIONS,
            "norm": NORMS,
            "init": INITS,
        }
        for field, names in known.items():
            value = getattr(self, field)
            if value not in names:
                raise FganError(
                    f'{field} must be one of {", ".join(names)}; got "{value}".{did_you_mean(value, names)}'
                )
        if self.norm != "none" and self.kind == "mlp":
            raise FganError(
                f"--norm {self.norm} is for networks that make images; got --network mlp. Take --norm none."
            )


@dataclass(frozen=True)
class Pair:
    """How the two networks of a kind are built, and how wide they are unless told."""

    width: int
    generator: Callable[[Architecture, Frame], Generator]
    critic: Callable[[Architecture, Frame], Critic]


NETWORKS: dict[str, Pair] = {
    "mlp": Pair(
        256,
        lambda a, frame: MLPGenerator(frame, a.latent, a.width, a.depth, a.activation, a.classes),
        lambda a, frame: MLPCritic(frame, a.width, a.depth, a.activation, a.classes),
    ),
    "dcgan": Pair(
        32,
        lambda a, frame: DCGANGenerator(frame, a.latent, a.width, a.activation, a.norm, a.classes),
        lambda a, frame: DCGANCritic(frame, a.width, a.activation, a.classes),
    ),
    "resnet": Pair(
        16,
        lambda a, frame: ResNetGenerator(frame, a.latent, a.width, a.activation, a.norm, a.classes),
        lambda a, frame: ResNetCritic(frame, a.width, a.activation, a.classes),
    ),
}
"""Every kind of network."""


def build_generator(architecture: Architecture, frame: Frame) -> Generator:
    """Return an untrained generator of a frame's samples.

    Raises:
        FganError: where the kind cannot make them.

    >>> import torch
    >>> a = Architecture(kind="dcgan", latent=16, width=8, depth=0, activation="relu", classes=10)
    >>> build_generator(a, Frame((1, 28, 28), (0.0, 1.0)))(torch.zeros(2, 16), torch.tensor([3, 7])).shape
    torch.Size([2, 1, 28, 28])
    """
    generator = NETWORKS[architecture.kind].generator(architecture, frame)
    initialise(generator, architecture.init)
    return generator


def build_critic(architecture: Architecture, frame: Frame) -> Critic:
    """Return an untrained critic of a frame's samples.

    Raises:
        FganError: where the kind cannot see them.

    >>> import torch
    >>> a = Architecture(latent=16, width=8, depth=2, activation="relu", spectral_norm=True)
    >>> build_critic(a, Frame((2,)))(torch.zeros(5, 2)).shape
    torch.Size([5])
    """
    critic = NETWORKS[architecture.kind].critic(architecture, frame)
    initialise(critic, architecture.init)
    if architecture.spectral_norm:
        for module in list(critic.modules()):
            if isinstance(module, nn.Linear | nn.Conv2d | nn.Embedding):
                spectral_norm(module)
    return critic
