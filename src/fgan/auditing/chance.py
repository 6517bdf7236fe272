"""Chance: correction for multiple comparisons, and how many unusual rows new real data would have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEVEL = 0.05
"""At most this share of audits of a perfect synthetic table reports any difference."""
QUESTIONS = 3
"""The joint distribution, the columns, and the pairs of columns: each gets a third of the level."""


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for all comparisons, by Holm's rule.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    found, least = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(order.tolist()):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        found[place] = least
    return found


def of_all(p_value: float) -> float:
    """Return a p-value of one question, corrected for all questions."""
    return min(1.0, QUESTIONS * p_value)


def exceedance(count: int, n: int, rare: int, known: int) -> float:
    """Return the probability that at least `count` of n new rows are of a kind that `rare` of the known rows mark.

    Beyond the smallest and the largest of m known numbers, a fresh one lies with a probability that is distributed as
    Beta(2, m - 1), whatever the distribution (rare = 2, known = m). Of a word that no known row has, as of s words
    that occur once: about Beta(s + 1, m).

    >>> round(exceedance(1, 1, 2, 99), 3)  # of 100 numbers, the last is the smallest or the largest
    0.02
    """
    from scipy.special import betaln, gammaln

    if count <= 0:
        return 1.0
    a, b = float(rare), float(max(known + 1 - rare, 1))
    k = np.arange(count, n + 1)
    log = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + betaln(k + a, n - k + b) - betaln(a, b)
    return float(min(1.0, np.exp(log).sum()))


def all_in_the_first(count: int, first: int, second: int) -> float:
    """Return the probability that all of `count` marked rows fall into the first of two tables of these sizes.

    >>> round(all_in_the_first(2, 2, 2), 4)
    0.1667
    """
    from scipy.special import gammaln

    return float(
        np.exp(
            gammaln(first + 1)
            - gammaln(first - count + 1)
            - gammaln(first + second + 1)
            + gammaln(first + second - count + 1)
        )
    )
