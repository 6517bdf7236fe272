"""Rows with a meaningful order: autocorrelation, and blocks that keep neighbours together."""

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
"""A lag correlation from which rows are not independent samples, if chance does not explain it."""
CHANCE = 4.0
"""Standard errors that chance does not explain."""
MOST_COLUMNS = 64
FEWEST_BLOCKS = 10


def checked_blocks(blocks: int | None, samples: tuple[Samples, Samples], n: int | None) -> int:
    """Return how many consecutive rows stay together (default: 1).

    Raises:
        FganError: for an invalid number, or samples without a meaningful order.
    """
    if blocks is None:
        return 1
    if isinstance(blocks, bool) or not isinstance(blocks, (int, np.integer)) or blocks < 2:
        raise FganError(
            f"blocks (--blocks) must be a whole number of consecutive rows, at least 2; got {blocks!r}."
        )
    if n is not None or not all(map(keeps_order, samples)):
        raise FganError(
            "blocks (--blocks) need rows in their original order; n (--n), named data sets and runs are drawn "
            "at random. "
            "Pass arrays, .npy files or tables, and leave out n."
        )
    return int(blocks)


def require_blocks(inputs: Inputs, folds: int, block: int) -> None:
    """Raise an FganError if there are too few blocks to train, stop and report."""
    count, fewest = inputs.smallest // block, max(FEWEST_BLOCKS, 2 * folds)
    if block > 1 and count < fewest:
        raise FganError(
            f"{folds} folds need at least {fewest} blocks (--blocks) in each set; {inputs.smallest} rows in "
            "blocks of "
            f"{block} make {count}. Use shorter blocks, fewer folds or more rows."
        )


def with_note_on_order(inputs: Inputs, samples: tuple[Samples, Samples]) -> Inputs:
    """Return inputs with a warning if consecutive rows are correlated, and so not independent samples.

    For rows (x, y), both x and y must be autocorrelated: spurious dependence grows with the product of both
    correlations.

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
        f"consecutive rows are correlated (lag-1 correlation: {said}), so they are not independent samples: "
        "intervals are "
        "too narrow, and p-values and lower_bound too optimistic. For a time series set blocks=N (--blocks "
        "N), longer "
        "than the dependence. If the rows are merely sorted, shuffle them."
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
