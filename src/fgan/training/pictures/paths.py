"""Paths between latents that stay where latents lie."""

from __future__ import annotations

import torch
from torch import Tensor

PARALLEL = 1e-6
"""Sine of the angle below which two latents have no great circle of their own."""


def slerp(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    r"""Return latents on the great circle from a to b: spherical interpolation, and the norm in proportion.

    .. math:: \big((1 - t) |a| + t |b|\big)
        \frac{\sin((1 - t) \omega)\, a/|a| + \sin(t \omega)\, b/|b|}{\sin \omega}, \quad \omega = \angle(a, b)

    Normal latents of many dimensions lie near a sphere; a straight line would cut through its inside, where a generator
    has seen nothing (White 2016). Latents that are parallel or opposite are joined by the straight line: in one
    dimension all are.

    Args:
        a, b: (..., d).
        t: from 0, which is a, to 1, which is b; a number, or (..., 1).

    >>> slerp(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0]), 0.5)
    tensor([2.1213, 2.1213])
    """
    kind = a.dtype
    a, b = a.double(), b.double()
    norm_a, norm_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    tiny = torch.finfo(torch.float64).tiny
    unit_a, unit_b = a / norm_a.clamp(min=tiny), b / norm_b.clamp(min=tiny)
    # Exact for small angles, where the arc cosine is not.
    angle = 2 * torch.atan2(
        (unit_a - unit_b).norm(dim=-1, keepdim=True), (unit_a + unit_b).norm(dim=-1, keepdim=True)
    )
    sine = angle.sin()
    circle = (((1 - t) * angle).sin() * unit_a + (t * angle).sin() * unit_b) / sine.clamp(min=PARALLEL)
    curved = ((1 - t) * norm_a + t * norm_b) * circle
    return torch.where(sine < PARALLEL, (1 - t) * a + t * b, curved).to(kind)


def round_trip(stops: Tensor, frames: int) -> Tensor:
    """Return latents (frames, ..., d) along the great circles from stop to stop and back to the first.

    The frame after the last would be the first: shown over and over, nothing jumps.

    Args:
        stops: (S, ..., d).
        frames: F; where S divides it, every stop is a frame: number k F / S is stop k.
    """
    count = len(stops)
    place = torch.arange(frames, dtype=torch.int64) * count
    leg = place // frames
    t = (place % frames).double() / frames
    return slerp(stops[leg], stops[(leg + 1) % count], t.view(-1, *[1] * (stops.ndim - 1)))
