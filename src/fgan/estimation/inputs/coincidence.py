r"""How many rows recur by chance, where values are of few digits: the birthday problem.

.. math:: \text{recurring rows} \approx n - M (1 - e^{-n/M}), \quad \frac1M = \prod_j c_j, \quad
    c_j = P(\text{two rows agree in column } j)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MOST_COLUMNS = 64
"""Columns that are looked at; more would make chance only less likely."""
SHARPNESS = 0.4
"""Two values of a normal distribution rounded to steps of h agree with probability 0.38 h / (quartiles' distance)."""
EXPLAINED = 3.0
"""So many times what chance makes is not called copies, for columns depend on each other."""
OFF_GRID = 0.01
"""Values further than this share of a step from its multiples have no steps."""
ATOM, ATOM_ROWS = 0.01, 10
"""A value of at least this share of the rows, and so many, has a probability of its own, as 0 has among rainfalls."""
RECURRING = 0.8
"""Values of a column recur in distinct rows where there are at most so many of them for each."""
FUNCTION = 0.9
"""A column with so many distinct values for each distinct row decides all others."""


@dataclass(frozen=True)
class Chance:
    """How likely rows agree by chance.

    Args:
        all_columns: log of the probability that two rows agree, if columns were independent.
        one_column: the same if one column decides all others; -inf where none does.
    """

    all_columns: float
    one_column: float

    def explains(self, recurring: int, n: int, m: int | None = None) -> bool:
        """Whether chance makes so many of n rows recur among them, or among m others."""
        for log_chance in (self.all_columns, self.one_column):
            if m is None:
                rate = min(n * math.exp(log_chance), 1e300)
                expected = n - n / rate * -math.expm1(-rate) if rate > 1e-9 else n * rate / 2
            else:
                expected = n * -math.expm1(-m * math.exp(log_chance))
            if recurring <= EXPLAINED * (expected + math.sqrt(expected)):
                return True
        return False


def chance_of(rows: Tensor) -> Chance:
    """Return how likely rows (n, d) agree, by how often values recur in distinct rows, and by their digits.

    >>> import torch
    >>> ages = torch.arange(60.0).repeat(5)[:, None]
    >>> chance_of(ages).explains(240, 300), chance_of(ages.sin()).explains(240, 300)
    (True, False)
    """
    columns = rows[:, :: -(-rows.shape[1] // MOST_COLUMNS)].double()
    distinct = columns.flatten().unique()[:, None] if columns.shape[1] == 1 else columns.unique(dim=0)
    found, one_column = 0.0, -math.inf
    decided = _decided(distinct)
    for place, (column, among) in enumerate(zip(columns.T, distinct.T, strict=True)):
        if place in decided:
            continue
        values, counts = among.unique(return_counts=True)
        pairs = float((counts * (counts - 1.0)).sum()) / max(len(distinct) * (len(distinct) - 1.0), 1.0)
        chance = math.log(max(pairs, _by_digits(column, values), 1e-300))
        found += chance
        if len(values) >= FUNCTION * len(distinct):
            one_column = max(one_column, chance)
    return Chance(found, one_column)


def _decided(distinct: Tensor) -> set[int]:
    """Return the columns that follow from another whose values recur, as a year of birth does from an age."""
    codes = [column.unique(return_inverse=True)[1] for column in distinct.T]
    sizes = [int(code.max()) + 1 for code in codes]
    found: set[int] = set()
    for place in sorted(range(len(codes)), key=sizes.__getitem__):
        for other in range(len(codes)):
            if (
                other == place
                or other in found
                or not sizes[place] <= sizes[other] <= RECURRING * len(distinct)
            ):
                continue
            pairs = codes[other] * sizes[place] + codes[place]
            if len(pairs.unique()) == sizes[other]:
                found.add(place)
                break
    return found


def of_atoms(rows: Tensor) -> Tensor:
    """Return which rows (n, d) hold only values that many rows have, and recur as chance makes such values meet.

    >>> rain = torch.tensor([0.0] * 60 + [0.1, 0.2, 0.2, 0.7])[:, None]
    >>> int(of_atoms(rain).sum())
    60
    """
    if rows.shape[1] > MOST_COLUMNS:
        return torch.zeros(len(rows), dtype=torch.bool)
    place = counts = torch.zeros(0, dtype=torch.long)
    log_chance, least = torch.zeros(len(rows), dtype=torch.float64), torch.full((len(rows),), len(rows))
    for column in rows.T:
        _, place, counts = column.unique(return_inverse=True, return_counts=True)
        least = torch.minimum(least, counts[place])
        log_chance += (counts[place] / len(rows)).double().log()
    if rows.shape[1] != 1:  # of a single column its values are the rows, and this takes twenty times as long
        _, place, counts = rows.unique(dim=0, return_inverse=True, return_counts=True)
    expected = len(rows) * log_chance.exp()
    explained = counts[place] <= EXPLAINED * (expected + expected.sqrt())
    return explained & (least >= max(ATOM * len(rows), ATOM_ROWS))


def _by_digits(column: Tensor, values: Tensor) -> float:
    """Return how likely two values of a column agree if these are the steps it moves in: of decimals, or of a float."""
    quarter = len(column) // 4
    ranked = column.sort().values
    spread = float(ranked[-1 - quarter] - ranked[quarter])
    if len(values) < 2 or spread == 0:  # more than half are equal
        return 1.0
    step = float(values.diff().min())
    places = (values - values[0]) / step
    regular = bool(((places - places.round()).abs() < OFF_GRID).all())
    return min(1.0, max(SHARPNESS * step / spread if regular else 0.0, 2.0 ** -bits_of(values.numpy())))


def bits_of(values: NDArray[np.float64]) -> int:
    """Return how many binary digits the longest of some numbers has; 24 of float32, 11 of float16.

    >>> bits_of(np.array([0.5, 3.0])), bits_of(np.float32([0.1, 0.7]).astype(float))
    (2, 24)
    """
    mantissas = np.abs(np.frexp(values)[0] * 2.0**53).astype(np.int64)
    mantissas = mantissas[mantissas > 0]
    if not len(mantissas):
        return 0
    trailing = np.log2((mantissas & -mantissas).astype(np.float64)).astype(int)
    return 53 - int(trailing.min())
