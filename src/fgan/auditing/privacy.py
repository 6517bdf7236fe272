"""Search a synthetic table for leaks of real rows: copies, rows that are too close, rare combinations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from fgan.auditing.chance import LEVEL
from fgan.auditing.fields import Field, Tables
from fgan.evaluation.copying import nearest_training
from fgan.evaluation.jackknife import proportion

NOT_PROVED = (
    "These checks find some leaks but rule none out. They do not show differential privacy, which only the "
    "training method "
    "can guarantee. Other attacks may find more."
)
PERMUTATIONS = 999
MOST_WORDS = 100
"""Categories of a column that count in the distance between rows: the most frequent ones."""
MOST_SEARCHED = 10_000
"""Maximum number of synthetic rows whose nearest real row is searched."""
Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Matches:
    """How many synthetic rows occur in the real table, and how many would by chance.

    Args:
        count: synthetic rows that equal a real row.
        of: number of synthetic rows.
        distinct: number of different real rows, or combinations, that they equal.
        share: count / of.
        interval: 95% confidence interval of the share.
        floor: the baseline: the share of held-out rows that equal a real row; without held-out rows, of real rows that
            equal another one.
        floor_interval: 95% confidence interval of the baseline.
        p_value: of the hypothesis that synthetic rows equal unique real rows no more often than other real rows do
            (held-out rows, or one half of the real rows); corrected for the number of checks.
    """

    count: int
    of: int
    distinct: int
    share: float
    interval: tuple[float, float]
    floor: float
    floor_interval: tuple[float, float]
    p_value: float

    @property
    def above_chance(self) -> bool:
        """Whether there are more matches than chance explains."""
        return self.p_value <= LEVEL


@dataclass(frozen=True)
class Nearness:
    """How often the nearest real row of a synthetic row is a training row rather than a held-out row.

    Args:
        share: share of synthetic rows whose nearest real row is a training row.
        interval: 95% confidence interval of the share.
        expected: the share without memorisation: the share of training rows among all real rows.
        p_value: of the hypothesis that there is no memorisation, by exchanging training and held-out rows.
        of: number of synthetic rows that were checked.
    """

    share: float
    interval: tuple[float, float]
    expected: float
    p_value: float
    of: int

    @property
    def above_chance(self) -> bool:
        """Whether synthetic rows are closer to training rows than chance explains."""
        return self.p_value <= LEVEL


Found = TypeVar("Found", Matches, Nearness)


@dataclass(frozen=True)
class Privacy:
    """Traces of real rows in the synthetic table.

    Args:
        copies: synthetic rows that equal a real row in all columns except identifiers.
        nearness: distance to training rows against held-out rows; None without held-out rows.
        rare: synthetic rows with a combination of categories that exactly one real row has; None with fewer than two
            columns of categories.
        shared: held-out rows that equal a unique real row, by the same test; None without held-out rows.
        identifiers: by column of identifiers, synthetic values that occur in the real table.
        undecided: whether synthetic rows equal real ones and chance cannot be told from copying: without held-out rows,
            where the real rows are all different and the synthetic ones are not, as after removing repeated rows.
        not_proved: what these checks do not show.
    """

    copies: Matches
    nearness: Nearness | None
    rare: Matches | None
    identifiers: dict[str, Matches]
    shared: Matches | None = None
    undecided: bool = False
    not_proved: str = NOT_PROVED

    @property
    def overlap(self) -> bool:
        """Whether held-out rows were also training rows, which makes their results invalid."""
        return self.shared is not None and self.shared.above_chance

    @property
    def leaks(self) -> bool:
        """Whether any check found more than chance explains."""
        found = [self.nearness, *self.identifiers.values()]
        found += [] if self.undecided else [self.copies, self.rare]
        return any(one is not None and one.above_chance for one in found)


def look_for_leaks(tables: Tables, seed: int) -> Privacy:
    """Search for real rows in the synthetic table.

    If a generator memorises nothing, training and held-out rows are exchangeable: the nearest real row of a synthetic
    row is a training row as often as the share of training rows among all real rows.

    Args:
        tables: real, synthetic and perhaps held-out rows.
        seed: decides draws and permutations.

    Source: Meehan, Chaudhuri and Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative Models" (2020);
    Giomi, Boenisch, Wehmeyer and Tasnádi, "A Unified Framework for Quantifying Privacy Risk in Synthetic Data" (2023),
    for held-out rows as the control.
    """
    fields = tables.compared
    words = tables.of_kind("category")
    sides = range(len(tables.rows))
    names = [field for field in tables.of_kind("identifier") if field.types[0] == "words"]
    identifiers = {
        one.name: _matches([_rows([one], side, known=True) for side in sides], seed) for one in names
    }
    rows = [_rows(fields, side) for side in sides]
    copies = _matches(rows, seed)
    if tables.called.drift:  # rows that recur are no leak
        return Privacy(copies, None, None, identifiers)
    rare = _matches([_rows(words, side) for side in sides], seed, alone=True) if len(words) > 1 else None
    nearness = _nearness(tables, fields, seed) if len(sides) > 2 and fields else None
    checks = sum(one is not None for one in (copies, rare, nearness, *names))

    def corrected(one: Found) -> Found:
        return replace(one, p_value=min(1.0, checks * one.p_value))

    copies, rare = corrected(copies), rare and corrected(rare)
    alike = copies.above_chance or (rare is not None and rare.above_chance)
    distinct = [len(set(some)) == len(some) for some in rows]
    return Privacy(
        copies,
        nearness and corrected(nearness),
        rare,
        {name: corrected(one) for name, one in identifiers.items()},
        _matches([rows[0], rows[2]], seed) if len(sides) > 2 else None,
        undecided=alike and len(sides) == 2 and distinct[0] and not distinct[1],
    )


def _rows(fields: Sequence[Field], table: int, *, known: bool = False) -> Rows:
    """Return rows of cells, None where one is missing; of one field, only those that are known on request."""
    columns = []
    for field in fields:
        cells = field.known(table) if known else field.cells[table].astype(object)
        if not known:
            cells[field.missing[table]] = None
        columns.append(cells.tolist())
    return list(zip(*columns, strict=True))


def _matches(rows: Sequence[Rows], seed: int, *, alone: bool = False) -> Matches:
    """Count synthetic rows that are in the real table.

    The test counts those that equal a row that the real table has once: a generator that makes frequent rows too often
    copies none.

    Args:
        rows: of each table.
        seed: decides halves of the real table.
        alone: only of the real ones that occur there once.
    """
    real = Counter(rows[0])
    known = {row for row, count in real.items() if count == 1} if alone else set(real)
    hits = [row for row in rows[1] if row in known]
    if len(rows) > 2:
        others = np.array([row in known for row in rows[2]], dtype=bool)
    elif alone:  # of n rows, those that would be alone twice if their like came: Good and Turing
        twice = 2 * sum(count == 2 for count in real.values())
        others = np.arange(len(rows[0])) < twice
    else:
        others = np.array([real[row] > 1 for row in rows[0]], dtype=bool)
    share, floor = (
        proportion(torch.from_numpy(one)) for one in (np.arange(len(rows[1])) < len(hits), others)
    )
    p_value = 1.0
    if rows[1] and len(rows) > 2:
        p_value = _more_often(*rows)
    elif rows[1]:  # one half of the real rows stands in place of held-out ones, then the other
        halves = np.random.default_rng(seed).permutation(len(rows[0])) % 2
        first, second = (
            [row for row, half in zip(rows[0], halves, strict=True) if half == k] for k in (0, 1)
        )
        p_value = min(1.0, 2 * min(_more_often(first, rows[1], second), _more_often(second, rows[1], first)))
    intervals = [
        (max(0.0, one.value - 1.96 * one.standard_error), min(1.0, one.value + 1.96 * one.standard_error))
        for one in (share, floor)
    ]
    return Matches(
        len(hits), len(rows[1]), len(set(hits)), share.value, intervals[0], floor.value, intervals[1], p_value
    )


def _more_often(real: Rows, synthetic: Rows, other: Rows) -> float:
    """Return the p-value that synthetic rows equal a lone real row no oftener than other real rows do."""
    from scipy.stats import fisher_exact

    alone = {row for row, count in Counter(real).items() if count == 1}
    hits = [sum(row in alone for row in rows) for rows in (synthetic, other)]
    table = [[hits[0], len(synthetic) - hits[0]], [hits[1], len(other) - hits[1]]]
    return float(fisher_exact(table, alternative="greater").pvalue)  # pyright: ignore[reportAttributeAccessIssue]


def _nearness(tables: Tables, fields: Sequence[Field], seed: int) -> Nearness:
    random = np.random.default_rng(seed)
    points = [_points(fields, table) for table in range(3)]
    synthetic = points[1][random.permutation(len(points[1]))[:MOST_SEARCHED]]
    order = random.permutation(len(points[0]) + len(points[2]))  # so that ties say nothing
    pooled = np.concatenate([points[0], points[2]])[order]
    seen = order < len(points[0])
    _, nearest = nearest_training(torch.from_numpy(synthetic), torch.from_numpy(pooled))
    times = np.bincount(nearest[:, 0].numpy(), minlength=len(pooled)).astype(np.float64)
    share, expected = float(times[seen].sum() / times.sum()), float(seen.mean())
    shuffled = np.array(
        [times[random.permutation(len(seen))[: int(seen.sum())]].sum() for _ in range(PERMUTATIONS)]
    )
    p_value = float(1 + (shuffled / times.sum() >= share - 1e-12).sum()) / (PERMUTATIONS + 1)
    error = float(np.sqrt(((seen - share) ** 2 * times**2).sum())) / times.sum()
    interval = max(0.0, share - 1.96 * float(error)), min(1.0, share + 1.96 * float(error))
    return Nearness(share, interval, expected, p_value, len(synthetic))


def _points(fields: Sequence[Field], table: int) -> NDArray[np.float32]:
    """Return rows as points: numbers as their share of real ones below, and two categories as far as opposite ends."""
    made = []
    for field in fields:
        cells, gone = field.cells[table], field.missing[table]
        if field.kind == "number":
            ordered = np.sort(field.known(0))
            if not len(ordered):
                continue
            low, high = (np.searchsorted(ordered, cells, side) for side in ("left", "right"))
            spread = float(np.quantile(ordered, 0.75) - np.quantile(ordered, 0.25))
            spread = spread or float(ordered[-1] - ordered[0]) or 1.0
            beyond = cells - cells.clip(ordered[0], ordered[-1])  # ranks end there, distances do not...
            outside = (beyond / spread).clip(
                -1, 1
            )  # ...but one far cell must not drown all others in float32
            made.append(np.where(gone, 0.5, (low + high) / (2 * len(ordered)) + outside)[:, None])
        else:
            words, counts = np.unique(field.known(0), return_counts=True)
            words = words[np.argsort(-counts, kind="stable")[:MOST_WORDS]]
            made.append(np.float32(np.sqrt(0.5)) * ((cells[:, None] == words) & ~gone[:, None]))
        if field.lacks:
            made.append(gone[:, None])
    return np.concatenate(made, 1).astype(np.float32)
