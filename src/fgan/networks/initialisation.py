"""Initialisation of weights."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from fgan.networks.layers import BranchEnd

INITS: dict[str, Callable[[Tensor], Tensor] | None] = {
    "default": None,
    "normal": lambda weight: nn.init.normal_(weight, std=0.02),
    "orthogonal": nn.init.orthogonal_,
    "xavier": nn.init.xavier_uniform_,
}
"""The function that fills a weight; None keeps torch's default."""


def initialise(network: nn.Module, init: str) -> None:
    """Initialise the weights of linear layers and convolutions, and set their biases to zero.

    Embeddings and normalisation layers keep their own initialisation.

    Args:
        network: changed in place.
        init: "default", "normal", "orthogonal" or "xavier".

    >>> import torch
    >>> layer = nn.Linear(4, 4)
    >>> initialise(layer, "orthogonal")
    >>> bool((layer.weight @ layer.weight.T - torch.eye(4)).abs().max() < 1e-5)
    True
    """
    fill = INITS[init]
    if fill is None:
        return
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            fill(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, BranchEnd):
            module.shrink()
