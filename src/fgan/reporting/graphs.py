"""Curves of f(u), T(u) = f'(u) and w(u) = u² f''(u) over log u, and the same as text in a terminal."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from fgan.divergences import Divergence

REACH = 3.0
"""Curves go from log u = -REACH to REACH."""
LABELS = 10
"""Columns that a panel needs beside its frame's inside: two lines, and the numbers of its axis."""


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


def terminal_graphs(d: Divergence, width: int, *, braille: bool = True) -> str:
    """Return the curves as text, beside each other where the width allows, without colours.

    Args:
        d: the divergence.
        width: columns at most.
        braille: dots of the Braille block; plain characters where the terminal cannot show them.
    """
    drawn = curves(d)
    beside = len(drawn) if width >= 24 * len(drawn) else 1
    inside = min((width - 2 * (beside - 1)) // beside - LABELS, 40)
    panels = [_panel(curve, max(inside, 10), braille) for curve in drawn]
    rows = [panels[start : start + beside] for start in range(0, len(panels), beside)]
    return "\n\n".join(_beside(row) for row in rows)


def _panel(curve: Curve, inside: int, braille: bool) -> list[str]:
    from uniplot import plot_to_string

    margin = 0.04 * (curve.high - curve.low)
    # Cut off by hand: the plotter would join the last point inside to one far outside in a wrong direction.
    seen = [(x, y) for x, y in zip(curve.log_ratio, curve.values, strict=True) if math.isfinite(y)]
    text = plot_to_string(
        xs=[[x for x, _ in seen]],
        ys=[[min(max(y, curve.low - 9 * margin), curve.high + 9 * margin) for _, y in seen]],
        lines=[True],
        width=inside,
        height=8,
        x_min=-REACH,
        x_max=REACH,
        y_min=curve.low - margin,
        y_max=curve.high + margin,
        y_labels=False,
        color=False,
        character_set="braille" if braille else "ascii",
    )
    frame = [line.rstrip() for line in str(text).split("\n") if line.strip()]
    # Two numbers of our own: the plotter rounds its labels until two of them are equal.
    frame[1] += f" {_label(curve.high)}"
    frame[-3] += f" {_label(curve.low)}"
    return [curve.title, *frame]


def _label(x: float) -> str:
    if abs(x) < 1e-9:
        return "0"
    return f"{x:.3g}" if len(f"{x:.3g}") <= 7 else f"{x:.1g}"


def _beside(panels: list[list[str]]) -> str:
    height = max(map(len, panels))
    widths = [max(map(len, panel)) for panel in panels]
    padded = [panel + [""] * (height - len(panel)) for panel in panels]
    return "\n".join(
        "  ".join(line.ljust(width) for line, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*padded, strict=True)
    )
