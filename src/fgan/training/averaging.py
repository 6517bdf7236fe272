"""The moving average of a generator's weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


class ExponentialAverage:
    """A copy of a network whose weights follow it slowly: w̄ ← d w̄ + (1 − d) w.

    The decay d rises from 0.1 to `decay` as min(decay, (1 + t)/(10 + t)), so that a short run does not
    average in its random start. Buffers are copied at every update.

    Args:
        network: the network to follow.
        decay: between 0 (the average is the network) and 1.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False)
        self._averaged = [parameter.detach() for parameter in self.network.parameters()]
        self._followed = [parameter.detach() for parameter in network.parameters()]
        self._buffers = list(zip(self.network.buffers(), network.buffers(), strict=True))

    def update(self, step: int) -> None:
        """Follow the network after its step number `step` (0 is the first)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averaged, self._followed, 1 - decay)  # pyright: ignore[reportPrivateImportUsage]
        for average, followed in self._buffers:
            average.copy_(followed)
