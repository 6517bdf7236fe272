"""Which rows make the tables differ: rows of one that the other has far fewer of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fgan.auditing.fields import Field, Tables, spelled
from fgan.estimation.designs.two_samples import TwoSamples
from fgan.estimation.result import Estimate
from fgan.evaluation.jackknife import proportion

TAIL = 0.05
"""Share of a table's rows that are least like the other table."""
MOST_ROWS = 5
"""Different rows that are shown of each table."""


@dataclass(frozen=True)
class Row:
    """A row of one table that the other has fewer of.

    Args:
        place: where it is, such as "line 17".
        count: rows of the table that look the same.
        times: how many times as frequent such rows are as in the other table, by the classifier.
        capped: whether it may be more: so few rows show no larger ratio.
        values: its cells, by column.
    """

    place: str
    count: int
    times: float
    capped: bool
    values: Mapping[str, str]


@dataclass(frozen=True)
class Drivers:
    """The rows of one table that are least like the other one.

    Args:
        table: the name of the table.
        rows_of: number of these rows.
        share: their share in their own table.
        other, other_interval: the share of the other table's rows that look as unlike it, with its 95% interval.
        rows: the most extreme ones, different from each other.
    """

    table: str
    rows_of: int
    share: float
    other: float
    other_interval: tuple[float, float]
    rows: tuple[Row, ...]


def driving_rows(found: Estimate, tables: Tables, folds: int, seed: int) -> tuple[Drivers, ...]:
    """Return the rows that drive a divergence, of the first table and of the second.

    Every row is scored by the critic that it did not train: log(p/q), high where the first table has more such rows.

    Args:
        found: the estimate of both whole tables.
        tables: the tables.
        folds, seed: of the estimate.
    """
    if found.source.held_out is None:
        return ()
    inputs = found.source.inputs
    order = TwoSamples(inputs.first, inputs.second, folds, seed).reported
    scores = []
    for side, rows in zip(found.source.held_out, order, strict=True):
        placed = torch.empty_like(side.log_ratio)
        placed[rows] = side.log_ratio
        scores.append(placed.numpy())
    return tuple(_of_side(tables, side, scores) for side in (0, 1))


def _of_side(tables: Tables, side: int, scores: list[NDArray[np.float64]]) -> Drivers:
    mine, theirs = (scores[0], scores[1]) if side == 0 else (-scores[1], -scores[0])
    threshold = np.sort(mine)[-max(1, round(TAIL * len(mine)))]
    tail = mine >= threshold
    other = proportion(torch.from_numpy(theirs >= threshold))
    half = 1.96 * other.standard_error
    interval = max(0.0, other.value - half), min(1.0, other.value + half)
    rows = _different(tables, side, mine, np.flatnonzero(tail), math.log(len(theirs)) / 2)
    return Drivers(tables.called.all[side], int(tail.sum()), float(tail.mean()), other.value, interval, rows)


def _different(
    tables: Tables, side: int, mine: NDArray[np.float64], tail: NDArray[np.int64], most: float
) -> tuple[Row, ...]:
    """Return the most extreme rows; those that look the same are one, with their number."""
    fields = [one for one in tables.fields if one.kind != "changed"]
    compared = [one for one in fields if one.kind != "identifier"]
    kept: dict[tuple[str, ...], list[int]] = {}
    for row in tail[np.argsort(-mine[tail], kind="stable")].tolist():
        look = tuple(_cell(one, side, row) for one in compared)
        if look in kept or len(kept) < MOST_ROWS:
            kept.setdefault(look, []).append(row)
    return tuple(
        Row(
            tables.places[side](rows[0]),
            len(rows),
            math.exp(min(float(mine[rows[0]]), most)),
            bool(mine[rows[0]] > most),
            {one.name: _cell(one, side, rows[0]) for one in fields},
        )
        for rows in kept.values()
    )


def _cell(field: Field, side: int, row: int) -> str:
    return "(missing)" if field.missing[side][row] else spelled(field.cells[side][row], field)
