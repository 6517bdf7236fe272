"""How often a classifier distinguishes two tables, and lower bounds that hold for many comparisons at once."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from fgan.auditing.chance import LEVEL, QUESTIONS
from fgan.divergences import divergence as divergence_named
from fgan.estimation.result import Estimate, Estimates
from fgan.evaluation.jackknife import proportion

NORMAL = 1.96
"""Half of a 95% interval, in standard errors."""


@dataclass(frozen=True)
class Accuracy:
    """Held-out accuracy of a classifier that distinguishes two sets, ½ by chance, with its 95% interval."""

    value: float
    interval: tuple[float, float]


def accuracy_of(found: Estimate, total_variation: Estimate) -> Accuracy:
    """Return the critics' held-out accuracy; without critics, ½ (1 + total variation)."""
    if found.source.held_out is None:
        low, high = total_variation.interval
        return Accuracy((1 + total_variation.value) / 2, ((1 + low) / 2, (1 + high) / 2))
    on_p, on_q = (side.log_ratio for side in found.source.held_out)
    sides = [proportion(on_p > 0), proportion(on_q < 0)]
    ties = [float((side == 0).double().mean()) / 2 for side in (on_p, on_q)]
    value = (sides[0].value + ties[0] + sides[1].value + ties[1]) / 2
    half = NORMAL * float(np.hypot(sides[0].standard_error, sides[1].standard_error)) / 2
    return Accuracy(value, (max(0.0, value - half), min(1.0, value + half)))


def confidence_for(comparisons: int) -> float:
    """Return the confidence of each of several bounds so that all bounds of an audit hold with 95%.

    >>> round(confidence_for(1), 4), round(confidence_for(10), 4)
    (0.9833, 0.9983)
    """
    return 1 - LEVEL / QUESTIONS / max(comparisons, 1)


def quantile(confidence: float) -> float:
    """Return how many standard errors a one-sided bound lies below its value.

    >>> round(quantile(0.95), 3)
    1.645
    """
    return NormalDist().inv_cdf(confidence)


def corrected_bound(found: Estimate, comparisons: int) -> float | None:
    """Return a lower bound that holds together with those of other comparisons; None without critics."""
    if found.lower_bound is None or found.bound is None:
        return None
    more = quantile(confidence_for(comparisons)) - quantile(0.95)
    lowest = divergence_named(found.divergence).range[0]
    return max(lowest, found.lower_bound - more * found.bound.standard_error)


def first_of(found: Estimates) -> Estimate:
    """Return the estimate of the divergence that was asked for first, however it is spelled."""
    return next(iter(found.values()))
