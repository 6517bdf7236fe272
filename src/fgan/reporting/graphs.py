"""Curves of f(u), T(u) = f'(u) and w(u) = u² f''(u) over log u."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fgan.divergences import Divergence

REACH = 3.0
"""Curves go from log u = -REACH to REACH."""


@dataclass(frozen=True)
class Curve:
    """One function of log u, with the window in which it is worth looking at."""

    title: str
    log_ratio: list[float]
    values: list[float]
    low: float
    high: float


def curves(d: Divergence, points: int = 301) -> list[Curve]:
    """Return f, T and, where f has no kinks, w, each with a window that no pole squashes.

    >>> from fgan import divergence
    >>> [(c.title, round(c.low, 1), round(c.high, 1)) for c in curves(divergence("kl"))]
    [('f(u)', -0.4, 8.2), ("T(u) = f'(u)", -2.0, 4.0), ("w(u) = u²·f''(u)", 0.0, 6.2)]
    """
    log_ratio = torch.linspace(-REACH, REACH, points, dtype=torch.float64)
    functions = {"f(u)": d.f(log_ratio.exp()), "T(u) = f'(u)": d.real_at(log_ratio)}
    if d.smooth:
        functions["w(u) = u²·f''(u)"] = d.weight(log_ratio)
    return [
        Curve(title, log_ratio.tolist(), values.tolist(), *_window(log_ratio, values))
        for title, values in functions.items()
    ]


def _window(log_ratio: torch.Tensor, values: torch.Tensor) -> tuple[float, float]:
    """Return all values, but no more than three times as far from the middle as within |log u| <= 1.

    A function that is linear in log u just fits; powers of u are cut.
    """
    near = values[log_ratio.abs() <= 1]
    middle = float(values[len(values) // 2])
    span = max(float(near.max()) - middle, middle - float(near.min()))
    low = max(float(values.min()), middle - REACH * span)
    high = min(float(values.max()), middle + REACH * span)
    return (low, high) if high - low > 1e-9 * (1 + abs(middle)) else (low - 1, high + 1)
