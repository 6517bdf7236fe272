"""Usefulness of a synthetic table: does training on it predict a column as well as training on real rows?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.auditing.fields import Field, Tables
from fgan.errors import DataError, did_you_mean
from fgan.evaluation.jackknife import Jackknife, folds, group_of, student

FEWEST = 50
MODELS = 5
"""Of each table, on bootstrap samples of its rows: how far their scores spread is what chance in these rows makes."""


@dataclass(frozen=True)
class Score:
    """A score with its 95% interval."""

    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Usefulness:
    """How well models trained on synthetic and on real rows predict a column of held-out real rows.

    Args:
        target: the column.
        score: "balanced accuracy" for categories (the mean recall over classes), "R²" for numbers.
        synthetic, real: scores after training on equally many synthetic and real rows, on the same held-out rows.
        difference: synthetic minus real.
        guess: the score of a constant prediction.
        trained_on, tested_on: number of rows.
        constant: whether all held-out rows have the same target, so that no score is meaningful.
    """

    target: str
    score: str
    synthetic: Score
    real: Score
    difference: Score
    guess: float
    trained_on: int
    tested_on: int
    constant: bool = False


def checked_target(target: str | None, tables: Tables) -> Field | None:
    """Return the column that is to be predicted.

    Raises:
        DataError: where there is no such column, or none that can be predicted; without held-out rows.
    """
    if target is None:
        return None
    names = [field.name for field in tables.fields]
    if target not in names:
        raise DataError(
            f"--target must be a column of the tables ({', '.join(names)}); got "
            f'"{target}".{did_you_mean(target, names)}'
        )
    field = tables.fields[names.index(target)]
    if field.kind not in ("number", "category"):
        why = "an identifier" if field.kind == "identifier" else f"changed ({field.why})"
        raise DataError(
            f'--target must be a number or a category; "{target}" is {why}. Choose another column.'
        )
    if len(tables.rows) < 3:
        raise DataError(
            "--target needs --held-out: real rows that the generator has not seen. On training rows, copies "
            "would look useful."
        )
    return field


def usefulness(tables: Tables, target: Field, seed: int) -> Usefulness:
    """Train on synthetic and on real rows, and test both on held-out ones.

    Both train on as many rows, by scikit-learn's boosted trees: five of each table, on bootstrap samples of its rows,
    whose spread counts in the intervals.

    Args:
        tables: real, synthetic and held-out rows.
        target: the column that is predicted.
        seed: decides rows and bootstrap samples.

    Raises:
        DataError: for fewer than 50 rows of a table that have the target.
    """
    random = np.random.default_rng(seed)
    rows = [np.flatnonzero(~gone) for gone in target.missing]
    for name, some in zip(tables.sources, rows, strict=True):
        if len(some) < FEWEST:
            raise DataError(
                f'"{target.name}" has a value in only {len(some)} rows of {name}; a score needs at least '
                f"{FEWEST}."
            )
    n = min(len(rows[0]), len(rows[1]))
    chosen = [random.permutation(some)[: n if table < 2 else None] for table, some in enumerate(rows)]
    others = [field for field in tables.compared if field.name != target.name]
    x = [_inputs(others, table, some) for table, some in enumerate(chosen)]
    y = [target.cells[table][some] for table, some in enumerate(chosen)]
    classes = target.kind == "category"
    score = _balanced if classes else _r_squared

    def of(side: int) -> tuple[Jackknife, float]:
        """Return the mean score of models of bootstrap samples of a table's rows, and how far they spread."""
        found = []
        for _ in range(MODELS):
            again = random.integers(0, n, n)
            made = _predicted(x[side][again], y[side][again], x[2], target.kind, seed)
            found.append(score(y[2], made))
        values = np.array([[one.value, *one.without] for one in found])
        value, *without = values.mean(0).tolist()
        return Jackknife(value, tuple(without)), float(values[:, 0].std(ddof=1))

    (synthetic, spread), (real, real_spread) = of(1), of(0)
    apart = Jackknife(
        synthetic.value - real.value,
        tuple(a - b for a, b in zip(synthetic.without, real.without, strict=True)),
    )
    guess = 1 / len(np.unique(y[2])) if classes else 0.0
    return Usefulness(
        target.name,
        "balanced accuracy" if classes else "R²",
        _score(synthetic, spread),
        _score(real, real_spread),
        _score(apart, math.hypot(spread, real_spread)),
        guess,
        n,
        len(y[2]),
        len(np.unique(y[2])) == 1,
    )


def _score(found: Jackknife, spread: float) -> Score:
    """Return a score whose interval holds the chance of the rows that test and of those that train."""
    half = student(MODELS - 1, 0.95) * math.hypot(found.standard_error, spread)
    return Score(found.value, (found.value - half, found.value + half))


def _inputs(fields: list[Field], table: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    made = np.zeros((len(rows), len(fields)))
    for place, field in enumerate(fields):
        cells = field.cells[table][rows]
        if field.kind == "category":
            words, counts = np.unique(field.known(0), return_counts=True)
            found = np.searchsorted(words, cells).clip(max=max(len(words) - 1, 0))
            by_count = np.argsort(np.argsort(-counts, kind="stable")).astype(np.float64)
            cells = np.where(words[found] == cells, by_count[found], np.nan) if len(words) else np.nan
        made[:, place] = np.where(field.missing[table][rows], np.nan, cells)
    return made


def _predicted(
    x: NDArray[np.float64],
    y: NDArray[Any],
    fresh: NDArray[np.float64],
    kind: str,
    seed: int,
) -> NDArray[Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if len(np.unique(y)) == 1:  # nothing to learn
        return np.full(len(fresh), y[0])
    model = HistGradientBoostingRegressor if kind == "number" else HistGradientBoostingClassifier
    return model(random_state=seed % 2**32).fit(x, y).predict(fresh)


def _balanced(truth: NDArray[Any], predicted: NDArray[Any]) -> Jackknife:
    """Return the mean over the classes of the share that is right."""
    classes, place = np.unique(truth, return_inverse=True)
    right, group = truth == predicted, group_of(len(truth)).numpy()

    def without(left_out: int | None) -> float:
        kept = group != left_out
        of_class = np.bincount(place[kept], minlength=len(classes))
        hits = np.bincount(place[kept], right[kept], minlength=len(classes))
        return float((hits[of_class > 0] / of_class[of_class > 0]).mean())

    return folds(without)


def _r_squared(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> Jackknife:
    """Return the share of the target's variance that is explained; negative where a constant would do better."""
    group = group_of(len(truth)).numpy()

    def without(left_out: int | None) -> float:
        kept = group != left_out
        spread = float(truth[kept].var())
        return 1 - float(((truth - predicted)[kept] ** 2).mean()) / spread if spread > 0 else 0.0

    return folds(without)
