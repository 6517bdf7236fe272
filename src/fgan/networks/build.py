"""Networks by name, and how they are built."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module

import torch
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


LARGE = 10**7
"""Weights, roughly, above which they are counted before they are allocated."""


def require_room(
    build: Callable[[Architecture, Frame], nn.Module], architecture: Architecture, frame: Frame
) -> None:
    """Refuse to build a network that does not fit into memory.

    Raises:
        MemoryLimitError: if its weights alone need more than is free.
    """
    if (
        architecture.width**2 * max(architecture.depth, 1) + architecture.width * math.prod(frame.shape)
        < LARGE
    ):
        return
    with torch.device("meta"):
        count = sum(weight.numel() for weight in build(architecture, frame).parameters())
    require_memory(4 * count, f"A network of {count:,} weights", "Use a smaller --width or --depth.")


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
    require_room(pair.generator, architecture, frame)
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
    require_room(NETWORKS[architecture.kind].critic, architecture, frame)
    critic = NETWORKS[architecture.kind].critic(architecture, frame)
    initialise(critic, architecture.init)
    if architecture.spectral_norm:
        for module in list(critic.modules()):
            if isinstance(module, nn.Linear | nn.Conv2d | nn.Embedding):
                spectral_norm(module)
    return critic
