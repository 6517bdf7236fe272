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


def into_frame(frame: Frame, shape: tuple[int, ...]) -> list[nn.Module]:
    """Return the first layers of a critic: x (n, *shape) to (x - center) / scale."""
    scale, center = _entries(frame.scale, shape), _entries(frame.center, shape)
    return _unless_identity(Affine(1 / scale, -center / scale))


def out_of_frame(frame: Frame, shape: tuple[int, ...]) -> list[nn.Module]:
    """Return the last layers of a generator: any numbers (n, *shape) to samples, in their range if they have one."""
    if frame.value_range is None:
        return _unless_identity(Affine(_entries(frame.scale, shape), _entries(frame.center, shape)))
    low, high = frame.value_range
    return [nn.Sigmoid(), *_unless_identity(Affine(torch.tensor([high - low]), torch.tensor([low])))]


def _entries(values: tuple[float, ...], shape: tuple[int, ...]) -> Tensor:
    return torch.tensor(values) if len(values) == 1 else torch.tensor(values).view(shape)


def _unless_identity(layer: Affine) -> list[nn.Module]:
    return [] if layer.is_identity() else [layer]
