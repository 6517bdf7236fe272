"""Rank groups of runs, test every pair of them, and find ties."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from fgan.evaluation import Evaluation, Measurement, over_runs

LEVEL = 0.05
"""Two groups differ if their p-value, corrected for the number of pairs, is below this."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
Pair = tuple[str, str]


@dataclass(frozen=True)
class Place:
    """The place of a group in the ranking.

    Args:
        group: its name.
        rank: one more than the number of groups that are significantly better.
        seeds: number of runs averaged.
        tied_with: the groups that do not differ significantly.
        metrics: the mean of each metric over seeds with an interval, or the result of the single run.
        letters: groups that share a letter do not differ significantly; "" in rankings of older versions.
        p_values: of the difference from each other group, corrected for the number of pairs; a pair is missing if one
            of its groups has a single seed.
    """

    group: str
    rank: int
    seeds: int
    tied_with: tuple[str, ...]
    metrics: dict[str, Measurement]
    letters: str = ""
    p_values: dict[str, float] = field(default_factory=dict)


def rank(evaluations: Mapping[str, Sequence[Evaluation]], by: str) -> list[Place]:
    """Rank groups by the mean of a metric, best first.

    Each pair of groups with at least two seeds is compared by Welch's t-test over seeds. The p-values are corrected for
    the number of these pairs (Holm). A group with one seed is tied with all others, since nothing is known about the
    variation between its seeds.

    Args:
        evaluations: of each group, one per seed. Groups without any, or in which the metric is missing or marked
            unusable, are not ranked.
        by: the metric, such as "fid".

    Source: Welch, "The generalization of Student's problem" (1947); Holm, "A simple sequentially rejective multiple
    test procedure" (1979).
    """
    judged = {
        group: found
        for group, found in evaluations.items()
        if found and not any(one.lacking(by) for one in found)
    }
    metrics = {
        group: dict(found[0].metrics) if len(found) == 1 else over_runs(found)
        for group, found in judged.items()
    }
    better = next(iter(metrics.values()))[by].better if metrics else "lower"
    sign = 1 if better == "higher" else -1
    ordered = sorted(judged, key=lambda group: -sign * metrics[group][by].value)
    values = {group: [one[by].value for one in judged[group]] for group in ordered}
    p_values = holm(
        {
            (one, other): welch(values[one], values[other])
            for one, other in combinations(ordered, 2)
            if min(len(values[one]), len(values[other])) > 1
        }
    )
    apart = {pair for pair, p in p_values.items() if p < LEVEL}  # the better group first
    letters = letter_groups(ordered, apart)
    return [
        Place(
            group,
            1 + sum((other, group) in apart for other in ordered),
            len(judged[group]),
            tuple(
                other for other in ordered if other != group and not {(group, other), (other, group)} & apart
            ),
            metrics[group],
            letters[group],
            {two if one == group else one: p for (one, two), p in p_values.items() if group in (one, two)},
        )
        for group in ordered
    ]


def welch(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the two-sided p-value of Welch's t-test for a difference of means, of at least two numbers each.

    >>> round(welch([1.0, 1.2, 1.1], [1.3, 1.6, 1.4]), 4)
    0.0419
    """
    from scipy.special import stdtr  # what scipy.stats calls, without the wait for all of scipy.stats

    (m1, v1, n1), (m2, v2, n2) = _moments(one), _moments(other)
    variance = v1 + v2
    if variance == 0:
        return 1.0 if m1 == m2 else 0.0
    degrees = variance**2 / (v1**2 / n1 + v2**2 / n2)
    return float(2 * stdtr(degrees, -abs(m1 - m2) / math.sqrt(variance)))


def _moments(values: Sequence[float]) -> tuple[float, float, int]:
    """Return the mean, its squared standard error, and the degrees of freedom of that."""
    count = len(values)
    mean = sum(values) / count
    return mean, sum((value - mean) ** 2 for value in values) / (count - 1) / count, count - 1


def holm(p_values: Mapping[Pair, float]) -> dict[Pair, float]:
    """Return p-values corrected for their number, so that 5% is the chance of any false difference among them all.

    >>> list(holm({("a", "b"): 0.02, ("a", "c"): 0.01, ("b", "c"): 0.5}).values())
    [0.04, 0.03, 0.5]
    """
    corrected, largest = {}, 0.0
    for before, pair in enumerate(sorted(p_values, key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - before) * p_values[pair]))
        corrected[pair] = largest
    return {pair: corrected[pair] for pair in p_values}


def letter_groups(names: Sequence[str], apart: Collection[Pair]) -> dict[str, str]:
    """Return letters for each name so that two names share one exactly if they are not apart.

    Args:
        names: in the order in which letters are given.
        apart: pairs of names.

    Source: Piepho, "An algorithm for a letter-based representation of all-pairwise comparisons" (2004).

    >>> letter_groups(["kl", "js", "gan"], [("kl", "gan")])
    {'kl': 'a', 'js': 'ab', 'gan': 'b'}
    """
    columns = [frozenset(names)]
    for one, other in sorted(apart):
        split = [
            part
            for column in columns
            for part in ((column - {one}, column - {other}) if {one, other} <= column else (column,))
        ]
        columns = [column for column in dict.fromkeys(split) if not any(column < larger for larger in split)]
    at = {name: place for place, name in enumerate(names)}
    columns.sort(key=lambda column: sorted(at[name] for name in column))
    return {
        name: "".join(
            letter for letter, column in zip(_letters(len(columns)), columns, strict=True) if name in column
        )
        for name in names
    }


def _letters(count: int) -> list[str]:
    """Return as many of a, b, ..., z, a2, b2, ..."""
    return [LETTERS[number % 26] + (str(number // 26 + 1) if number >= 26 else "") for number in range(count)]
