"""The chart of precision against recall: the frontier of each run that was judged, with its band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fgan.reporting.html.charts import Chart, Trace, dashes, meta, short
from fgan.reporting.html.gather import Run

GREY = "#8a8f98"


def frontier_chart(runs: Sequence[Run], colours: Mapping[str, str]) -> Chart | None:
    """Return the frontiers of runs, and that of real samples; None where no run has one."""
    styles = dashes(runs)
    bands, lines = list[Trace](), list[Trace]()
    floor: Trace | None = None
    for run in runs:
        found = run.evaluation and run.evaluation.frontier
        if not found:
            continue
        about = {"name": run.name, "meta": meta(run)}
        bands.append(about | _band(found, colours[run.game]))
        line = {"color": colours[run.game], "width": 2, "dash": styles[run.group]}
        lines.append(about | _line(found["slope"], found["precision"]) | {"line": line})
        if floor is None and found["floor"]:
            floor = _line(found["slope"], found["floor"]["precision"]) | {
                "name": "real samples",
                "line": {"color": GREY, "width": 1.4, "dash": "dot"},
                "meta": {"groups": [None]},
            }
    if not lines:
        return None
    axis = {"range": [0, 1.02]}
    layout = {"xaxis": axis | {"title": {"text": "recall"}}, "yaxis": axis | {"title": {"text": "precision"}}}
    return Chart("frontier", "", "", [*bands, *([floor] if floor else []), *lines], layout)


def _line(slope: Sequence[float], precision: Sequence[float]) -> Trace:
    recall = [short(one / at) for one, at in zip(precision, slope, strict=True)]
    return {"x": recall, "y": list(precision), "mode": "lines"}


def _band(found: Mapping[str, Any], colour: str) -> Trace:
    low, high = (_line(found["slope"], found[name]) for name in ("low", "high"))
    return {
        "x": low["x"] + high["x"][::-1],
        "y": low["y"] + high["y"][::-1],
        "mode": "lines",
        "fill": "toself",
        "fillcolor": f"{colour}26",
        "line": {"width": 0},
        "hoverinfo": "skip",
    }
