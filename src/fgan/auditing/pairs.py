"""Compare the association of each pair of columns, independently of the columns' own distributions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fgan.auditing.chance import LEVEL, of_all
from fgan.auditing.fields import Field, Tables
from fgan.auditing.pair_divergence import pair_divergences
from fgan.divergences import Divergence
from fgan.evaluation.jackknife import GROUPS, Jackknife

LEVELS = 7
"""Bins of numbers, and categories that are kept apart: at most."""
ROWS_A_CELL = 5
"""Rows that a cell of two columns has at least, on average."""
PERMUTATIONS = 199
ROUNDS = 6
"""Of fitting margins, after which these are right to a thousandth where two tables are nearly alike."""
NORMAL = 1.96
"""Half of a 95% interval, in standard errors."""
CLEAR = 4.0
"""Standard errors from which on a difference of rank correlations is shown rather than one of Cramér's V."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class PairAudit:
    """The association of two columns in the real and in the synthetic table.

    Args:
        columns: the two columns.
        measure: "rank correlation" (Spearman's) or "Cramér's V" (of bins, bias-corrected). For two numbers, the former
            if it clearly differs, otherwise the measure that differs more.
        real, synthetic: the association in the first and in the second table.
        difference: second minus first.
        interval: 95% confidence interval of the difference.
        corrected: p-value of the test of equal association, corrected for all comparisons.
        real_interval, synthetic_interval: 95% confidence intervals of the associations.
        divergence: divergence of both columns together, as far as at most eight levels of each show it.
        divergence_interval: its 95% confidence interval.
        lower_bound: the divergence is at least this; holds for all pairs at once with 95% confidence.
    """

    columns: tuple[str, str]
    measure: str
    real: float
    synthetic: float
    difference: float
    interval: tuple[float, float]
    corrected: float
    real_interval: tuple[float, float]
    synthetic_interval: tuple[float, float]
    divergence: float = 0.0
    divergence_interval: tuple[float, float] = (0.0, 0.0)
    lower_bound: float = 0.0

    @property
    def differs(self) -> bool:
        """Whether the difference is significant after correction."""
        return self.corrected <= LEVEL


def compare_pairs(
    tables: Tables, divergence: Divergence, seed: int, differing: Collection[str] = ()
) -> tuple[PairAudit, ...]:
    r"""Compare the association of each pair of columns in both tables.

    Numbers become bins of equal counts: the same ones in both tables, so that chance in their edges makes no difference
    where a sharp relation meets an edge; of columns that differ, in each table its own, so that a shifted column
    changes no pair. The test is of the same association in both tables, whatever the margins: Pearson's statistic
    against the log-linear model without the interaction of all three,

    .. math:: \log E_{tij} = \lambda_{ij} + \lambda_{ti} + \lambda_{tj}.

    Rows change tables by chance, and the largest of all pairs' statistics counts: so no more than the asked share of
    audits finds a pair where there is none.

    Args:
        tables: whose columns.
        divergence: the divergence of each pair.
        seed: decides permutations.
        differing: columns that differ by themselves.

    Source: Bishop, Fienberg and Holland, "Discrete Multivariate Analysis" (1975), §3.5, for the model; Westfall and
    Young, "Resampling-Based Multiple Testing" (1993), for the largest statistic.
    """
    fields = tables.compared
    bins = max(2, min(LEVELS, int(np.sqrt(min(tables.rows[:2]) / ROWS_A_CELL) / 2)))
    random = np.random.default_rng(seed)
    coded = [_coded(field, bins, apart=field.name in differing) for field in fields]
    kept = [place for place, (_, levels) in enumerate(coded) if levels > 1]
    if len(kept) < 2:
        return ()
    fields, coded = [fields[place] for place in kept], [coded[place] for place in kept]
    one_hot = _OneHot([levels for _, levels in coded])
    sides = [one_hot.of([codes[side] for codes, _ in coded]) for side in (0, 1)]
    corrected = _corrected(sides, one_hot, random)
    groups = [[one_hot.tables(part) for part in _groups(side)] for side in sides]
    least = np.minimum(*np.array([[coded[k][1] for k in pair] for pair in one_hot.pairs]).T) - 1
    coarse = _resolutions(coded, one_hot, tables.rows)
    v = [[_cramer(counts, least) for counts in _without(parts)] for parts in groups]
    ranks = [_rank_correlations(fields, side, one_hot) for side in (0, 1)]
    if differing:  # each table has bins of its own, which hide that the columns moved
        pooled = [_coded(field, bins, apart=False) for field in fields]
        whole = _OneHot([levels for _, levels in pooled])
        sides = [whole.of([codes[side] for codes, _ in pooled]) for side in (0, 1)]
        groups = [[whole.tables(part) for part in _groups(side)] for side in sides]
    divergences = pair_divergences(groups, divergence)
    return tuple(
        replace(
            _pair(fields, one_hot.pairs[place], corrected[place], v, ranks, place, coarse[place]),
            divergence=value,
            divergence_interval=interval,
            lower_bound=least,
        )
        for place, (value, interval, least) in enumerate(divergences)
    )


