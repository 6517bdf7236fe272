"""What must hold between divergences of the same P and Q, whatever they are: a check on estimates of several."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Interval = tuple[float, float]


@dataclass(frozen=True)
class Check:
    """An inequality between two estimates.

    Args:
        name: whose it is.
        statement: in words of the catalogue.
        left, right: the two sides at the estimates.
        holds: whether left <= right somewhere within the two intervals.
    """

    name: str
    statement: str
    left: float
    right: float
    holds: bool


@dataclass(frozen=True)
class Inequality:
    """left(D_a) <= right(D_b), both increasing, for two divergences a and b."""

    name: str
    statement: str
    smaller: str
    larger: str
    left: Callable[[float], float]
    right: Callable[[float], float]


def _same(value: float) -> float:
    return value


def _root_of_half(value: float) -> float:
    return math.sqrt(max(value, 0.0) / 2)


INEQUALITIES = (
    Inequality("Pinsker", "TV <= √(KL/2)", "total-variation", "kl", _same, _root_of_half),
    Inequality("Pinsker", "TV <= √(RKL/2)", "total-variation", "reverse-kl", _same, _root_of_half),
    Inequality("Le Cam", "H²/2 <= TV", "squared-hellinger", "total-variation", lambda h: h / 2, _same),
    Inequality(
        "Le Cam",
        "TV <= √(H² (1 - H²/4))",
        "total-variation",
        "squared-hellinger",
        _same,
        lambda h: math.sqrt(max(h * (1 - h / 4), 0.0)),
    ),
    Inequality("Hellinger and KL", "H² <= KL", "squared-hellinger", "kl", _same, _same),
    Inequality(
        "KL and χ²", "KL <= log(1 + χ²)", "kl", "pearson", _same, lambda chi: math.log1p(max(chi, 0.0))
    ),
    Inequality(
        "KL and χ²",
        "RKL <= log(1 + χ²_N)",
        "reverse-kl",
        "neyman",
        _same,
        lambda chi: math.log1p(max(chi, 0.0)),
    ),
    Inequality("Lin", "JS <= 2 log 2 · TV", "js", "total-variation", _same, lambda tv: 2 * math.log(2) * tv),
    Inequality("Topsøe", "triangular <= JS", "triangular", "js", lambda d: d / 2, _same),
)
"""With the catalogue's normalisations: H² = 2 - 2∫√(pq), JS = KL(P‖M) + KL(Q‖M), triangular = ∫(p-q)²/(p+q)."""


def check_inequalities(values: Mapping[str, float], intervals: Mapping[str, Interval]) -> list[Check]:
    """Return every known inequality between the estimates at hand.

    Args:
        values: estimates by the divergences' names.
        intervals: theirs.

    >>> [one.holds for one in check_inequalities({"squared-hellinger": 2.0, "kl": 1.0}, {})]
    [False]
    """
    found = []
    for one in INEQUALITIES:
        if one.smaller in values and one.larger in values:
            smaller, larger = values[one.smaller], values[one.larger]
            low = intervals.get(one.smaller, (smaller, smaller))[0]
            high = intervals.get(one.larger, (larger, larger))[1]
            holds = bool(one.left(low) <= one.right(high)) or not math.isfinite(smaller + larger)
            found.append(Check(one.name, one.statement, one.left(smaller), one.right(larger), holds))
    return found
