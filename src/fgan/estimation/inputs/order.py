"""Rows whose order means something: whether those next to each other are alike, and blocks that keep them together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from fgan.errors import FganError
from fgan.estimation.inputs.encoding import Inputs
from fgan.estimation.inputs.read import Samples, keeps_order

ALIKE = 0.2
"""A lag correlation from which on rows are no independent samples, where chance does not explain it."""
CHANCE = 4.0
"""Standard errors that chance does not explain."""
MOST_COLUMNS = 64
FEWEST_BLOCKS = 10


def checked_blocks(blocks: int | None, samples: tuple[Samples, Samples], n: int | None) -> int:
    """Return how many consecutive rows stay together, 1 unless asked for.

    Raises:
        FganError: for no such number, or rows whose order is none.
    """
    if blocks is None:
        return 1
    if isinstance(blocks, bool) or not isinstance(blocks, (int, np.integer)) or blocks < 2:
        raise FganError(
            f"blocks (--blocks) is how many consecutive rows stay together, a whole number from 2 on; got {blocks!r}."
        )
    if n is not None or not all(map(keeps_order, samples)):
        raise FganError(
            "blocks (--blocks) are of rows in their own order: n (--n) draws rows by chance, data by name are split "
            "and runs draw. Give arrays, .npy files or tables, and leave out n."
        )
    return int(blocks)


def require_blocks(inputs: Inputs, folds: int, block: int) -> None:
    """Raise an FganError where there are too few blocks to train, stop and report."""
    count, fewest = inputs.smallest // block, max(FEWEST_BLOCKS, 2 * folds)
    if block > 1 and count < fewest:
        raise FganError(
            f"{folds} folds need at least {fewest} blocks (--blocks) of each set; {inputs.smallest} rows in blocks of "
            f"{block} make {count}. Take shorter blocks, fewer folds or more rows."
        )


def with_note_on_order(inputs: Inputs, samples: tuple[Samples, Samples]) -> Inputs:
    """Return inputs with a note where rows next to each other are alike, so that they are no independent samples.

    Of rows (x, y), those of x must be alike and those of y too: what chance makes of their dependence grows with the
    product of both correlations.

    Source: Bartlett, "On the theoretical specification and sampling properties of autocorrelated time-series" (1946).
    """
    if inputs.kind == "images" or not all(map(keeps_order, samples)):
        return inputs
    found = [lag_correlation(side) for side in (inputs.first, inputs.second)]
    alike = [
        abs(one) > max(ALIKE, CHANCE / math.sqrt(len(side)))
        for one, side in zip(found, (inputs.first, inputs.second), strict=True)
    ]
    if not (all(alike) if inputs.joint else any(alike)):
        return inputs
    said = " and ".join(
        f"{one:.2f} in {name}" for one, name, which in zip(found, inputs.names, alike, strict=True) if which
    )
    note = (
        f"rows next to each other are alike (correlation with the next row: {said}). Steps of a series are not "
        "independent samples: intervals are too narrow, and p-values and lower_bound too bold. Give blocks=N "
        "(--blocks N), so many consecutive rows that blocks of them hardly depend on each other. If rows were only "
        "sorted, shuffle them."
    )
    return replace(inputs, notes=(*inputs.notes, note))


def lag_correlation(rows: Tensor) -> float:
    """Return the correlation of rows with the next ones, by ranks, in the column where it is strongest.

    >>> round(lag_correlation(torch.arange(100.0)[:, None]), 1)
    1.0
    """
    columns = rows.double().flatten(1) if rows.ndim > 1 else rows.double()[:, None]
    z = ranks_of(columns[:, :MOST_COLUMNS])
    z = z - z.mean(0)
    power = z.square().sum(0)
    found = (z[1:] * z[:-1]).sum(0) / power.clamp(min=1e-300)
    return float(found[found.abs().argmax()])


def ranks_of(columns: Tensor) -> Tensor:
    """Return the rank of each value in its column, equal ones alike."""
    return torch.stack([column.unique(return_inverse=True)[1].double() for column in columns.T], 1)
