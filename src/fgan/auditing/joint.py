"""The divergence of the joint distributions, with the real-vs-real baseline."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.auditing.accuracy import accuracy_of, corrected_bound, first_of
from fgan.auditing.chance import LEVEL, of_all
from fgan.auditing.drivers import Drivers, driving_rows
from fgan.auditing.fields import ANOTHER, Field, Tables
from fgan.auditing.names import Names
from fgan.divergences import divergence as divergence_named
from fgan.estimation.estimate import estimate
from fgan.estimation.inputs.read import FEWEST, Array
from fgan.estimation.result import Estimates
from fgan.output import silent

PERMUTATIONS = 999
FOLDS = 5
MOST_ROWS = 20_000
"""Rows of each table that the classifier of all columns sees, at most: more take minutes and gigabytes, and the standard
error of its accuracy is 0.3% already. Columns, pairs and copies use all rows."""
FAR = 0.99
"""Accuracy from which on two tables count as far apart: a classifier hardly measures how far."""
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Distance:
    """The divergence between two sets of rows.

    Args:
        divergence: its name.
        value, interval: the estimate and its 95% confidence interval.
        lower_bound: the divergence is at least this; all lower bounds of an audit hold together with 95% confidence.
            None without a critic.
        accuracy: held-out accuracy of a classifier that distinguishes the two sets; ½ is chance.
        accuracy_interval: 95% confidence interval of the accuracy.
        p_value: of the permutation test that both distributions are the same; uncorrected.
        n: number of rows of both sets.
        method: method of `fgan.estimate`.
        warnings: warnings of the estimate.
        largest: the largest possible value of the divergence; None if it is unbounded.
        shown_by: the column or the pair whose lower bound this is; "" where it is that of all columns together.
    """

    divergence: str
    value: float
    interval: tuple[float, float]
    lower_bound: float | None
    accuracy: float
    accuracy_interval: tuple[float, float]
    p_value: float
    n: tuple[int, int]
    method: str
    warnings: tuple[str, ...]
    largest: float | None
    shown_by: str = ""

    @property
    def far(self) -> bool:
        """Whether the sets hardly overlap, so that a lower bound says more than the value."""
        return self.accuracy_interval[0] > FAR or math.isinf(self.interval[1])


@dataclass(frozen=True)
class Joint:
    """The real table against the synthetic one, and the real-vs-real baseline.

    Args:
        synthetic: the real table against the synthetic one.
        floor: the baseline: real rows against other real rows; None if there are too few.
        floor_of: which rows the baseline compares.
        corrected: the p-value, corrected for all questions of the audit.
        merged: columns whose rare categories were merged.
        drivers: the rows of each table that are least like the other one; none where the tables do not differ.
        missed: whether the classifier of all columns missed a difference that a part of them shows.
        sample: which rows were compared, if not all.
    """

    synthetic: Distance
    floor: Distance | None
    floor_of: str
    corrected: float
    merged: tuple[str, ...]
    drivers: tuple[Drivers, ...] = ()
    missed: bool = False
    sample: str = ""

    @property
    def differs(self) -> bool:
        """Whether the tables differ by more than chance explains."""
        return self.corrected <= LEVEL or self.missed


def compare_jointly(tables: Tables, divergence: str, seed: int) -> Joint | None:
    """Estimate the divergence of the two tables, and the real-vs-real baseline; None without comparable columns.

    The baseline compares the real table with held-out rows, or else its two halves, using as many rows as the tables.
    Of more than `MOST_ROWS` rows, as many are chosen at random.
    """
    fields = tables.compared
    if not fields:
        return None
    rows = [_chosen(count, seed + side) for side, count in enumerate(tables.rows[:2])]
    sizes = [min(count, MOST_ROWS) for count in tables.rows[:2]]
    parts, floor_of = _floor_rows(tables, seed)
    fewest = min(sum(map(len, parts)), *sizes)
    words = {field.name: field.common_words(fewest) for field in fields if field.kind == "category"}
    merged = tuple(name for name, known in words.items() if known is not None)

    def between(first: tuple[int, Rows | None], second: tuple[int, Rows | None]) -> Estimates:
        sides = [_encoded(fields, table, rows, words) for table, rows in (first, second)]
        kinds = {
            name: "category" if cells.dtype.kind == "U" else "number" for name, cells in sides[0].items()
        }
        return _estimates(sides, kinds, divergence, seed)

    found = between((0, rows[0]), (1, rows[1]))
    distance = _distance(found, divergence, tables.called)
    floor = None
    if min(map(len, parts)) >= FEWEST:
        floor = _distance(
            between((0, parts[0]), (2 if len(tables.rows) > 2 else 0, parts[1])), divergence, tables.called
        )
    corrected = of_all(distance.p_value)
    drivers = driving_rows(first_of(found), tables, FOLDS, seed, rows) if corrected <= LEVEL else ()
    return Joint(distance, floor, floor_of, corrected, merged, drivers, sample=_sample_in_words(tables, rows))


def _chosen(count: int, seed: int) -> Rows | None:
    """Return random rows, in their order; None for all."""
    if count <= MOST_ROWS:
        return None
    return np.sort(np.random.default_rng(seed).permutation(count)[:MOST_ROWS])


def _sample_in_words(tables: Tables, rows: Sequence[Rows | None]) -> str:
    """Say which rows were compared; nothing if all were."""
    names = zip(tables.called.all, tables.rows, rows, strict=False)
    sides = [f"{len(some):,} of {count:,} {name} rows" for name, count, some in names if some is not None]
    if not sides:
        return ""
    return (
        f"All columns together, and the rows that drive their difference: {' and '.join(sides)}, chosen at random. "
        "Columns, pairs and copies use all rows."
    )


def _floor_rows(tables: Tables, seed: int) -> tuple[tuple[Rows, Rows], str]:
    random, called = np.random.default_rng(seed), tables.called
    order = random.permutation(tables.rows[0])
    if len(tables.rows) > 2:
        other = random.permutation(tables.rows[2])[: min(tables.rows[1], MOST_ROWS)]
        return (order[:MOST_ROWS], other), f"{called.first} rows against {called.held_out} rows"
    half = min(len(order) // 2, MOST_ROWS)
    return (order[:half], order[half : 2 * half]), f"one half of the {called.first} rows against the other"


def _encoded(
    fields: Sequence[Field], table: int, rows: Rows | None, words: Mapping[str, Array | None]
) -> dict[str, Array]:
    """Return columns without missing cells: a missing number is 0 and has a column that says so, a missing word is one.

    Numbers are filled with the median of the real ones, so that a missing one says nothing but that it is missing.
    """
    made: dict[str, Array] = {}
    for field in fields:
        cells, gone = field.cells[table], field.missing[table]
        if rows is not None:
            cells, gone = cells[rows], gone[rows]
        if field.kind == "number":
            middle = float(np.median(field.known(0))) if len(field.known(0)) else 0.0
            made[field.name] = np.where(gone, middle, cells)
            if field.lacks:
                made[_apart(f"{field.name} (missing)", fields)] = np.where(gone, "yes", "no")
            continue
        known = words[field.name]
        kept = cells if known is None else np.where(np.isin(cells, known), cells, ANOTHER)
        made[field.name] = np.where(gone, "(missing)", kept) if field.lacks else kept
    return made


def _apart(name: str, fields: Sequence[Field]) -> str:
    while any(field.name == name for field in fields):
        name += "'"
    return name


def _estimates(sides: list[dict[str, Array]], kinds: dict[str, Any], divergence: str, seed: int) -> Estimates:
    found = estimate(
        sides[0],
        sides[1],
        [divergence, "total-variation"],
        folds=FOLDS,
        permutations=PERMUTATIONS,
        kinds=kinds,
        seed=seed,
        say=silent,
    )
    assert isinstance(found, Estimates), "two divergences were asked for"
    return found


def _distance(found: Estimates, divergence: str, called: Names) -> Distance:
    one = first_of(found)
    accuracy = accuracy_of(one, found["total-variation"])
    assert one.p_value is not None, "the test was asked for"
    return Distance(
        one.divergence,
        one.value,
        one.interval,
        corrected_bound(one, 1),
        accuracy.value,
        accuracy.interval,
        one.p_value,
        (one.n_p, one.n_q),
        one.method,
        tuple(_told(warning, called) for warning in one.warnings),
        _largest(one.divergence),
    )


def _told(warning: str, called: Names) -> str:
    """Return a warning of `fgan.estimate` in the audit's terms, without flags that `fgan.audit` lacks."""
    kept = warning.partition(" For a time series set blocks=")[0]
    return re.sub(r"\b[PQ]\b", lambda side: called.the_first if side[0] == "P" else called.the_second, kept)


def _largest(name: str) -> float | None:
    one = divergence_named(name)
    most = one.f_at_zero + one.slope_at_infinity
    return most if math.isfinite(most) else None
