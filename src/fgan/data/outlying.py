"""Single values so far from all others that a generator learns little beside them: said before training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.frame import Frame

RULING = 100.0
"""Times the usual spread: where one value makes a column's standard deviation so large, it rules the scale."""
IN_TABLES = 1e8
"""Usual spreads from the median: columns of tables are encoded by ranks, which bears all but mistakes."""
LOOKED_AT = 10**7
"""Numbers whose ranks are looked at."""
NORMAL_IQR = 1.349


def ruling_outliers(values: NDArray[Any], frame: Frame) -> list[str]:
    """Return a line about the column (of N vectors, in a frame's units) whose scale one value rules, if there is one.

    >>> ruling_outliers(np.append(np.arange(400.0), 1e15)[:, None], Frame((1,)))[0].split(", ")[0]
    'column 0 (counted from 0) has the value 1e+15'
    """
    if not values.size:
        return []
    value, away = farthest(values)
    column = int(away.argmax())
    if away[column] <= RULING * math.sqrt(len(values)):
        return []
    unit, origin = (frame.unit[column], frame.origin[column]) if frame.origin else (1.0, 0.0)
    return [
        f"column {column} (counted from 0) has the value {value[column] * unit + origin:.6g}, "
        f"{away[column]:.1g} times as far from the median as is usual. It sets the scale, so the other values are hard "
        "to learn: remove or clip it, or train on a table (.csv), whose columns are encoded by ranks"
    ]


def mistaken_outlier(cells: NDArray[Any], name: str) -> list[str]:
    """Return a line about the farthest number of a table's column, if it is probably a mistake."""
    value, away = farthest(cells[:, None]) if len(cells) else ([], [0.0])
    if away[0] <= IN_TABLES:
        return []
    return [
        f'column "{name}" has the value {value[0]:.6g}, {away[0]:.1g} times as far from the median as is usual. A few '
        "samples will lie anywhere between. If it is a mistake, repair or remove its row"
    ]


def farthest(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the value farthest from the median in each column (N, D), and how many usual spreads away it is.

    The spread is known by the quartiles; where those agree, by those of the values that are not the median. It is
    infinite, and nothing is far, where that leaves none.
    """
    ranked = np.sort(
        values[:: -(-values.size // LOOKED_AT)].astype(np.float64) / 2, axis=0
    )  # differences fit
    quarter = len(ranked) // 4
    low, middle, high = ranked[quarter], ranked[len(ranked) // 2], ranked[len(ranked) - 1 - quarter]
    spread = high - low
    for column in np.flatnonzero(spread == 0):
        others = ranked[ranked[:, column] != middle[column], column]
        quarter = len(others) // 4
        spread[column] = others[len(others) - 1 - quarter] - others[quarter] if len(others) else 0.0
    first, last = (edge(axis=0).astype(np.float64) / 2 for edge in (values.min, values.max))
    value = np.where(last - middle > middle - first, last, first)
    unit = np.where(spread > 0, spread / NORMAL_IQR, np.inf)
    return 2 * value, np.abs(value - middle) / unit
