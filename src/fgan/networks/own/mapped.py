"""Several custom networks of one architecture as one: with `torch.func.vmap`, or one after the other."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap


def tensors_of(network: nn.Module) -> dict[str, Tensor]:
    """Return parameters and buffers by name: once per module even if it is reused, but tied ones under each name.

    These are the tensors that `functional_call` replaces; its own `tie_weights` mishandles reused modules.
    """
    return {
        f"{prefix}.{name}" if prefix else name: tensor
        for prefix, module in network.named_modules()
        for own in (module._parameters, module._buffers)
        for name, tensor in own.items()
        if tensor is not None
    }


class Mapped:
    """Several networks with the same code and different weights.

    If `vmap` cannot handle their code, such as the power iterations of `spectral_norm`, they are called one by one.

    Args:
        network: the first of them.
        members: how many.
    """

    def __init__(self, network: nn.Module, members: int) -> None:
        self.network, self.members = network, members
        self._named = tensors_of(network)
        self._at_once: bool | None = None

    def __call__(self, of: Callable[[Tensor], Tensor], x: Tensor, labels: Tensor | None) -> Tensor:
        """Return each network's output for its part of x (K, n, ...), with labels (K, n) if there are any.

        Args:
            of: returns the stack of which a tensor of the first network is a slice.
            x: latents or samples.
            labels: classes.
        """
        tensors = {name: of(tensor) for name, tensor in self._named.items()}
        inputs = (x,) if labels is None else (x, labels)
        if self._at_once is None:
            self._at_once = self._can_be_mapped(tensors, inputs)
        if self._at_once:
            return vmap(self._call)(tensors, *inputs)
        members = range(self.members)
        return torch.stack(
            [
                self._call({name: t[k] for name, t in tensors.items()}, *(one[k] for one in inputs))
                for k in members
            ]
        )

    def _call(self, tensors: dict[str, Tensor], *inputs: Tensor) -> Tensor:
        return functional_call(self.network, tensors, inputs, tie_weights=False)

    @torch.no_grad()
    def _can_be_mapped(self, tensors: dict[str, Tensor], inputs: tuple[Tensor, ...]) -> bool:
        """Try it on copies, since a failed trial may have changed some buffers."""
        copies = {name: tensor.clone() for name, tensor in tensors.items()}
        try:
            vmap(self._call)(copies, *inputs)
        except Exception:  # of any kind: one by one raises it again where it is not vmap's
            return False
        return True