def _pair(
    fields: Sequence[Field],
    pair: tuple[int, int],
    corrected: float,
    v: list[list[Numbers]],
    ranks: list[Numbers],
    place: int,
    coarse: tuple[float, float],
) -> PairAudit:
    chosen = [("Cramér's V", [[one[place] for one in side] for side in v])]
    least = {"Cramér's V": coarse}
    if all(fields[k].kind == "number" for k in pair):
        chosen.append(("rank correlation", [list(side[:, place]) for side in ranks]))
    found = []
    for measure, (real, synthetic) in chosen:
        parts = [Jackknife(float(one[0]), tuple(map(float, one[1:]))) for one in (real, synthetic)]
        floors = least.get(measure, (0.0, 0.0))
        errors = [max(one.standard_error, floor) for one, floor in zip(parts, floors, strict=True)]
        difference = parts[1].value - parts[0].value
        found.append(
            (
                abs(difference) / max(float(np.hypot(errors[0], errors[1])), 1e-9),
                measure,
                parts,
                difference,
                errors,
            )
        )
    clear = [one for one in found if one[1] == "rank correlation" and one[0] > CLEAR]
    _, measure, parts, difference, errors = (clear or sorted(found, reverse=True, key=lambda one: one[0]))[0]
    error = float(np.hypot(errors[0], errors[1]))
    interval = difference - NORMAL * error, difference + NORMAL * error
    names = fields[pair[0]].name, fields[pair[1]].name
    lowest = 0.0 if measure == "Cramér's V" else -1.0
    ends = [
        (max(lowest, one.value - NORMAL * error), min(1.0, one.value + NORMAL * error))
        for one, error in zip(parts, errors, strict=True)
    ]
    values = parts[0].value, parts[1].value
    return PairAudit(names, measure, *values, difference, interval, corrected, ends[0], ends[1])


def _resolutions(
    coded: Sequence[tuple[object, int]], one_hot: _OneHot, rows: Sequence[int]
) -> list[tuple[float, float]]:
    """Return the least standard error of Cramér's V of each pair in each table: that of V where it is 0.

    There V is cut off at 0 and the jackknife finds no spread; χ² of d degrees has the standard deviation √(2d).
    """
    found = []
    for pair in one_hot.pairs:
        levels = [coded[k][1] - 1 for k in pair]
        spread = NORMAL * np.sqrt(2 * levels[0] * levels[1]) / min(levels)
        found.append(tuple(float(np.sqrt(spread / n)) / NORMAL for n in rows[:2]))
    return found


