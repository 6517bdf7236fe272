"""Probability vectors and count tables: arrays, lists, dicts, pandas."""

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
"""How far the sum of probabilities may differ from 1."""


@dataclass(frozen=True)
class Histogram:
    """Non-negative weights of a finite set of outcomes.

    Args:
        name: its name in error messages.
        masses: float64 (k,).
        shape: the original shape.
        keys: the names of the outcomes; None if they have only positions.
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
        """Return the name of an outcome."""
        if self.keys is not None:
            return str(self.keys[place])
        where = np.unravel_index(place, self.shape)
        return str(place) if len(self.shape) == 1 else str(tuple(map(int, where)))

    def shares(self) -> NDArray[np.float64]:
        """Return the masses as probabilities.

        Raises:
            DataError: if the masses are neither probabilities nor counts.
        """
        if not self.sums_to_one and not self.counted:
            raise DataError(
                f"a histogram must hold probabilities that sum to 1, or whole counts; {self.name} sums to "
                f"{self.total:.6g}. Multiply densities by their bin widths; divide other weights by their sum."
            )
        return self.masses / self.masses.sum()


def read_histograms(p: Table, q: Table) -> tuple[Histogram, Histogram]:
    """Read two histograms over the same outcomes, the second reordered like the first.

    Raises:
        DataError: for masses that are negative, not finite or all 0, and for different outcomes.
    """
    first, second = _read(p, "p"), _read(q, "q")
    if first.keys is None or second.keys is None:
        for one in (first, second):
            if one.keys is not None and one.keys != tuple(range(len(one.keys))):
                raise DataError(
                    f"either both histograms or neither must name their outcomes; only {one.name} does. Pass two dicts "
                    "or Series with the same names, or two arrays in the same order."
                )
        if first.shape != second.shape:
            raise DataError(
                f"both histograms must have the same outcomes; p has the shape {first.shape}, q {second.shape}. Use "
                "the same bins for both. If these are samples, not histograms, use fgan.estimate."
            )
        return first, second
    for one, other in ((first, second), (second, first)):
        known = set(other.keys or ())
        alone = [key for key in one.keys or () if key not in known]
        if alone:
            raise DataError(
                f"both histograms must have the same outcomes; {one.name} has {len(alone)} that {other.name} lacks, "
                f"such as {alone[0]!r}. Add them to {other.name}, with 0 if they never occurred."
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
            f"a histogram must be one number per outcome; {name} is a table with several columns. Pass for example "
            "dict(zip(names, counts))."
        )
    else:
        values = table
    masses = _numbers(values, name)
    histogram = Histogram(name, masses.ravel(), masses.shape, None if keys is None else tuple(keys))
    if keys is not None and len(set(keys)) < len(keys):
        raise DataError(
            f"the outcomes of a histogram must have different names; {name} has one twice. Add up its numbers."
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
            f"a histogram must be an array of numbers; {name} is not ({error}). Count outcomes first, for example with "
            "collections.Counter."
        ) from error
    if masses.ndim == 0 or masses.size == 0:
        raise DataError(f"a histogram needs at least one outcome; {name} has the shape {masses.shape}.")
    return masses


def _check(histogram: Histogram) -> None:
    masses, name = histogram.masses, histogram.name
    for bad, what, fix in (
        (~np.isfinite(masses), "not finite", "Use 0 for an outcome that never occurs."),
        (masses < 0, "negative", "If these are log-probabilities, exponentiate them."),
    ):
        if bad.any():
            place = int(bad.argmax())
            raise DataError(
                f"a histogram must hold finite numbers of at least 0; {int(bad.sum())} of {name} are {what}, first "
                f"{masses[place]:g} at {histogram.label(place)}. {fix}"
            )
    if not masses.any():
        raise DataError(f"a histogram must have positive mass; {name} is 0 everywhere.")
    if not np.isfinite(histogram.total):
        raise DataError(f"the sum of a histogram must be finite; that of {name} overflows float64.")
