"""A column of numbers as one coordinate that is near to normal, and one-hot coordinates for values of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from fgan.data.tables import Column
from fgan.errors import DataError

Array = NDArray[Any]
EXACT = 2**53
"""Whole numbers up to this are exact in float64."""
MOST_KNOTS = 1000
"""Distinct values that each are a knot; of more, so many quantiles are."""
SPIKE = 0.1
"""A value of at least this share of a column is a category of its own."""
SMALL_SPIKE, FEWEST = 0.02, 10
"""So is one of this share, and at least so often, that stands among values which hardly recur."""
END = 0.499
"""How far the first and the last whole number reach; a half would be rounded to the next."""
INSIDE = 0.98
"""The part of a whole number's interval over which it is spread, so that rounding brings it back."""


@dataclass(frozen=True)
class NumberCode:
    """A monotone map of numbers to scores that are normal over the training part, linear between knots.

    Cells are held as whole multiples of a step, less an origin, where they have a finite number of decimals; what comes
    back is rounded to one. Values that recur much are categories, and so is a missing cell; the score is 0 then.

    Args:
        scores, values: the knots, both increasing; scores are float32, in which networks work.
        spikes: the values that are categories.
        counts: of numbers between, of each spike, and of missing cells in the training part.
        missing: whether cells can be missing.
        decimals: of the cells; None for real numbers, which have neither origin nor step.
        origin, step: whole numbers; a cell is (origin + step k) / 10^decimals for a whole k.
        spread: whether cells are spread over the interval that is rounded to them.
    """

    scores: tuple[float, ...]
    values: tuple[float, ...]
    spikes: tuple[float, ...]
    counts: tuple[int, ...]
    missing: bool
    decimals: int | None
    origin: int = 0
    step: int = 1
    spread: bool = False

    @classmethod
    def fit(cls, column: Column, train: Array, decimals: int | None, name: str) -> Self:
        """Return the map that fits a column's training part.

        Args:
            column: all cells.
            train: rows of the training part.
            decimals: of the cells, None where they are real numbers of any.
            name: what errors call the column.

        Raises:
            DataError: for infinite numbers, and for whole numbers that float64 cannot hold apart.
        """
        gone = np.zeros(len(column), dtype=bool) if column.missing is None else column.missing
        _require_finite(column.cells[~gone], name)
        decimals, origin, step = _grid(column.cells[~gone], decimals, name)
        exact = cls((), (), (), (), column.missing is not None, decimals, origin, step)
        kept = np.zeros(len(column), dtype=bool)
        kept[train] = True
        known = exact.inward(column.cells[kept & ~gone])
        lost = int((kept & gone).sum())
        if not len(known):
            return cls((), (), (), (0, lost), exact.missing, decimals, origin, step)
        distinct, counts = np.unique(known, return_counts=True)
        spikes = _spikes(distinct, counts, len(known), decimals is not None)
        between = distinct[~spikes], counts[~spikes]
        spread = decimals is not None and _is_dense(*between)
        scores, values = _knots(*between, spread=spread)
        tally = (int(between[1].sum()), *counts[spikes].tolist(), *([lost] if exact.missing else []))
        return cls(
            tuple(scores.tolist()), tuple(values.tolist()), tuple(distinct[spikes].tolist()), tally, exact.missing,
            decimals, origin, step, spread,
        )  # fmt: skip

    @property
    def choices(self) -> int:
        """Kinds of cells: numbers between, each spike, missing ones."""
        return bool(self.values) + len(self.spikes) + self.missing

    @property
    def gated(self) -> int:
        """Coordinates of the score: none where all cells are spikes or missing."""
        return int(len(self.values) > 1)

    @property
    def width(self) -> int:
        """Coordinates in all."""
        return self.gated + (self.choices if self.choices > 1 else 0)

    @property
    def blocks(self) -> tuple[tuple[int, int, int], ...]:
        """As of a category: the first coordinate that is one-hot, how many, and the score before them."""
        return ((self.gated, self.choices, self.gated),) if self.choices > 1 else ()

    def inward(self, cells: Array) -> Array:
        """Return cells in the numbers of the knots, float64 (n,)."""
        if self.decimals is None:
            return cells.astype(np.float64)
        return ((_ticks(cells, self.decimals) - self.origin) // self.step).astype(np.float64)

    def outward(self, values: Array) -> Array:
        """Return cells: int64 where there are no decimals, else float64."""
        if self.decimals is None:
            return values
        ticks = np.rint(values).astype(np.int64) * self.step + self.origin
        return ticks if self.decimals == 0 else ticks / 10.0**self.decimals

    def encode(self, column: Column, name: str) -> Array:
        """Return rows (n, width), float64; numbers beyond the training part's are at its ends.

        Raises:
            DataError: for missing cells where there were none.
        """
        gone = np.zeros(len(column), dtype=bool) if column.missing is None else column.missing
        if gone.any() and not self.missing:
            raise DataError(
                f'column "{name}" had no missing cells in the training table; now {int(gone.sum()):,} are '
                "missing. Fill them."
            )
        values = self.inward(np.where(gone, column.cells.dtype.type(0), column.cells))
        kinds = np.zeros(len(column), dtype=np.int64)
        first = int(bool(self.values))
        for place, spike in enumerate(self.spikes):
            kinds[values == spike] = first + place
        kinds[gone] = first + len(self.spikes)
        scores = (
            np.interp(self._spread(values), self.values, self.scores)
            if self.gated
            else values[:, None][:, :0]
        )
        one_hot = (kinds[:, None] == np.arange(self.choices)).astype(np.float64)
        parts = [np.where(kinds == 0, scores, 0.0)[:, None]] if self.gated else []
        return np.concatenate([*parts, one_hot[:, : self.width - self.gated]], 1)

    def beyond(self, column: Column) -> int:
        """Count the cells beyond the numbers of the training part."""
        known = self.inward(column.cells if column.missing is None else column.cells[~column.missing])
        ends = [*self.values[:1], *self.values[-1:], *self.spikes]
        return int(((known < min(ends)) | (known > max(ends))).sum()) if ends else len(known)

    def decode(self, coordinates: Array) -> Column:
        """Return the cells of rows (n, width)."""
        if self.choices > 1:
            kinds = coordinates[:, self.gated :].argmax(1)
        else:
            kinds = np.zeros(len(coordinates), dtype=np.int64)
        first = int(bool(self.values))
        if self.gated:
            values = np.interp(coordinates[:, 0].astype(np.float64), self.scores, self.values)
        else:
            values = np.full(len(coordinates), self.values[0] if self.values else 0.0)
        for place, spike in enumerate(self.spikes):
            values[kinds == first + place] = spike
        gone = (kinds == first + len(self.spikes)) if self.missing else np.zeros(len(coordinates), dtype=bool)
        return Column(self.outward(values), gone if gone.any() else None, kind="number")

    def moments(self) -> tuple[list[float], list[float]]:
        """Return centre and scale of each coordinate."""
        if self.choices < 2:
            return [0.0] * self.width, [1.0] * self.width
        counts = self.counts if self.values else self.counts[1:]  # no coordinate says that a cell is between
        shares = np.array(counts) / max(sum(counts), 1)
        spread = max(float(1 - (shares**2).sum()), 0.01) ** 0.5
        return [0.0] * self.gated + shares.tolist(), [1.0] * self.gated + [spread] * self.choices

    def _spread(self, values: Array) -> Array:
        """Return whole numbers spread over their intervals, always alike."""
        if not self.spread:
            return values
        random = np.random.default_rng(0)
        return values + INSIDE * (random.random(len(values)) - 0.5)

    def to_json(self) -> dict[str, Any]:
        """Describe it in JSON's types."""
        return {key: list(one) if isinstance(one, tuple) else one for key, one in vars(self).items()}


def _require_finite(cells: Array, name: str) -> None:
    if cells.dtype.kind == "f" and not np.isfinite(cells).all():
        raise DataError(
            f'numbers must be finite; column "{name}" holds {int((~np.isfinite(cells)).sum()):,} infinite '
            "values. Repair or remove those rows."
        )


def _ticks(cells: Array, decimals: int) -> Array:
    """Return cells as whole numbers of 10^-decimals."""
    if cells.dtype.kind in "iub":
        return cells.astype(np.int64) * 10**decimals
    return np.rint(cells * 10.0**decimals).astype(np.int64)


def _grid(cells: Array, decimals: int | None, name: str) -> tuple[int | None, int, int]:
    """Return decimals, origin and step of cells; None, 0 and 1 where they are not on a grid that float64 resolves."""
    if decimals is None or not len(cells):
        return (decimals if not len(cells) else None), 0, 1
    if cells.dtype.kind in "iu":
        if int(cells.max()) >= 2**63:
            raise DataError(_too_far(name))
    elif float(np.abs(cells).max()) * 10.0**decimals > EXACT:
        return None, 0, 1
    ticks = _ticks(cells, decimals)
    origin = int(ticks.min())
    far = int(ticks.max()) - origin
    if far >= 2**63:
        raise DataError(_too_far(name))
    step = int(np.gcd.reduce(ticks - origin)) or 1
    if far // step > EXACT:
        raise DataError(_too_far(name))
    return decimals, origin, step


def _too_far(name: str) -> str:
    return (
        f'the whole numbers of column "{name}" span more than 2^53, which float64 cannot hold exactly. If '
        "they are ids, leave "
        f"the column out (--drop {name}); if they are a few labels, use --categories {name}."
    )


def _spikes(distinct: Array, counts: Array, total: int, on_grid: bool) -> NDArray[np.bool_]:
    """Return which values recur so much that they are categories."""
    if len(distinct) == 1:
        return np.zeros(1, dtype=bool)
    spikes = counts >= max(SPIKE * total, FEWEST)
    if on_grid and _is_dense(distinct, counts):
        return spikes if spikes.sum() < len(distinct) else np.zeros(len(distinct), dtype=bool)
    usual = float(np.median(counts))
    return spikes | (counts >= max(SMALL_SPIKE * total, FEWEST, 5 * usual))


def _is_dense(distinct: Array, counts: Array) -> bool:
    """Whether most cells have a neighbour a step or two away, as ages do."""
    if len(distinct) < 2:
        return False
    near = np.minimum(np.diff(distinct, prepend=-np.inf), np.diff(distinct, append=np.inf)) <= 2
    return bool(counts[near].sum() >= 0.5 * counts.sum() and len(distinct) * 2 <= counts.sum())


def _knots(distinct: Array, counts: Array, *, spread: bool) -> tuple[Array, Array]:
    """Return scores and values of knots: each value in the middle of its share, and what is halfway between two.

    Of whole numbers that are spread, also the ends of the interval of each that stands alone.
    """
    if len(distinct) < 2:
        return np.zeros(len(distinct)), distinct
    if len(distinct) > MOST_KNOTS:
        distinct, counts = _thinned(distinct, counts)
    upper = counts.cumsum()
    middle = upper - counts / 2
    between = distinct[:-1] / 2 + distinct[1:] / 2
    values = np.empty(2 * len(distinct) - 1)
    ranks = np.empty(2 * len(distinct) - 1)
    values[::2], values[1::2], ranks[::2], ranks[1::2] = distinct, between, middle, upper[:-1]
    if spread:  # the first and the last are as wide as the others
        values = np.concatenate([[distinct[0] - END], values, [distinct[-1] + END]])
        ranks = np.concatenate([[min(0.5, counts[0] / 4)], ranks, [upper[-1] - min(0.5, counts[-1] / 4)]])
    scores = torch.special.ndtri(torch.from_numpy(ranks / upper[-1])).numpy().astype(np.float32)
    # Halfway between neighbouring floats there is nothing, and equal knots would have no inverse.
    rising = np.concatenate([[True], (np.diff(values) > 0) & (np.diff(scores) > 0)])
    return scores[rising].astype(np.float64), values[rising]


def _thinned(distinct: Array, counts: Array) -> tuple[Array, Array]:
    """Return so many of the values, at equal shares and both ends, with what lies between counted to them."""
    upper = counts.cumsum()
    places = np.searchsorted(upper, np.linspace(0, upper[-1], MOST_KNOTS), side="left").clip(
        max=len(upper) - 1
    )
    places = np.unique(np.concatenate([[0], places, [len(upper) - 1]]))
    edges = np.concatenate(
        [[0], (upper[places[:-1]] + upper[places[1:]] - counts[places[1:]]) / 2, [upper[-1]]]
    )
    return distinct[places], np.diff(edges)
