"""The way into the units that networks work in, and out of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fgan.frame import Frame


class Affine(nn.Module):
    """Multiply by a constant and add another, elementwise: x -> scale * x + shift."""

    scale: Tensor
    shift: Tensor

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, x: Tensor) -> Tensor:
        """Return scale * x + shift for x (n, ...) that ends in their shape."""
        return torch.addcmul(self.shift, self.scale, x)

    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return bool((self.scale == 1).all() and (self.shift == 0).all())


class Choices(nn.Module):
    """Make coordinates one-hot, block by block: the largest becomes 1, with the slope of softmax.

    Args:
        blocks: as `Frame.choices`.

    Source: Bengio, Léonard, Courville, "Estimating or propagating gradients through stochastic neurons" (2013), for
    the straight-through slope.

    >>> Choices(((1, 2, 1),))(torch.tensor([[3.0, 0.5, 0.2], [3.0, 0.2, 0.5]])).tolist()
    [[3.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    def __init__(self, blocks: tuple[tuple[int, int, int], ...]) -> None:
        super().__init__()
        self.blocks = blocks

    def forward(self, x: Tensor) -> Tensor:
        """Return x (..., D) with one-hot blocks, and 0 where a gate is shut."""
        parts, done = [], 0
        for first, count, gated in self.blocks:
            parts.append(x[..., done : first - gated])
            soft = x[..., first : first + count].softmax(-1)
            hard = torch.zeros_like(soft).scatter(-1, soft.argmax(-1, keepdim=True), 1.0)
            chosen = hard + (soft - soft.detach())
            if gated:
                parts.append(x[..., first - gated : first] * chosen[..., :1])
            parts.append(chosen)
            done = first + count
        return torch.cat([*parts, x[..., done:]], -1)


def into_frame(frame: Frame, shape: tuple[int, ...]) -> list[nn.Module]:
    """Return the first layers of a critic: x (n, *shape) to (x - center) / scale."""
    scale, center = _entries(frame.scale, shape), _entries(frame.center, shape)
    return _unless_identity(Affine(1 / scale, -center / scale))


def out_of_frame(frame: Frame, shape: tuple[int, ...]) -> list[nn.Module]:
    """Return the last layers of a generator: any numbers (n, *shape) to samples, in their range if they have one."""
    if frame.value_range is None:
        affine = _unless_identity(Affine(_entries(frame.scale, shape), _entries(frame.center, shape)))
        return [*affine, Choices(frame.choices)] if frame.choices else affine
    low, high = frame.value_range
    return [nn.Sigmoid(), *_unless_identity(Affine(torch.tensor([high - low]), torch.tensor([low])))]


def _entries(values: tuple[float, ...], shape: tuple[int, ...]) -> Tensor:
    return torch.tensor(values) if len(values) == 1 else torch.tensor(values).view(shape)


def _unless_identity(layer: Affine) -> list[nn.Module]:
    return [] if layer.is_identity() else [layer]
