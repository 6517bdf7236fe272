"""Moving averages of a generator's weights: `EMA` for any loop, `ExponentialAverage` for traced and joint steps."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import torch
from torch import Tensor, nn

from fgan.errors import FganError


def rising(decay: float, step: int) -> float:
    """Return the decay after step number `step` (0 is the first): min(decay, (1 + step)/(10 + step)).

    >>> rising(0.999, 0), rising(0.999, 10**6)
    (0.1, 0.999)
    """
    return min(decay, (1 + step) / (10 + step))


class EMA(nn.Module):
    r"""The exponential moving average of a module's weights, for your own training loop.

    .. math:: \bar w \leftarrow d_t \bar w + (1 - d_t) w, \quad d_t = \min(d, (1 + t)/(10 + t))

    The averaged generator usually gives better samples than the weights of the last step. The average is a module:
    it moves with `.to`, its `state_dict()` goes into a checkpoint, and it always stays in eval mode.

    Args:
        module: the module to average; it keeps training.
        decay: d, at least 0 and below 1; 0 copies the module at every update.

    Raises:
        FganError: if the decay is out of range.

    >>> generator = nn.Linear(1, 1)
    >>> average = EMA(generator, 0.9)
    >>> _ = generator.weight.data.add_(1.0)
    >>> average.update()
    >>> round((generator.weight - average.module.weight).item(), 6)
    0.1
    """

    updates: Tensor

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise FganError(f"decay must be at least 0 and below 1; got {decay}. A usual value is 0.999.")
        self.decay = decay
        self.module = copy.deepcopy(module).requires_grad_(False)
        self._followed = (module,)  # in a tuple, so that torch does not register it as a submodule
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode, whatever the module around it does."""
        return super().train(False)

    @torch.no_grad()
    def update(self) -> None:
        """Update the average; call it after each step of the module's optimiser."""
        (followed,) = self._followed
        share = 1 - rising(self.decay, int(self.updates))
        for own, theirs in zip(self.module.parameters(), followed.parameters(), strict=True):
            own.lerp_(theirs.detach().to(own), share)
        for own, theirs in zip(self.module.buffers(), followed.buffers(), strict=True):
            own.copy_(theirs)
        self.updates += 1

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the output of the averaged module."""
        return self.module(*inputs)


class ExponentialAverage:
    """A copy of a network whose weights follow it slowly: w̄ ← d w̄ + (1 − d) w.

    The decay d rises from 0.1 to `decay` as min(decay, (1 + t)/(10 + t)), so that the random initial weights do not
    weigh on a short run. Buffers are copied at every update.

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
        """Return several averages with the same decay as one; their weights become views of it.

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
        """Work on these tensors instead of `memory()` and follow others, as a traced program does."""
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
        return rising(self.decay, step)

    def follow(self, share: float | Tensor) -> None:
        """Move the average by this share (a number or scalar) towards the network."""
        if isinstance(share, Tensor):
            for own, theirs in zip(self._averaged, self._followed, strict=True):
                own.lerp_(theirs, share.to(own.dtype))
        else:
            torch._foreach_lerp_(self._averaged, self._followed, share)  # pyright: ignore[reportPrivateImportUsage]
        own, theirs = self._buffers
        if own:
            torch._foreach_copy_(own, theirs)  # pyright: ignore[reportPrivateImportUsage]