def _coded(field: Field, bins: int, *, apart: bool) -> tuple[list[NDArray[np.int64]], int]:
    """Return the level of each cell of both tables, and the number of levels; missing cells have one of their own."""
    if field.kind == "number":
        cells, known = field.cells[:2], [~gone for gone in field.missing[:2]]
        if apart:
            codes = [_bins(cells[side], known[side], bins) for side in (0, 1)]
        else:
            codes = np.split(_bins(np.concatenate(cells), np.concatenate(known), bins), [len(cells[0])])
    else:
        words, counts = np.unique(np.concatenate([field.known(0), field.known(1)]), return_counts=True)
        common = np.argsort(-counts, kind="stable")[: LEVELS if len(words) <= LEVELS else LEVELS - 1]
        number = np.full(len(words), len(common))
        number[common] = np.arange(len(common))
        codes = [
            number[np.searchsorted(words, field.cells[side]).clip(max=len(words) - 1)] if len(words) else
            np.zeros(len(field.cells[side]), dtype=np.int64)
            for side in (0, 1)
        ]  # fmt: skip
    for code, gone in zip(codes, field.missing, strict=False):
        code[gone] = LEVELS + 1
    _, place = np.unique(np.concatenate(codes), return_inverse=True)
    return np.split(place, [len(codes[0])]), int(place.max()) + 1


def _bins(cells: Numbers, known: NDArray[np.bool_], bins: int) -> NDArray[np.int64]:
    """Return bins of equal counts; equal numbers are in one bin, that of the middle of their ranks."""
    codes = np.zeros(len(cells), dtype=np.int64)
    if known.any():
        codes[known] = np.minimum((_ranks(cells[known]) * bins).astype(np.int64), bins - 1)
    return codes


def _ranks(cells: NDArray[np.float64]) -> Numbers:
    """Return mid-ranks between 0 and 1."""
    ordered = np.sort(cells)
    low, high = (np.searchsorted(ordered, cells, side) for side in ("left", "right"))
    return (low + high) / (2 * len(cells))


