"""The frontier of precision and recall between the features of data and of samples, and its summaries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fgan.estimation.frontier import frontier_of
from fgan.estimation.result import Estimates
from fgan.estimation.trade_off.result import WEIGHTED, Banded, Frontier
from fgan.evaluation.domain import Caveat
from fgan.evaluation.jackknife import Uncertain

EVERY = 5
"""Of the frontier's points, each so many is kept in an evaluation: the middle one, λ = 1, among them."""


@dataclass(frozen=True)
class OfFrontier(Uncertain):
    """A summary of a frontier: a number whose interval need not be symmetric, with the curve that it is of."""

    low: float
    high: float
    frontier: Frontier

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the 95% interval that the band gives; other confidences scale it."""
        factor = 1.0 if confidence == 0.95 else _unit(confidence) / _unit()
        return self.value - factor * (self.value - self.low), self.value + factor * (self.high - self.value)


def _unit(confidence: float = 0.95) -> float:
    """Return half of the interval of a number whose standard error is 1."""
    return Uncertain(0.0, 1.0).interval(confidence)[1]


def frontier_summaries(critics: Estimates) -> dict[str, Uncertain]:
    """Return area, recall (F_8) and precision (F_1/8) of the frontier that fitted critics show.

    Source: Sajjadi et al., "Assessing generative models via precision and recall" (2018).
    """
    found = frontier_of(next(iter(critics.values())))
    numbers = {
        "frontier-area": found.area,
        "frontier-recall": found.f_score(WEIGHTED),
        "frontier-precision": found.f_score(1 / WEIGHTED),
    }
    return {name: _of(found, one) for name, one in numbers.items()}


def _of(found: Frontier, one: Banded) -> Uncertain:
    half = max(one.high - one.value, one.value - one.low)
    caveats = tuple(map(Caveat, found.warnings))
    return OfFrontier(one.value, half / _unit(), one.low, one.high, found, caveats=caveats)


def curve_of(found: Uncertain, floor: Uncertain | None) -> dict[str, Any] | None:
    """Return the curve of a summary in JSON's types, with that of real samples, if it is the summary of a curve."""
    if not isinstance(found, OfFrontier):
        return None
    curve = _points(found.frontier, "slope", "precision", "low", "high")
    real = _points(floor.frontier, "precision", "low", "high") if isinstance(floor, OfFrontier) else None
    return curve | {"floor": real}


def _points(found: Frontier, *names: str) -> dict[str, list[float]]:
    kept = slice(EVERY - 1, None, EVERY)
    return {name: [float(f"{one:.4g}") for one in getattr(found, name)[kept].tolist()] for name in names}
