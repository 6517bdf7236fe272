"""The moving average of a generator's weights."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import torch
from torch import Tensor, nn


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
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        self._averaged = [parameter.detach() for parameter in self.network.parameters()]
        self._followed = [parameter.detach() for parameter in network.parameters()]
        self._buffers = list(self.network.buffers()), list(network.buffers())

    @classmethod
    def joined(cls, averages: Sequence[Self], followed: Sequence[Tensor]) -> Self:
        """Return several averages of one decay as one, of which their weights become views.

        Args:
            averages: at least one.
            followed: the parameters of the networks, stacked where there are several.
        """
        joint = copy.copy(averages[0])
        joint._followed = [tensor.detach() for tensor in followed]
        if len(averages) > 1:
            own_by_layer = zip(*(average._averaged for average in averages), strict=True)
            joint._averaged = [torch.stack(tensors) for tensors in own_by_layer]
            joint._buffers = tuple([b for a in averages for b in a._buffers[i]] for i in (0, 1))
            for k, average in enumerate(averages):
                for parameter, own in zip(average.network.parameters(), joint._averaged, strict=True):
                    parameter.data = own[k]
                average._averaged = [parameter.detach() for parameter in average.network.parameters()]
        return joint

    def memory(self) -> list[Tensor]:
        """Return everything that an update changes."""
        return [*self._averaged, *self._buffers[0]]

    @contextmanager
    def holding(
        self, memory: Sequence[Tensor], followed: Sequence[Tensor], buffers: Sequence[Tensor]
    ) -> Iterator[None]:
        """Work on these tensors in place of `memory()`, and follow others, as a program does that is traced."""
        own = self._averaged, self._followed, self._buffers
        count = len(self._averaged)
        self._averaged, self._followed = list(memory[:count]), [tensor.detach() for tensor in followed]
        self._buffers = list(memory[count:]), list(buffers)
        try:
            yield
        finally:
            self._averaged, self._followed, self._buffers = own

    def update(self, step: int) -> None:
        """Follow the network after its step number `step` (0 is the first)."""
        self.follow(1 - self.decay_at(step))

    def decay_at(self, step: int) -> float:
        """Return the decay after step number `step` (0 is the first)."""
        return min(self.decay, (1 + step) / (10 + step))

    def follow(self, share: float | Tensor) -> None:
        """Go this share of the way to the network, a number or a scalar."""
        if isinstance(share, Tensor):
            for own, theirs in zip(self._averaged, self._followed, strict=True):
                own.lerp_(theirs, share.to(own.dtype))
        else:
            torch._foreach_lerp_(self._averaged, self._followed, share)  # pyright: ignore[reportPrivateImportUsage]
        own, theirs = self._buffers
        if own:
            torch._foreach_copy_(own, theirs)  # pyright: ignore[reportPrivateImportUsage]
