"""The curves of a divergence as text, for a terminal."""

from __future__ import annotations

import math

from fgan.divergences import Divergence
from fgan.reporting.graphs import REACH, Curve, curves

HEIGHT = 8
"""Lines inside a frame."""
LABELS = 10
"""Columns that a panel needs beside its frame's inside: two lines, and the numbers of its axis."""
BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot of a Braille character, by row and column."""


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
    margin = 0.04 * (curve.high - curve.low)
    top, bottom = curve.high + margin, curve.low - margin
    zero = math.floor(top / (top - bottom) * HEIGHT)
    cells = [["─" if row == zero else " " for _ in range(inside)] for row in range(HEIGHT)]
    for row, line in enumerate(cells):
        line[_column(0, inside)] = "┼" if row == zero else "│"
    if braille:
        bits: dict[tuple[int, int], int] = {}
        for row, column in _dots(curve, top, bottom, 4 * HEIGHT, 2 * inside):
            at = row // 4, column // 2
            bits[at] = bits.get(at, 0x2800) | BRAILLE[row % 4][column % 2]
        drawn = {at: chr(code) for at, code in bits.items()}
    else:
        drawn = dict.fromkeys(_dots(curve, top, bottom, HEIGHT, inside), "+")
    for (row, column), character in drawn.items():
        cells[row][column] = character
    labels = {0: f" {_label(curve.high)}", HEIGHT - 1: f" {_label(curve.low)}"}
    lines = [f"│{''.join(line)}│{labels.get(row, '')}" for row, line in enumerate(cells)]
    ticks = [" "] * (inside + 1)
    for x in (-2, 0, 2):
        end = _column(x, inside) + 2
        ticks[end - len(str(x)) : end] = str(x)
    return [curve.title, f"┌{'─' * inside}┐", *lines, f"└{'─' * inside}┘", "".join(ticks).rstrip()]


def _column(x: float, columns: int) -> int:
    return min(int((x + REACH) / (2 * REACH) * columns), columns - 1)


def _dots(curve: Curve, top: float, bottom: float, rows: int, columns: int) -> set[tuple[int, int]]:
    """Return the (row, column) that a curve goes through; points are at least as close as columns."""
    dots, last = set(), None
    for x, y in zip(curve.log_ratio, curve.values, strict=True):
        if not math.isfinite(y):
            last = None
            continue
        row = math.floor((top - min(max(y, bottom - top), 2 * top - bottom)) / (top - bottom) * rows)
        step = 1 if last is None or row >= last else -1
        start = row if last is None or row == last else last + step
        dots |= {(one, _column(x, columns)) for one in range(start, row + step, step) if 0 <= one < rows}
        last = row
    return dots


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
