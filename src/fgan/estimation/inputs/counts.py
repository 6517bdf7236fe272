"""Histograms: counts as samples of categories, and a warning if they are passed as samples."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fgan.data.arrays import read_array
from fgan.data.tables import Table as TextTable
from fgan.divergences.histograms import ROUNDING, Histogram, read_histograms
from fgan.divergences.histograms import Table as Counts
from fgan.errors import DataError
from fgan.estimation.inputs.encoding import Inputs, Numbered
from fgan.estimation.inputs.notes import notes_on_two_samples
from fgan.estimation.inputs.order import ALIKE, CHANCE, lag_correlation, ranks_of
from fgan.estimation.inputs.read import FEWEST, Read, opened, require_enough
from fgan.output import Say, to_stderr

MOST = 20_000_000
"""Counts of a set that are held as samples, at most."""
FEWEST_BINS, MOST_BINS = 2, 2000
"""Lengths of columns that may be histograms."""
SAME = 1e-6
"""How far sums of two densities over the same bins may be apart, in the range of one."""


def read_counts(p: Counts, q: Counts, say: Say = to_stderr) -> Inputs:
    """Read two count tables as samples of categories.

    Args:
        p, q: whole numbers, as `fgan.between` takes them; or .npy files, or tables whose last column counts what those
            before it name.
        say: function that receives remarks about files.

    Raises:
        DataError: for histograms that cannot be read, are not of the same categories, hold no counts, or too few.
    """
    sides = read_histograms(_opened(p, say), _opened(q, say))
    first, second = (_samples(side) for side in sides)
    labels = [sides[0].label(place) for place in range(len(sides[0].masses))]
    number_of = {_row(sides[0], place): place for place in range(len(labels))}
    names = ("P", "Q")
    require_enough(
        *(Read(name, [one.numpy()], ("count",)) for name, one in zip(names, (first, second), strict=True))
    )
    notes = notes_on_two_samples(first, second, "categories", tuple(labels))
    return Inputs(first, second, "categories", names, tuple(labels), Numbered(number_of), notes=notes)


def _opened(given: Counts, say: Say) -> Counts:
    """Return a count table from wherever it is."""
    (given,) = opened([given], None, say)
    if isinstance(given, TextTable):
        return by_category(given)
    return read_array(given) if isinstance(given, (str, Path)) else given


def by_category(table: TextTable) -> Counts:
    """Return the counts of a table from a file by category: its last column, by the cells of those before it.

    Raises:
        DataError: for a missing cell, or a category with several rows.
    """
    *keys, counts = (column.tolist() for column in table.complete().values())
    if not keys:
        return counts
    cells = keys[0] if len(keys) == 1 else list(zip(*keys, strict=True))
    twice = next((cell for cell, times in Counter(cells).items() if times > 1), None)
    if twice is not None:
        raise DataError(
            f"a count table (--counts) must have one row per category; {table.name} has {twice!r} more than "
            "once. Add the counts up."
        )
    return dict(zip(cells, counts, strict=True))


def _samples(histogram: Histogram) -> Tensor:
    name = histogram.name
    if not histogram.counted:
        kind = "are probabilities" if histogram.sums_to_one else f"sum to {histogram.total:.6g}"
        raise DataError(
            f"counts (--counts) must be whole numbers; those of {name} {kind}. For probabilities there is nothing "
            "to estimate: fgan.between(p, q) is exact."
        )
    if histogram.total > MOST:
        raise DataError(
            f"counts (--counts) may add up to {MOST:,} per set; {name} has {histogram.total:,.0f}. With so "
            "many the sampling "
            "error is negligible: use fgan.between(p, q)."
        )
    counts = torch.from_numpy(histogram.masses).long()
    return torch.arange(len(counts)).repeat_interleave(counts)


def _row(histogram: Histogram, place: int) -> tuple[object, ...]:
    """Return the cells by which further samples name a category."""
    if histogram.keys is None:
        return tuple(map(int, np.unravel_index(place, histogram.shape)))
    key = histogram.keys[place]
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(one.item() if isinstance(one, np.generic) else one for one in parts)


def seen_as_histograms(first: Read, second: Read) -> str:
    """Return a warning if sets of samples look like histograms, or "".

    Probabilities sum to 1, densities over the same bins to the same number. Counts are whole numbers in the order of
    their bins: neighbours are alike on both sides, or one side goes up and down with the other.
    """
    sets = (first, second)
    found = [one.name for one in sets if _sums_to_one(one)]
    if found:
        one = len(found) == 1
        what = f"{' and '.join(found)} sum{'s' * one} to 1 and {'has' if one else 'have'} no negative number"
    elif _of_the_same_bins(first, second):
        what = f"{first.name} and {second.name} are {len(first):,} numbers each, none negative, "
        what += "similar whole numbers row by row" if _whole(first) else "with the same sum"
    else:
        return ""
    return (
        f"{what}, so they look like histograms. fgan.estimate treats every number as a sample. For two "
        "histograms use "
        "fgan.between(p, q), or counts=True (--counts) for counts."
    )


def _sums_to_one(samples: Read) -> bool:
    if samples.images is not None or not all(cell.dtype.kind == "f" for cell in samples.cells):
        return False
    if not all(((cell >= 0) & (cell <= 1 + ROUNDING)).all() for cell in samples.cells):
        return False
    return abs(sum(float(cell.sum()) for cell in samples.cells) - 1) < ROUNDING


def _of_the_same_bins(first: Read, second: Read) -> bool:
    """Whether two columns of one length are counts, or densities, over the same bins."""
    sets = (first, second)
    if any(len(one.cells) != 1 or one.cells[0].dtype.kind not in "fiu" for one in sets):
        return False
    if any(one.how[0].unit or one.weight is not None for one in sets) or len(first) != len(second):
        return False
    p, q = (one.cells[0].astype(np.float64) for one in sets)
    if (
        not FEWEST_BINS <= len(p) <= MOST_BINS
        or min(p.min(), q.min()) < 0
        or p.min() == p.max()
        or q.min() == q.max()
    ):
        return False
    if not (_whole(first) and _whole(second)):
        high = max(p.max(), q.max())  # neither sum overflows in units of it
        return bool(abs((p / high).sum() - (q / high).sum()) <= SAME * ((p.max() - p.min()) / high))
    if len(p) < FEWEST:
        return True
    ranks = ranks_of(torch.from_numpy(np.stack([p, q], 1))).numpy()
    together = float(np.corrcoef(ranks.T)[0, 1])
    neighbours = [lag_correlation(torch.from_numpy(one)[:, None]) for one in (p, q)]
    least = max(ALIKE, CHANCE / math.sqrt(len(p)))
    return abs(together) > least or min(neighbours) > least


def _whole(samples: Read) -> bool:
    cell = samples.cells[0]
    return bool((cell == np.round(cell)).all())
