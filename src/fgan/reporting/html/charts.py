"""The charts of a report, as Plotly's own traces and layouts; the page gives them their theme and size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.divergences import Divergence
from fgan.evaluation.metrics import QUANTITIES
from fgan.evaluation.result import Measurement
from fgan.experiments.result import Comparison
from fgan.reporting.graphs import REACH, curves
from fgan.reporting.html.finite import is_finite
from fgan.reporting.html.gather import Run

Trace = dict[str, Any]
Column = NDArray[np.float64]

POINTS = 300
"""Of a curve, at most."""
NUMBERS = 100_000
"""Of all curves together: the page stays a few megabytes however many runs it shows."""
SHOWN = ("bound", "critic_loss", "generator_loss")
"""The curves that are shown before anything is chosen."""
MEANINGS = {
    "bound": "lower bound on the divergence, by the critic",
    "critic_loss": "what the critic minimises, with penalties",
    "generator_loss": "what the generator minimises",
    "true_positive_rate": "share of real samples that the critic calls real",
    "false_positive_rate": "share of generated samples that the critic calls real",
    "log_ratio_real": "mean log(p/q) on real samples, by the critic",
    "log_ratio_fake": "mean log(p/q) on generated samples, by the critic",
    "near_edge": "share of critic outputs near the edge of dom f*",
    "effective_sample_size": "effective share of the samples under the weights p/q",
    "critic_gradient_norm": "norm of the critic's gradient",
    "generator_gradient_norm": "norm of the generator's gradient",
    "learning_rate": "of the generator; the critic's is the same without --critic-lr",
}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
"""One for each way to train with the same divergence."""


@dataclass(frozen=True)
class Chart:
    """One chart.

    Args:
        key: its name in the page.
        title: what people read above it.
        meaning: in a few words.
        traces, layout: Plotly's.
        shown: whether it is there before anything is chosen.
    """

    key: str
    title: str
    meaning: str
    traces: list[Trace]
    layout: dict[str, Any]
    shown: bool = True


def training_curves(runs: Sequence[Run], colours: Mapping[str, str]) -> list[Chart]:
    """Return a chart for each logged number, and for each metric that was measured while training."""
    logs = {"": [run.metrics for run in runs], "judged": [run.judged for run in runs]}
    names = dict.fromkeys((kind, name) for kind, log in logs.items() for one in log for name in one)
    count = sum(len(one) for log in logs.values() for one in log)
    most = max(2, min(POINTS, NUMBERS // max(count, 1)))
    styles = dashes(runs)
    charts = []
    for kind, name in names:
        traces = [
            {
                **thinned(log["step"], log[name], most),
                "name": run.name,
                "mode": "lines+markers" if kind or len(log["step"]) == 1 else "lines",
                "line": {"color": colours[run.game], "width": 1.6, "dash": styles[run.group]},
                "meta": meta(run),
            }
            for run, log in zip(runs, logs[kind], strict=True)
            if name != "step" and name in log and np.isfinite(log[name]).any()
        ]
        if traces:
            title = f"{name} during training" if kind else name.replace("_", " ")
            meaning = QUANTITIES[name].meaning if kind and name in QUANTITIES else MEANINGS.get(name, "")
            layout = {"xaxis": {"title": {"text": "step"}, "tickformat": ",d"}, "yaxis": window(traces)}
            charts.append(Chart(f"{kind}{name}", title, meaning, traces, layout, bool(kind) or name in SHOWN))
    return sorted(charts, key=lambda chart: SHOWN.index(chart.key) if chart.key in SHOWN else len(SHOWN))


def meta(run: Run) -> dict[str, Any]:
    """Return what the page hides and shows a run by."""
    return {"group": run.group, "seed": run.config.seed}


def dashes(runs: Sequence[Run]) -> dict[str, str]:
    """Return a line style for each group: another for each way to train with the same divergence."""
    ways: dict[str, list[str]] = {}
    for run in runs:
        siblings = ways.setdefault(run.game, [])
        if run.group not in siblings:
            siblings.append(run.group)
    return {
        group: DASHES[place % len(DASHES)]
        for siblings in ways.values()
        for place, group in enumerate(siblings)
    }


def thinned(steps: Column, values: Column, most: int) -> Trace:
    """Return a curve of at most so many points, each the mean of as many logged ones as it replaces.

    A logged value is itself a mean since the one before, so this is the curve of a run that logged less often.

    >>> thinned(np.array([10, 20, 30, 40]), np.array([1.0, 2.0, np.nan, 4.0]), 2)
    {'y': [1.5, 4.0], 'x0': 20, 'dx': 20}
    """
    every = math.ceil(len(steps) / most)
    ends = np.arange(len(steps), 0, -every)[::-1]
    starts = np.concatenate([[0], ends[:-1]])
    known = np.isfinite(values)
    sums, counts = (np.add.reduceat(part, starts) for part in (np.where(known, values, 0.0), known * 1.0))
    y = [short(total / count) if count else None for total, count in zip(sums, counts, strict=True)]
    x = [int(step) for step in steps[ends - 1]]
    gaps = set(np.diff(x).tolist())
    if len(gaps) == 1:  # two numbers in place of as many as there are points
        return {"y": y, "x0": x[0], "dx": gaps.pop()}
    return {"y": y, "x": x}


def short(value: float) -> float:
    """Round to four digits, more than a pixel can show."""
    return float(f"{value:.4g}")


def window(traces: Sequence[Trace]) -> dict[str, Any]:
    """Return an axis that shows all values, but for outliers that would squash the rest; a double click shows these.

    >>> window([{"y": [float(k % 10) for k in range(200)] + [1e9]}])["range"]
    [-0.45, 9.45]
    >>> window([{"y": [1.0, 2.0]}])
    {}
    """
    values = sorted(value for trace in traces for value in trace["y"] if value is not None)
    low, high = values[len(values) // 100], values[-1 - len(values) // 100]
    margin = 0.05 * (high - low)
    if margin and max(values[-1] - high, low - values[0]) > 2 * (high - low):
        return {"range": [short(low - margin), short(high + margin)]}
    return {}


def graphs_of(
    divergences: Mapping[str, Divergence], groups: Mapping[str, list[str]], colours: Mapping[str, str]
) -> list[Chart]:
    """Return the graphs of f, T and w, every divergence in each of them.

    Args:
        divergences: by name.
        groups: of runs that have this divergence; a graph is hidden with the last of them.
        colours: by name.
    """
    found: dict[str, list[Trace]] = {}
    frames: dict[str, list[tuple[float, float]]] = {}
    for name, d in divergences.items():
        for curve in curves(d, 121 if d.smooth else 1201):
            frames.setdefault(curve.title, []).append((curve.low, curve.high))
            low, high = 2 * curve.low - curve.high, 2 * curve.high - curve.low
            found.setdefault(curve.title, []).append(
                {
                    "x0": -REACH,
                    "dx": 2 * REACH / (len(curve.values) - 1),
                    # What runs far outside the frame only adds digits to the file.
                    "y": [short(min(max(value, 10 * low), 10 * high)) for value in curve.values],
                    "name": name,
                    "mode": "lines",
                    "line": {"color": colours[name], "width": 2},
                    "meta": {"groups": groups[name]},
                }
            )
    ticks = (0.05, 0.2, 0.5, 1, 2, 5, 20)
    x = {
        "title": {"text": "u = p/q"},
        "tickvals": [math.log(u) for u in ticks],
        "ticktext": [f"{u:g}" for u in ticks],
    }
    charts = []
    for place, (title, traces) in enumerate(found.items()):
        low, high = min(frame[0] for frame in frames[title]), max(frame[1] for frame in frames[title])
        margin = 0.04 * (high - low)
        layout = {"xaxis": x, "yaxis": {"range": [short(low - margin), short(high + margin)]}}
        charts.append(Chart(f"graph{place}", title, GRAPHS[place], traces, layout))
    return charts


GRAPHS = (
    "the cost of a ratio u",
    "the output of the best critic",
    "the weight of a ratio u in the gradient of the saturating generator loss",
)


def ranking_chart(ranking: Comparison, games: Mapping[str, str], colours: Mapping[str, str]) -> Chart:
    """Return the mean of each group with its interval, the best on top, and the real-vs-real baseline."""
    traces: list[Trace] = []
    for place in ranking.places:
        found = place.metrics[ranking.by]
        if not is_finite(found):
            continue
        traces.append(
            {
                "x": [found.value],
                "y": [place.group],
                "error_x": _error(found),
                "name": place.group,
                "mode": "markers",
                "marker": {"color": colours[games[place.group]], "size": 10},
                "meta": {"groups": [place.group]},
            }
        )
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": f"{ranking.by}, {QUANTITIES[ranking.by].better} is better"}},
        "yaxis": {"autorange": "reversed", "type": "category"},
        "height": 80 + 30 * len(ranking.places),
    }
    floor = ranking.places[0].metrics[ranking.by].floor
    if floor and is_finite(floor):
        layout["shapes"] = [
            {"type": "rect", "x0": floor.low, "x1": floor.high, "yref": "paper", "y0": 0, "y1": 1,
             "fillcolor": "#88888833", "line": {"width": 0}},
            {"type": "line", "x0": floor.value, "x1": floor.value, "yref": "paper", "y0": 0, "y1": 1,
             "line": {"color": "#888888", "width": 1, "dash": "dot"}},
        ]  # fmt: skip
    return Chart("ranking", "", "", traces, layout)


def _error(found: Measurement) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [short(found.high - found.value)],
        "arrayminus": [short(found.value - found.low)],
        "thickness": 1.2,
        "width": 4,
    }
