"""Layers that convert between the units of the data and those of the networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fgan.frame import Frame

TEMPERATURE = 1.0
"""Of the softmax whose slope a draw has."""
LEAST = 1e-7
"""Probabilities are at least that, and so much below 1, in float32."""


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


class Squash(nn.Module):
    """The logistic function, in float32 where layers before it multiply fewer digits: x -> 1 / (1 + exp(-x))."""

    def forward(self, x: Tensor) -> Tensor:
        """Return values in (0, 1)."""
        return x.to(torch.promote_types(x.dtype, torch.float32)).sigmoid()


class Choices(nn.Module):
    """Layers that compute scores, followed by one-hot blocks, each drawn from the softmax of its scores.

    The first entries of the input are normal numbers that determine the draws (Gumbel trick); the rest are the input of
    the layers. The output is one-hot, with the gradient of the softmax.

    Args:
        layers: compute scores (n, D).
        blocks: as in `Frame.choices`.

    Source: Jang, Gu, Poole, "Categorical reparameterization with Gumbel-softmax" (2017), section 2.2.

    >>> choices = Choices([], ((1, 2, 1),))
    >>> choices(torch.tensor([[0.0, 0.0, 3.0, 9.0, 0.2], [0.0, 0.0, 3.0, 0.2, 9.0]])).tolist()
    [[3.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    def __init__(self, layers: list[nn.Module], blocks: tuple[tuple[int, int, int], ...]) -> None:
        super().__init__()
        self.layers, self.blocks = nn.Sequential(*layers), blocks
        self.draws = drawn_by(blocks)

    def forward(self, z: Tensor) -> Tensor:
        """Return samples (n, D) for normal numbers z (n, draws + inputs of the layers)."""
        return self.choose(z[..., : self.draws], self.layers(z[..., self.draws :]))

    def choose(self, z: Tensor, scores: Tensor) -> Tensor:
        """Return scores (..., D) with one-hot blocks, by normal numbers z (..., draws), and 0 where a gate is shut."""
        parts, done, drawn = [], 0, 0
        for first, count, gated in self.blocks:
            parts.append(scores[..., done : first - gated])
            noise = _gumbel(z[..., drawn : drawn + count])
            soft = ((scores[..., first : first + count] + noise) / TEMPERATURE).softmax(-1)
            hard = torch.zeros_like(soft).scatter(-1, soft.argmax(-1, keepdim=True), 1.0)
            chosen = hard + (soft - soft.detach())
            if gated:
                parts.append(scores[..., first - gated : first] * chosen[..., :1])
            parts.append(chosen)
            done, drawn = first + count, drawn + count
        return torch.cat([*parts, scores[..., done:]], -1)


def drawn_by(blocks: tuple[tuple[int, int, int], ...]) -> int:
    """Return how many normal numbers are needed for the draws of all blocks."""
    return sum(count for _, count, _ in blocks)


def _gumbel(z: Tensor) -> Tensor:
    """Return Gumbel-distributed numbers for normal ones."""
    u = 0.5 + 0.5 * torch.erf(z * 0.5**0.5)
    return -(-u.clamp(LEAST, 1 - LEAST).log()).log()


def into_frame(frame: Frame, shape: tuple[int, ...]) -> list[nn.Module]:
    """Return the first layers of a critic: x (n, ...) to (x - center) / scale."""
    scale, center = _entries(frame.scale, shape), _entries(frame.center, shape)
    return _unless_identity(Affine(1 / scale, -center / scale))


def out_of_frame(frame: Frame, shape: tuple[int, ...]) -> list[nn.Module]:
    """Return the last layers of a generator: from any numbers (n, ...) to samples, in their range if they have one."""
    if frame.value_range is None:
        return _unless_identity(Affine(_entries(frame.scale, shape), _entries(frame.center, shape)))
    low, high = frame.value_range
    return [Squash(), *_unless_identity(Affine(torch.tensor([high - low]), torch.tensor([low])))]


def _entries(values: tuple[float, ...], shape: tuple[int, ...]) -> Tensor:
    return torch.tensor(values) if len(values) == 1 else torch.tensor(values).view(shape)


def _unless_identity(layer: Affine) -> list[nn.Module]:
    return [] if layer.is_identity() else [layer]