class _OneHot:
    """Rows of levels as 0 and 1, so that one product makes the tables of counts of all pairs.

    Args:
        levels: of each column.
    """

    def __init__(self, levels: Sequence[int]) -> None:
        self.levels = levels
        self.starts = np.concatenate([[0], np.cumsum(levels)])
        self.pairs = [(i, j) for i in range(len(levels)) for j in range(i + 1, len(levels))]
        most = max(levels)
        offsets = np.arange(most)
        self.index = np.stack(
            [
                (self.starts[i] + offsets)[:, None].clip(max=self.starts[-1] - 1) * self.starts[-1]
                + (self.starts[j] + offsets)[None].clip(max=self.starts[-1] - 1)
                for i, j in self.pairs
            ]
        )
        self.inside = np.stack(
            [(offsets < levels[i])[:, None] & (offsets < levels[j])[None] for i, j in self.pairs]
        )

    def of(self, codes: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
        """Return 0 and 1 (n, all levels)."""
        made = np.zeros((len(codes[0]), self.starts[-1]), dtype=np.float32)
        for start, code in zip(self.starts, codes, strict=False):
            made[np.arange(len(code)), start + code] = 1
        return made

    def tables(self, rows: NDArray[np.float32]) -> Numbers:
        """Return counts of all pairs (pairs, levels, levels)."""
        product = (rows.T @ rows).ravel()
        return np.where(self.inside, product[self.index], 0).astype(np.float64)


def _corrected(
    sides: list[NDArray[np.float32]], one_hot: _OneHot, random: np.random.Generator
) -> list[float]:
    """Return p-values of all pairs, corrected for all of them and for the other questions of an audit."""
    counts = [one_hot.tables(side) for side in sides]
    total = counts[0] + counts[1]
    seen = _statistics(counts[0], counts[1])
    rows, n = np.concatenate(sides), len(sides[0])
    few = min(len(side) for side in sides)
    above = np.ones(len(seen))
    for _ in range(PERMUTATIONS):
        chosen = one_hot.tables(
            rows[random.permutation(len(rows))[:few]]
        )  # the smaller table is the less work
        first = chosen if few == n else total - chosen
        above += _statistics(first, total - first).max() >= seen
    return [of_all(float(one) / (PERMUTATIONS + 1)) for one in above]


def _statistics(first: Numbers, second: Numbers) -> Numbers:
    """Return Pearson's statistic of each pair (pairs,), as a number of standard deviations (Wilson and Hilferty)."""
    seen = np.stack([first, second])
    both = seen.sum(0)
    expected = both * (seen.sum((2, 3), keepdims=True) / np.maximum(both.sum((1, 2))[None, :, None, None], 1))
    for _ in range(ROUNDS):
        for axis in (3, 2, 0):
            fitted = expected.sum(axis, keepdims=True)
            wanted = seen.sum(axis, keepdims=True)
            expected = expected * np.divide(wanted, fitted, out=np.zeros_like(fitted), where=fitted > 0)
    terms = np.divide((seen - expected) ** 2, expected, out=np.zeros_like(seen), where=expected > 1e-9)
    used = (both > 0).sum((1, 2)) - (both.sum(2) > 0).sum(1) - (both.sum(1) > 0).sum(1) + 1
    degrees = np.maximum(used, 1)
    spread = 2 / (9 * degrees)
    return np.where(
        used > 0, (np.cbrt(terms.sum((0, 2, 3)) / degrees) - (1 - spread)) / np.sqrt(spread), -np.inf
    )


def _groups(rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [rows[group::GROUPS] for group in range(GROUPS)]


def _without(parts: list[Numbers]) -> list[Numbers]:
    """Return the sum of all parts, then the sums without each."""
    total = np.sum(parts, axis=0)
    return [total, *(total - part for part in parts)]


def _cramer(counts: Numbers, least: NDArray[np.int64]) -> Numbers:
    """Return Cramér's V of tables (pairs, r, c), less its bias.

    Its largest value is that of the levels of both tables, min(r, c) - 1 (pairs,): one more category in one
    table would change V otherwise, where the relation is the same.

    Source: Bergsma, "A bias-correction for Cramér's V and Tschuprow's T" (2013).
    """
    n = counts.sum((1, 2), keepdims=True)
    expected = counts.sum(2, keepdims=True) * counts.sum(1, keepdims=True) / n
    terms = np.divide((counts - expected) ** 2, expected, out=np.zeros_like(counts), where=expected > 0)
    n = n[:, 0, 0]
    rows, columns = ((counts.sum(axis) > 0).sum(1) for axis in (2, 1))
    squared = np.maximum(terms.sum((1, 2)) / n - (rows - 1) * (columns - 1) / (n - 1), 0)
    return np.sqrt(squared / least)


def _rank_correlations(fields: Sequence[Field], side: int, one_hot: _OneHot) -> Numbers:
    """Return Spearman's correlation (1 + groups, pairs), from all rows and without each group; 0 of words."""
    ranks = np.zeros((len(fields[0].cells[side]), len(fields)))
    known = np.zeros_like(ranks)
    for place, field in enumerate(fields):
        if field.kind == "number" and len(field.known(side)):
            there = ~field.missing[side]
            ranks[there, place] = _ranks(field.known(side)) - 0.5
            known[there, place] = 1
    i, j = np.array(one_hot.pairs).T
    sums = []
    for group in range(GROUPS):
        r, k = ranks[group::GROUPS], known[group::GROUPS]
        products = [r.T @ r, r.T @ k, k.T @ r, (r * r).T @ k, k.T @ (r * r), k.T @ k]
        sums.append(np.stack([one[i, j] for one in products]))
    found = []
    for xy, x, y, xx, yy, n in _without(sums):
        n = np.maximum(n, 1)
        below = np.sqrt(np.maximum((xx - x * x / n) * (yy - y * y / n), 0))
        found.append(np.divide(xy - x * y / n, below, out=np.zeros_like(below), where=below > 0))
    return np.stack(found)
