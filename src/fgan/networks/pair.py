"""What a pair of networks is made of: an architecture, and how its two networks are built from it."""

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
    """What decides both networks of a pair, besides the frame of the data.

    Args:
        kind: one of `NETWORK_NAMES`.
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
        images: whether it makes square images only, and takes `norm`; other kinds make samples of any shape.
        width: if none is given.
        generator: builds a generator of a frame's samples; raises FganError where it cannot make them.
        critic: builds a critic, likewise.
    """

    images: bool
    width: int
    generator: Callable[[Architecture, Frame], Generator]
    critic: Callable[[Architecture, Frame], Critic]
