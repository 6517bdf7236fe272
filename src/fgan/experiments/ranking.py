"""Rank groups of runs, and find ties."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fgan.evaluation import Evaluation, Measurement, over_runs
from fgan.evaluation.jackknife import GROUPS, student
from fgan.evaluation.result import CONFIDENCE


@dataclass(frozen=True)
class Place:
    """The place of a group in the ranking.

    Args:
        group: its name.
        rank: one more than the number of groups that are significantly better.
        seeds: number of runs averaged.
        tied_with: the groups that do not differ significantly.
        metrics: the mean of each metric over seeds with an interval, or the result of the single run.
    """

    group: str
    rank: int
    seeds: int
    tied_with: tuple[str, ...]
    metrics: dict[str, Measurement]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Place:
        """Read an entry of `Comparison.to_dict`."""
        metrics = {name: Measurement.from_dict(found) for name, found in values["metrics"].items()}
        return cls(**{**values, "tied_with": tuple(values["tied_with"]), "metrics": metrics})


def rank(evaluations: Mapping[str, Sequence[Evaluation]], by: str) -> list[Place]:
    """Rank groups by the mean of a metric, best first.

    Two groups are tied if Welch's 95% interval for the difference of their means over seeds contains 0. With one seed,
    the standard error is that over samples, which does not include the variation between seeds.

    Args:
        evaluations: of each group, one per seed. Groups without any, or in which the metric is missing or marked
            unusable, are not ranked.
        by: the metric, such as "fid".

    Source: Welch, "The generalization of Student's problem" (1947).
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
    spreads = {group: _spread(judged[group], by, metrics[group][by]) for group in ordered}

    def apart(one: str, other: str) -> float:
        """Return how much better one group is; 0 if the difference is not significant."""
        difference = sign * (metrics[one][by].value - metrics[other][by].value)
        return difference if abs(difference) > _welch(spreads[one], spreads[other]) else 0.0

    return [
        Place(
            group,
            1 + sum(apart(other, group) > 0 for other in ordered),
            len(judged[group]),
            tuple(other for other in ordered if other != group and apart(other, group) == 0),
            metrics[group],
        )
        for group in ordered
    ]


def _spread(found: Sequence[Evaluation], by: str, measurement: Measurement) -> tuple[float, int]:
    """Return the standard error of a group's mean, and its degrees of freedom."""
    count = len(found)
    if count == 1:
        half = max(measurement.high - measurement.value, measurement.value - measurement.low)
        return half / student(GROUPS - 1, CONFIDENCE), GROUPS - 1
    values = [one[by].value for one in found]
    mean = sum(values) / count
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (count - 1) / count), count - 1


def _welch(one: tuple[float, int], other: tuple[float, int]) -> float:
    """Return the half width of Welch's interval for a difference of means."""
    (e1, n1), (e2, n2) = one, other
    variance = e1**2 + e2**2
    if variance == 0:
        return 0.0
    degrees = variance**2 / (e1**4 / n1 + e2**4 / n2)
    return student(degrees, CONFIDENCE) * math.sqrt(variance)
