"""Which rows make the tables differ: rows of one that the other has far fewer of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
Rows = NDArray[np.int64]


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


def driving_rows(
    found: Estimate, tables: Tables, folds: int, seed: int, chosen: Sequence[Rows | None] = (None, None)
) -> tuple[Drivers, ...]:
    """Return the rows that drive a divergence, of the first table and of the second.

    Every row is scored by the critic that it did not train: log(p/q), high where the first table has more such rows.

    Args:
        found: the estimate of both tables.
        tables: the tables.
        folds, seed: of the estimate.
        chosen: rows of each table that were estimated from; None for all.
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
    return tuple(_of_side(tables, side, scores, chosen[side]) for side in (0, 1))


def _of_side(tables: Tables, side: int, scores: list[NDArray[np.float64]], chosen: Rows | None) -> Drivers:
    mine, theirs = (scores[0], scores[1]) if side == 0 else (-scores[1], -scores[0])
    threshold = np.sort(mine)[-max(1, round(TAIL * len(mine)))]
    tail = mine >= threshold
    other = proportion(torch.from_numpy(theirs >= threshold))
    half = 1.96 * other.standard_error
    interval = max(0.0, other.value - half), min(1.0, other.value + half)
    order = np.flatnonzero(tail)[np.argsort(-mine[tail], kind="stable")]
    places = order if chosen is None else chosen[order]
    rows = _different(tables, side, places, mine[order], math.log(len(theirs)) / 2)
    return Drivers(tables.called.all[side], int(tail.sum()), float(tail.mean()), other.value, interval, rows)


def _different(
    tables: Tables, side: int, places: Rows, scores: NDArray[np.float64], most: float
) -> tuple[Row, ...]:
    """Return the most extreme rows; those that look the same are one, with their number.

    Args:
        tables: the tables.
        side: which of them.
        places, scores: its rows, the most extreme first, and their log-ratios.
        most: the largest log-ratio that is shown.
    """
    fields = [one for one in tables.fields if one.kind != "changed"]
    compared = [one for one in fields if one.kind != "identifier"]
    kept: dict[tuple[str, ...], list[tuple[int, float]]] = {}
    for row, score in zip(places.tolist(), scores.tolist(), strict=True):
        look = tuple(_cell(one, side, row) for one in compared)
        if look in kept or len(kept) < MOST_ROWS:
            kept.setdefault(look, []).append((row, score))
    return tuple(
        Row(
            tables.places[side](alike[0][0]),
            len(alike),
            math.exp(min(alike[0][1], most)),
            alike[0][1] > most,
            {one.name: _cell(one, side, alike[0][0]) for one in fields},
        )
        for alike in kept.values()
    )


def _cell(field: Field, side: int, row: int) -> str:
    return "(missing)" if field.missing[side][row] else spelled(field.cells[side][row], field)
