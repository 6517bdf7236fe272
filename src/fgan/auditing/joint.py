"""The divergence of the joint distributions, with the real-vs-real baseline."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.auditing.chance import LEVEL, of_all
from fgan.auditing.fields import ANOTHER, Field, Tables
from fgan.divergences import divergence as divergence_named
from fgan.estimation.estimate import estimate
from fgan.estimation.inputs.read import FEWEST, Array
from fgan.estimation.result import Estimate, Estimates
from fgan.evaluation.jackknife import proportion
from fgan.output import silent

PERMUTATIONS = 999
NORMAL = 1.96
"""Half of a 95% interval, in standard errors."""
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Distance:
    """The divergence between two sets of rows.

    Args:
        divergence: its name.
        value, interval: the estimate and its 95% confidence interval.
        lower_bound: the divergence is at least this with 95% confidence; None without a critic.
        accuracy: held-out accuracy of a classifier that distinguishes the two sets; ½ is chance.
        accuracy_interval: 95% confidence interval of the accuracy.
        p_value: of the permutation test that both distributions are the same; uncorrected.
        n: number of rows of both sets.
        method: method of `fgan.estimate`.
        warnings: warnings of the estimate.
        largest: the largest possible value of the divergence; None if it is unbounded.
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


@dataclass(frozen=True)
class Joint:
    """The real table against the synthetic one, and the real-vs-real baseline.

    Args:
        synthetic: the real table against the synthetic one.
        floor: the baseline: real rows against other real rows; None if there are too few.
        floor_of: which rows the baseline compares.
        corrected: the p-value, corrected for all questions of the audit.
        merged: columns whose rare categories were merged.
    """

    synthetic: Distance
    floor: Distance | None
    floor_of: str
    corrected: float
    merged: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the tables differ by more than chance explains."""
        return self.corrected <= LEVEL


def compare_jointly(tables: Tables, divergence: str, seed: int) -> Joint | None:
    """Estimate the divergence of the two tables, and the real-vs-real baseline; None without comparable columns.

    The baseline compares the real table with held-out rows, or else its two halves, using as many rows as the tables.
    """
    fields = tables.compared
    if not fields:
        return None
    parts, floor_of = _floor_rows(tables, seed)
    fewest = min(sum(map(len, parts)), *tables.rows[:2])
    words = {field.name: field.common_words(fewest) for field in fields if field.kind == "category"}
    merged = tuple(name for name, known in words.items() if known is not None)

    def between(first: tuple[int, Rows | None], second: tuple[int, Rows | None]) -> Distance:
        sides = [_encoded(fields, table, rows, words) for table, rows in (first, second)]
        kinds = {
            name: "category" if cells.dtype.kind == "U" else "number" for name, cells in sides[0].items()
        }
        return _distance(sides, kinds, divergence, seed)

    found = between((0, None), (1, None))
    floor = None
    if min(map(len, parts)) >= FEWEST:
        floor = between((0, parts[0]), (2 if len(tables.rows) > 2 else 0, parts[1]))
    return Joint(found, floor, floor_of, of_all(found.p_value), merged)


def _floor_rows(tables: Tables, seed: int) -> tuple[tuple[Rows, Rows], str]:
    random = np.random.default_rng(seed)
    order = random.permutation(tables.rows[0])
    if len(tables.rows) > 2:
        other = random.permutation(tables.rows[2])[: tables.rows[1]]
        return (order, other), "real rows against held-out rows"
    half = len(order) // 2
    return (order[:half], order[half : 2 * half]), "one half of the real rows against the other"


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


def _distance(sides: list[dict[str, Array]], kinds: dict[str, Any], divergence: str, seed: int) -> Distance:
    found = estimate(
        sides[0],
        sides[1],
        [divergence, "total-variation"],
        permutations=PERMUTATIONS,
        kinds=kinds,
        seed=seed,
        say=silent,
    )
    assert isinstance(found, Estimates), "two divergences were asked for"
    one = found[_name_in(found, divergence)]
    accuracy, interval = _accuracy(one, found["total-variation"])
    assert one.p_value is not None, "the test was asked for"
    return Distance(
        one.divergence,
        one.value,
        one.interval,
        one.lower_bound,
        accuracy,
        interval,
        one.p_value,
        (one.n_p, one.n_q),
        one.method,
        tuple(map(_told, one.warnings)),
        _largest(one.divergence),
    )


def _told(warning: str) -> str:
    """Return a warning of `fgan.estimate` in the audit's terms, without flags that `fgan.audit` lacks."""
    kept = warning.partition(" For a time series set blocks=")[0]
    return re.sub(r"\bQ\b", "the synthetic table", re.sub(r"\bP\b", "the real table", kept))


def _largest(name: str) -> float | None:
    one = divergence_named(name)
    most = one.f_at_zero + one.slope_at_infinity
    return most if math.isfinite(most) else None


def _name_in(found: Estimates, divergence: str) -> str:
    return divergence if divergence in found else next(iter(found))


def _accuracy(found: Estimate, total_variation: Estimate) -> tuple[float, tuple[float, float]]:
    """Return the critics' held-out accuracy; without critics, ½ (1 + total variation)."""
    if found.source.held_out is None:
        low, high = total_variation.interval
        return (1 + total_variation.value) / 2, ((1 + low) / 2, (1 + high) / 2)
    on_p, on_q = (side.log_ratio for side in found.source.held_out)
    sides = [proportion(on_p > 0), proportion(on_q < 0)]
    ties = [float((side == 0).double().mean()) / 2 for side in (on_p, on_q)]
    value = (sides[0].value + ties[0] + sides[1].value + ties[1]) / 2
    half = NORMAL * float(np.hypot(sides[0].standard_error, sides[1].standard_error)) / 2
    return value, (max(0.0, value - half), min(1.0, value + half))
