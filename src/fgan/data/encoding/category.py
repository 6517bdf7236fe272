"""A column of categories as one-hot coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.data.tables import Column
from fgan.errors import DataError

Array = NDArray[Any]
APART = 2**40 + 15_485_863
"""Between the seed of latents and that of classes."""


@dataclass(frozen=True)
class CategoryCode:
    """The values of a column; a cell is 1 at its value's coordinate and 0 at all others.

    Args:
        values: each distinct one, in order: words, whole or real numbers, or truth values.
        counts: how often each is in the training part, and how often none is there.
        missing: whether a missing cell is a value of its own, the last.
    """

    values: tuple[Any, ...]
    counts: tuple[int, ...]
    missing: bool

    @classmethod
    def fit(cls, column: Column, train: Array) -> Self:
        """Return the values of a column, and how often each is in the training part.

        Args:
            column: all cells.
            train: rows of the training part.
        """
        gone = column.missing
        values = tuple(np.unique(column.cells if gone is None else column.cells[~gone]).tolist())
        code = cls(values, (), gone is not None)
        counts = np.bincount(code.places(column, "")[train], minlength=len(code))
        return cls(values, tuple(counts.tolist()), gone is not None)

    def __len__(self) -> int:
        """Count the values, a missing one among them."""
        return len(self.values) + self.missing

    @property
    def width(self) -> int:
        """Coordinates: none of a constant."""
        return len(self) if len(self) > 1 else 0

    @property
    def blocks(self) -> tuple[tuple[int, int, int], ...]:
        """The first coordinate, the number of coordinates of which one is 1, and the gated ones before them."""
        return ((0, len(self), 0),) if self.width else ()

    @property
    def names(self) -> list[str]:
        """What errors and classes call the values."""
        return [str(one) for one in self.values] + ["(missing)"] * self.missing

    def places(self, column: Column, name: str) -> Array:
        """Return the number of each cell's value (n,).

        Raises:
            DataError: for a value that is none of the known ones.
        """
        known = column.cells if column.missing is None else column.cells[~column.missing]
        places = np.full(len(column), len(self.values), dtype=np.int64)
        if column.missing is not None and not self.missing:
            raise DataError(
                f'column "{name}" had no missing cells in the training table; now '
                f"{int(column.missing.sum()):,} are missing. Fill them."
            )
        if not len(known):
            return places
        values = np.array(self.values)
        if values.dtype.kind != known.dtype.kind and "U" in (values.dtype.kind, known.dtype.kind):
            values, known = values.astype(str), known.astype(str)
        found = np.searchsorted(values, known).clip(max=max(len(values) - 1, 0))
        strange = known[values[found] != known] if len(values) else known
        if len(strange):
            raise DataError(
                f'column "{name}" must be one of {_some(self.values)}; got {strange[0]!s}. Leave such rows out.'
            )
        places[slice(None) if column.missing is None else ~column.missing] = found
        return places

    def encode(self, column: Column, name: str) -> Array:
        """Return one-hot rows (n, width)."""
        places = self.places(column, name)
        return (places[:, None] == np.arange(len(self))).astype(np.float64)[:, : self.width]

    def decode(self, coordinates: Array) -> Column:
        """Return the cells of rows (n, width): of each, the value of its largest coordinate."""
        places = coordinates.argmax(1) if self.width else np.zeros(len(coordinates), dtype=np.int64)
        return self.cells(places)

    def cells(self, places: Array) -> Column:
        """Return the cells of these values, by their numbers (n,)."""
        gone = places == len(self.values)
        values = np.array(self.values) if self.values else np.array([""])
        cells = values[np.minimum(places, len(values) - 1)]
        return Column(cells, gone if gone.any() else None, kind="category")

    def draw(self, n: int, seed: int) -> Tensor:
        """Return the values of n cells by their numbers (n,), as often as in the training part."""
        random = torch.Generator().manual_seed((seed + APART) % 2**63)
        weights = torch.tensor(self.counts, dtype=torch.float64)
        return torch.multinomial(weights, n, replacement=True, generator=random)

    def moments(self) -> tuple[list[float], list[float]]:
        """Return centre and scale of each coordinate: those of a block have one scale, of a total variance of 1."""
        if not self.width:
            return [], []
        shares = np.array(self.counts) / max(sum(self.counts), 1)
        return shares.tolist(), [max(float(1 - (shares**2).sum()), 0.01) ** 0.5] * self.width

    def to_json(self) -> dict[str, Any]:
        """Describe it in JSON's types."""
        return {"values": list(self.values), "counts": list(self.counts), "missing": self.missing}


def _some(values: Sequence[Any]) -> str:
    shown = ", ".join(map(str, values[:5]))
    return shown if len(values) <= 5 else f"{shown}, ... ({len(values)} in all)"
