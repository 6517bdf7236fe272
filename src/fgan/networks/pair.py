"""Pairs of networks: an architecture, and how to build generator and critic from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fgan.errors import FganError, did_you_mean
from fgan.frame import Frame
from fgan.network_names import NETWORK_NAMES
from fgan.networks.conditioning import Critic, Generator
from fgan.networks.initialisation import INITS
from fgan.networks.layers import ACTIVATIONS, NORMS


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The settings of both networks of a pair; the frame of the data determines the rest.

    Args:
        kind: one of `NETWORK_NAMES`.
        latent: dimension of the generator's latent.
        width: units per hidden layer of an mlp; channels at the largest resolution of the others.
        depth: hidden layers of an mlp; residual blocks at each side of an r3gan. That of the others follows from the
            image size.
        activation: "relu", "leaky-relu" or "tanh".
        norm: "none" or "group"; in image generators.
        spectral_norm: divide every weight of the critic by its largest singular value.
        init: "default" (torch's own), "normal" (standard deviation 0.02), "orthogonal" or "xavier"; all but the first
            set biases to 0.
        classes: number of classes, 0 for unconditional networks.

    Raises:
        FganError: for an unknown name, or for settings that do not fit together.
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
            "kind": NETWORK_NAMES,
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


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A kind of network.

    Args:
        images: whether it works only for square images, and supports `norm`; other kinds work for any shape.
        width: the default width.
        generator: builds a generator for samples of a frame; raises FganError if it cannot.
        critic: builds a critic; likewise.
    """

    images: bool
    width: int
    generator: Callable[[Architecture, Frame], Generator]
    critic: Callable[[Architecture, Frame], Critic]
