"""The numbers of a report: a table of what every run scored, and the same as points to plot against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fgan.errors import FganError
from fgan.evaluation import over_runs
from fgan.evaluation.result import Measurement, Range
from fgan.experiments.result import Comparison
from fgan.reporting.html.charts import short
from fgan.reporting.html.finite import is_finite, is_number
from fgan.reporting.html.gather import Run
from fgan.reporting.html.glossary import explanation

QUALITY = ("precision", "within-3-sigma", "density", "fid")
COVERAGE = ("recall", "coverage", "modes", "kid")
"""What the scatter shows before anything is chosen: the first of each that was measured."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Args:
        name: of the run or the group.
        group, game: whose colour it has.
        seed: of a run; None for a mean over seeds.
        seeds: runs that it is a mean of.
        metrics: the numbers.
    """

    name: str
    group: str
    game: str
    seed: int | None
    seeds: int
    metrics: Mapping[str, Measurement]


@dataclass(frozen=True)
class Column:
    """One number of a table: its name, the sign that tells which way is better, its meaning and baseline."""

    name: str
    arrow: str
    meaning: str
    floor: Range | None


def run_rows(runs: Sequence[Run]) -> list[Row]:
    """Return a row for each run that was judged."""
    return [
        Row(run.name, run.group, run.game, run.config.seed, 1, run.evaluation.metrics)
        for run in runs
        if run.evaluation
    ]


def mean_rows(runs: Sequence[Run], ranking: Comparison | None) -> list[Row]:
    """Return a row for each group: the ranking's means, or those over what was judged of two seeds or more.

    None where each group is of one seed, and its run has a row of its own.
    """
    games = {run.group: run.game for run in runs}
    if ranking:
        judged = {run.group for run in runs if run.evaluation}
        if all(place.seeds == 1 and place.group in judged for place in ranking.places):
            return []
        return [
            Row(place.group, place.group, games[place.group], None, place.seeds, place.metrics)
            for place in ranking.places
            if place.group in games
        ]
    rows = []
    for group, game in games.items():
        judged = [run.evaluation for run in runs if run.group == group and run.evaluation]
        try:
            rows += [Row(group, group, game, None, len(judged), over_runs(judged))] if len(judged) > 1 else []
        except FganError:  # not held against the same: noted where the runs were read
            continue
    return rows


def columns(rows: Iterable[Row]) -> list[Column]:
    """Return a column for each number that any row has."""
    found: dict[str, Measurement] = {}
    for row in rows:
        for name, value in row.metrics.items():
            if name not in found or not found[name].floor:
                found[name] = value
    arrows = {"higher": "↑", "lower": "↓"}
    return [
        Column(
            name,
            arrows.get(value.better, f"→ {value.better}"),
            explanation(name, value.better),
            value.floor,
        )
        for name, value in found.items()
    ]


def trade_off(rows: Sequence[Row], colours: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the points of a scatter of any two numbers; None where there are not two.

    Runs are small, means over seeds large; the interval is there for both.
    """
    known = columns(rows)
    names = [
        column.name
        for column in known
        if any(is_number(row.metrics[column.name]) for row in rows if column.name in row.metrics)
    ]
    if len(names) < 2:
        return None
    x = next((name for name in QUALITY if name in names), names[0])
    y = next((name for name in COVERAGE if name in names and name != x), next(n for n in names if n != x))
    points = [
        {
            "name": row.name,
            "color": colours[row.game],
            "mean": row.seed is None,
            "meta": {"groups": [row.group]} if row.seed is None else {"group": row.group, "seed": row.seed},
            "metrics": {name: _triple(found) for name, found in row.metrics.items() if is_number(found)},
        }
        for row in rows
    ]
    floors = {
        column.name: _triple(column.floor) for column in known if column.floor and is_finite(column.floor)
    }
    axes = [(column.name, f"{column.name} {column.arrow}") for column in known if column.name in names]
    return {"x": x, "y": y, "axes": axes, "points": points, "floors": floors}


def _triple(found: Range) -> list[float]:
    return [short(found.value), short(found.low), short(found.high)]
