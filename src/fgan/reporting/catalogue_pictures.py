"""The pictures of docs/reference/catalogue.md: f, T and w of every entry, the same bytes on every run."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fgan.divergences import Divergence
from fgan.reporting.graphs import REACH, Curve, curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE: Any = {
    "svg.hashsalt": "fgan",
    "svg.fonttype": "none",  # text stays text: small files
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
FONT = "'DejaVu Sans', sans-serif"
POINTS = 61
FEWER_POINTS = 41
STEP_POINTS = 1201
"""Enough for a step to look like one; its flat parts cost nothing."""
MOST = 5
"""Members of a family in one picture."""


def draw(members: Sequence[Divergence], path: Path) -> None:
    """Draw f, T and w of one divergence, or of the members of a family, beside each other as an SVG file.

    Args:
        members: one divergence, or several that share a picture.
        path: the file to write.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    members = _spread(members)
    drawn = [_curves(member, POINTS if len(members) <= 3 else FEWER_POINTS) for member in members]
    panels = max(map(len, drawn))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.4 * panels, 2.7), layout="constrained")
        FigureCanvasSVG(figure)
        for column in range(panels):
            axes = figure.add_subplot(1, panels, column + 1)
            shown = [(m, c[column]) for m, c in zip(members, drawn, strict=True) if column < len(c)]
            low = min(curve.low for _, curve in shown)
            high = max(curve.high for _, curve in shown)
            for place, (member, curve) in enumerate(shown):
                _line(axes, curve, member.name, f"C{place}", (2 * low - high, 2 * high - low))
            _frame(axes, shown[0][1].title, low, high)
            if column == 0 and len(members) > 1:
                axes.legend(frameon=False, fontsize=8, loc="best")
        save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a small SVG file, the same bytes each time; draw and save it under STYLE."""
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_smaller(written.getvalue()), encoding="utf-8")


def _spread(members: Sequence[Divergence]) -> Sequence[Divergence]:
    """Return at most MOST of them, the first and the last among these."""
    if len(members) <= MOST:
        return members
    return [members[round(place * (len(members) - 1) / (MOST - 1))] for place in range(MOST)]


def _smaller(svg: str) -> str:
    """Return the same picture in fewer bytes: tenths of a point, the font named once, no indentation."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"(\d\.\d)\d+", r"\1", svg)
    svg = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", svg)
    svg = svg.replace(f"font-family: {FONT}; ", "").replace("<svg ", f'<svg font-family="{FONT}" ', 1)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    return re.sub(r"\n([LCQz])", r"\1", svg)


def _curves(d: Divergence, points: int) -> list[Curve]:
    if d.smooth:
        return curves(d, points)
    return [curves(d, points)[0], curves(d, STEP_POINTS)[1]]


def _line(axes: Axes, curve: Curve, name: str, color: str, cut: tuple[float, float]) -> None:
    # What runs far outside the frame, or flat, only adds digits to the file.
    y = [min(max(value, cut[0]), cut[1]) for value in curve.values]
    last = len(y) - 1
    kept = [i for i in range(len(y)) if i in (0, last) or not y[i - 1] == y[i] == y[i + 1]]
    axes.plot(
        [curve.log_ratio[i] for i in kept], [y[i] for i in kept], label=name, color=color, linewidth=1.8
    )


def _frame(axes: Axes, title: str, low: float, high: float) -> None:
    margin = 0.04 * (high - low)
    axes.set_xlim(-REACH, REACH)
    axes.set_ylim(low - margin, high + margin)
    axes.axvline(0, color="0.85", linewidth=0.8, zorder=0)
    axes.axhline(0, color="0.85", linewidth=0.8, zorder=0)
    axes.set_title(title)
    axes.set_xlabel("log u")
