"""Probability vectors and count tables as people have them: arrays, lists, dicts, pandas."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fgan.errors import DataError

Table = Any
"""An array, tensor or list of any rank; a dict, a pandas Series or a DataFrame of numbers by name."""
ROUNDING = 1e-4
"""How far a sum of probabilities may be from 1."""


@dataclass(frozen=True)
class Histogram:
    """Non-negative masses of a finite set of outcomes.

    Args:
        name: what errors call it.
        masses: float64 (k,).
        shape: in which they were given.
        keys: the names of the outcomes; None where they have only places.
    """

    name: str
    masses: NDArray[np.float64]
    shape: tuple[int, ...]
    keys: tuple[Hashable, ...] | None = None

    @property
    def total(self) -> float:
        """The sum of the masses."""
        return float(self.masses.sum())

    @property
    def sums_to_one(self) -> bool:
        """Whether the masses are probabilities."""
        return abs(self.total - 1) <= ROUNDING

    @property
    def counted(self) -> bool:
        """Whether the masses are whole numbers."""
        return bool((self.masses == np.round(self.masses)).all())

    def label(self, place: int) -> str:
        """What to call an outcome."""
        if self.keys is not None:
            return str(self.keys[place])
        where = np.unravel_index(place, self.shape)
        return str(place) if len(self.shape) == 1 else str(tuple(map(int, where)))

    def shares(self) -> NDArray[np.float64]:
        """Return the masses as probabilities.

        Raises:
            DataError: for masses that are neither probabilities nor counts.
        """
        if not self.sums_to_one and not self.counted:
            raise DataError(
                f"a histogram holds probabilities, which sum to 1, or counts, which are whole numbers; {self.name} "
                f"sums to {self.total:.6g}. Multiply densities by the width of their bins; divide other masses by "
                "their sum."
            )
        return self.masses / self.masses.sum()


def read_histograms(p: Table, q: Table) -> tuple[Histogram, Histogram]:
    """Read two histograms over the same outcomes, those of the second in the order of the first.

    Raises:
        DataError: for masses that are negative, not finite or all 0, and for outcomes that are not the same.
    """
    first, second = _read(p, "p"), _read(q, "q")
    if first.keys is None or second.keys is None:
        for one in (first, second):
            if one.keys is not None and one.keys != tuple(range(len(one.keys))):
                raise DataError(
                    f"outcomes have names in both histograms or in neither; only those of {one.name} have some. Give "
                    "two dicts or Series by the same names, or two arrays in the same order."
                )
        if first.shape != second.shape:
            raise DataError(
                f"two histograms are over the same outcomes; p has the shape {first.shape}, q {second.shape}. Use the "
                "same bins for both; for samples rather than histograms, take fgan.estimate."
            )
        return first, second
    for one, other in ((first, second), (second, first)):
        known = set(other.keys or ())
        alone = [key for key in one.keys or () if key not in known]
        if alone:
            raise DataError(
                f"two histograms are over the same outcomes; {one.name} has {len(alone)} that {other.name} lacks, the "
                f"first {alone[0]!r}. Add it to {other.name}, with 0 if it never occurred."
            )
    places = {key: place for place, key in enumerate(second.keys)}
    order = [places[key] for key in first.keys]
    return first, Histogram("q", second.masses[order], first.shape, first.keys)


def _read(table: Table, name: str) -> Histogram:
    keys: list[Hashable] | None = None
    if isinstance(table, Mapping):
        keys, values = list(table.keys()), list(table.values())
    elif hasattr(table, "index") and hasattr(table, "to_numpy"):  # pandas
        values, keys = table.to_numpy(), list(table.index)
        if hasattr(table, "columns"):
            keys = list(product(keys, table.columns))
    elif hasattr(table, "columns"):
        raise DataError(
            f"a histogram is one number for each outcome; {name} is a table of columns. Give the numbers by name, such "
            "as dict(zip(names, counts))."
        )
    else:
        values = table
    masses = _numbers(values, name)
    histogram = Histogram(name, masses.ravel(), masses.shape, None if keys is None else tuple(keys))
    if keys is not None and len(set(keys)) < len(keys):
        raise DataError(
            f"each outcome of a histogram has a name of its own; {name} has one twice. Add them up."
        )
    _check(histogram)
    return histogram


def _numbers(values: Any, name: str) -> NDArray[np.float64]:  # noqa: ANN401 - whatever was given
    if isinstance(values, Tensor):
        values = values.detach().cpu().double().numpy()
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":
            raise ValueError(f"{array.dtype}")
        masses = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"a histogram is a rectangle of numbers; {name} is none ({error}). Count words first, for example by "
            "collections.Counter."
        ) from error
    if masses.ndim == 0 or masses.size == 0:
        raise DataError(f"a histogram has at least one outcome; {name} has the shape {masses.shape}.")
    return masses


def _check(histogram: Histogram) -> None:
    masses, name = histogram.masses, histogram.name
    for bad, what, mend in (
        (~np.isfinite(masses), "not finite", "Repair it; 0 stands for an outcome that never occurs."),
        (masses < 0, "negative", "There is no negative probability; exponentiate log-probabilities."),
    ):
        if bad.any():
            place = int(bad.argmax())
            raise DataError(
                f"a histogram holds finite numbers from 0 on; {int(bad.sum())} of {name} are {what}, the first "
                f"{masses[place]:g} at {histogram.label(place)}. {mend}"
            )
    if not masses.any():
        raise DataError(f"a histogram has some mass; all of {name} is 0.")
    if not np.isfinite(histogram.total):
        raise DataError(f"the masses of a histogram have a finite sum; that of {name} is beyond float64.")
