"""Paths between latents that stay in the typical region of latents."""

from __future__ import annotations

import torch
from torch import Tensor

PARALLEL = 1e-6
"""Sine of the angle below which two latents define no unique great circle."""


def slerp(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    r"""Return latents on the great circle from a to b: spherical interpolation with linearly interpolated norm.

    .. math:: \big((1 - t) |a| + t |b|\big)
        \frac{\sin((1 - t) \omega)\, a/|a| + \sin(t \omega)\, b/|b|}{\sin \omega}, \quad \omega = \angle(a, b)

    Normal latents in many dimensions lie near a sphere. A straight line would cut through its inside, where a generator
    was not trained (White 2016). Parallel or opposite latents are connected by a straight line; in one dimension this
    is always the case.

    Args:
        a, b: (..., d).
        t: from 0 (a) to 1 (b); a number, or (..., 1).

    >>> slerp(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0]), 0.5)
    tensor([2.1213, 2.1213])
    """
    kind = a.dtype
    a, b = a.double(), b.double()
    norm_a, norm_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    tiny = torch.finfo(torch.float64).tiny
    unit_a, unit_b = a / norm_a.clamp(min=tiny), b / norm_b.clamp(min=tiny)
    # Accurate for small angles, unlike the arc cosine.
    angle = 2 * torch.atan2(
        (unit_a - unit_b).norm(dim=-1, keepdim=True), (unit_a + unit_b).norm(dim=-1, keepdim=True)
    )
    sine = angle.sin()
    circle = (((1 - t) * angle).sin() * unit_a + (t * angle).sin() * unit_b) / sine.clamp(min=PARALLEL)
    curved = ((1 - t) * norm_a + t * norm_b) * circle
    return torch.where(sine < PARALLEL, (1 - t) * a + t * b, curved).to(kind)


def round_trip(stops: Tensor, frames: int) -> Tensor:
    """Return latents (frames, ..., d) along the great circles through all stops and back to the first.

    The path is closed, so that the animation loops without a jump.

    Args:
        stops: (S, ..., d).
        frames: F; if S divides it, every stop is a frame: frame k F / S is stop k.
    """
    count = len(stops)
    place = torch.arange(frames, dtype=torch.int64) * count
    leg = place // frames
    t = (place % frames).double() / frames
    return slerp(stops[leg], stops[(leg + 1) % count], t.view(-1, *[1] * (stops.ndim - 1)))
