"""The figure of an audit: the divergence of each column, and the difference in association of each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fgan.auditing.result import Audit
    from fgan.figure import Figure


def draw(found: Audit) -> Figure:
    """Return a figure of an audit; see `Audit.plot`."""
    from fgan.figure import Figure

    panels = 2 if found.pairs else 1
    height = max(3.0, 0.28 * len(found.columns) + 1.2)
    figure = Figure(figsize=(5.2 * panels, height), layout="constrained")
    _columns(figure.add_subplot(1, panels, 1), found)
    if found.pairs:
        _pairs(figure, figure.add_subplot(1, panels, 2), found)
    return figure


def _columns(axes: Axes, found: Audit) -> None:
    known = [one for one in found.columns if one.divergence is not None and one.interval is not None]
    for place, one in enumerate(reversed(known)):
        assert one.divergence is not None and one.interval is not None, "chosen so"
        colour = "tab:red" if one.differs else "tab:grey"
        axes.plot(one.interval, [place, place], color=colour, linewidth=2)
        axes.plot(one.divergence, place, "o", color=colour)
    axes.set_yticks(range(len(known)), [one.name for one in reversed(known)])
    name = found.joint.synthetic.divergence if found.joint else "divergence"
    axes.set_xlabel(f"{name}, 95% interval; red: differs")
    axes.set_title("columns")


def _pairs(figure: Figure, axes: Axes, found: Audit) -> None:
    names = list(dict.fromkeys(name for one in found.pairs for name in one.columns))
    values = np.full((len(names), len(names)), np.nan)
    for one in found.pairs:
        i, j = (names.index(name) for name in one.columns)
        values[max(i, j), min(i, j)] = one.difference
        if one.differs:
            axes.plot(min(i, j), max(i, j), "k.", markersize=4)
    picture = axes.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.set_title(f"association: {found.called.second} minus {found.called.first}; dot: differs")
    figure.colorbar(picture, ax=axes, shrink=0.7)
