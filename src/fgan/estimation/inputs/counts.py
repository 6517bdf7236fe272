"""Histograms at the door of samples: counts as samples of categories, and a warning where they come as numbers."""

from __future__ import annotations

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
from fgan.estimation.inputs.read import Read, opened, require_enough
from fgan.output import Say, to_stderr

MOST = 20_000_000
"""Counts of a set that are held as samples, at most."""


def read_counts(p: Counts, q: Counts, say: Say = to_stderr) -> Inputs:
    """Read two count tables as samples of categories.

    Args:
        p, q: whole numbers, as `fgan.between` takes them; or .npy files, or tables whose last column counts what those
            before it name.
        say: told what is worth knowing of files.

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
            f"each category of a count table (--counts) has one row; {table.name} has {twice!r} more than once. Add "
            "them up."
        )
    return dict(zip(cells, counts, strict=True))


def _samples(histogram: Histogram) -> Tensor:
    name = histogram.name
    if not histogram.counted:
        kind = "are probabilities" if histogram.sums_to_one else f"sum to {histogram.total:.6g}"
        raise DataError(
            f"counts (--counts) are whole numbers; those of {name} {kind}. Between probabilities nothing is to be "
            "estimated: fgan.between(p, q) is the exact number."
        )
    if histogram.total > MOST:
        raise DataError(
            f"counts are taken as samples, of which {MOST:,} of a set are the most; {name} has {histogram.total:,.0f}. "
            "So many leave hardly an interval: take fgan.between(p, q)."
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


def seen_as_histograms(*sets: Read) -> str:
    """Return what to say of sets of samples that look like probability vectors; nothing of others."""
    found = [one.name for one in sets if _sums_to_one(one)]
    if not found:
        return ""
    return (
        f"{' and '.join(found)} sum{'s' * (len(found) == 1)} to 1 and {'has' if len(found) == 1 else 'have'} no "
        "negative number, as a histogram does. Here every number is a sample; between two histograms, take "
        "fgan.between(p, q), or counts=True (--counts) for counts."
    )


def _sums_to_one(samples: Read) -> bool:
    if samples.images is not None or not all(cell.dtype.kind == "f" for cell in samples.cells):
        return False
    total = sum(float(cell.sum()) for cell in samples.cells)
    return abs(total - 1) < ROUNDING and all((cell >= 0).all() for cell in samples.cells)
