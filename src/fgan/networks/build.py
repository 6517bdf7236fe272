"""Networks by name, and how they are built."""

from __future__ import annotations

import math
from importlib import import_module

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from fgan.errors import FganError
from fgan.frame import Frame
from fgan.memory import require_memory
from fgan.network_names import NETWORK_NAMES
from fgan.networks.conditioning import Critic, Generator
from fgan.networks.initialisation import initialise
from fgan.networks.pair import Architecture, Pair

NETWORKS: dict[str, Pair] = {
    name: import_module(f"fgan.networks.pairs.{name}").PAIR for name in NETWORK_NAMES
}
"""Every kind of network."""


KERNEL = 9
"""Weights between two channels."""
LARGE = 10**7
"""Weights from which on they may not fit into memory."""


def require_room(architecture: Architecture, frame: Frame) -> None:
    """Refuse to build a network that does not fit into memory.

    Raises:
        MemoryLimitError: if its weights, at least so many, need more than is free.
    """
    inner = KERNEL if NETWORKS[architecture.kind].images else architecture.depth - 1
    least = architecture.width**2 * max(inner, 0)
    least += 0 if NETWORKS[architecture.kind].images else architecture.width * math.prod(frame.shape)
    if least >= LARGE:
        require_memory(4 * least, f"A network of {least:,} weights", "Use a smaller --width or --depth.")


def build_generator(architecture: Architecture, frame: Frame) -> Generator:
    """Return an untrained generator for samples of a frame.

    Raises:
        FganError: if this kind of network cannot generate them, or does not support the norm.

    >>> import torch
    >>> a = Architecture(kind="dcgan", latent=16, width=8, depth=0, activation="relu", classes=10)
    >>> build_generator(a, Frame((1, 28, 28), (0.0, 1.0)))(torch.zeros(2, 16), torch.tensor([3, 7])).shape
    torch.Size([2, 1, 28, 28])
    """
    pair = NETWORKS[architecture.kind]
    if architecture.norm != "none" and not pair.images:
        raise FganError(
            f"--norm {architecture.norm} works only with networks for images; got --network {architecture.kind}. "
            "Use --norm none."
        )
    require_room(architecture, frame)
    generator = pair.generator(architecture, frame)
    initialise(generator, architecture.init)
    return generator


def build_critic(architecture: Architecture, frame: Frame) -> Critic:
    """Return an untrained critic for samples of a frame.

    Raises:
        FganError: if this kind of network cannot process them.

    >>> import torch
    >>> a = Architecture(latent=16, width=8, depth=2, activation="relu", spectral_norm=True)
    >>> build_critic(a, Frame((2,)))(torch.zeros(5, 2)).shape
    torch.Size([5])
    """
    require_room(architecture, frame)
    critic = NETWORKS[architecture.kind].critic(architecture, frame)
    initialise(critic, architecture.init)
    if architecture.spectral_norm:
        for module in list(critic.modules()):
            if isinstance(module, nn.Linear | nn.Conv2d | nn.Embedding):
                spectral_norm(module)
    return critic
