"""Samples that belong together, from wherever they are: vectors beside vectors, or categories beside categories."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from fgan.errors import DataError
from fgan.estimation.inputs.encoding import Pair, categories_of, coordinates_of, rows_of
from fgan.estimation.inputs.notes import (
    DISTINCT,
    NAMED,
    constant_columns,
    require_enough,
    require_finite,
    require_most,
)
from fgan.estimation.inputs.read import Read, Samples, keeps_order, read
from fgan.output import Say

PAIRS = 100
"""Where so many times n² rows are possible, no two of n should be alike."""
MOST_LABELS = 20
"""Beside real numbers, whole numbers of more than so many different values are numbers too."""


@dataclass(frozen=True)
class Together:
    """Two sets of samples, row by row of one thing each.

    Args:
        x, y: vectors, float64 (n, dx), (n, dy); or categories, int64 (n,), (n,).
        kind: "vectors" or "categories".
        pair: rows (x, y), and what encodes more of them; of no use for categories.
        real: whether every coordinate is a number of its own, none of them a category's.
        notes: what is worth knowing of them.
    """

    x: Tensor
    y: Tensor
    kind: str
    pair: Pair
    real: bool
    notes: list[str]


def together_of(x: Samples, y: Samples, *, n: int | None, seed: int, say: Say) -> Together:
    """Read two sets of samples that belong together.

    Args:
        x, y: as `fgan.estimate` takes them, but images. A side of words, truth values or few whole numbers is a
            category, each distinct row one; beside a side of real numbers, each is a coordinate of 0 and 1.
        n: at most so many rows, drawn by chance.
        seed: decides which.
        say: told what is worth knowing of data that are loaded.

    Raises:
        DataError: where they cannot be read, are not of one length, are too few, hold NaN, or do not keep their rows in
            one order.
    """
    require_most(n)
    sides = [_side(samples, name, seed, say) for samples, name in ((x, "X"), (y, "Y"))]
    lengths = [len(side) for side in sides]
    names = (sides[0].name, sides[1].name)
    in_order = keeps_order(x), keeps_order(y)
    if in_order[0] != in_order[1]:
        raise DataError(
            f"rows of {names[in_order.index(False)]} are not in an order of their own: data by name are split, and "
            "runs draw. Give both sets as arrays, .npy files or tables, row by row of the same thing."
        )
    if lengths[0] != lengths[1]:
        raise DataError(
            f"mutual information is of rows that belong together; {names[0]} has {lengths[0]}, {names[1]} "
            f"{lengths[1]}. Give two sets of one length, row by row of the same thing."
        )
    sides = [side.some(n, seed) for side in sides]  # one seed, so the same rows
    require_enough(len(sides[0]), len(sides[1]), names)
    categories = [categories_of(side, side) for side in sides]
    for one, other in ((0, 1), (1, 0)):
        whole_numbers = all(cell.dtype.kind in "iu" for cell in sides[one].cells)
        known = categories[one]
        if known is not None and categories[other] is None and whole_numbers and len(known) > MOST_LABELS:
            categories[one] = None  # ages, not labels
    if all(one is not None for one in categories):
        return _categories(sides, [one or {} for one in categories], names)
    whole = Read(
        " and ".join(names),
        [
            cell
            for side, known in zip(sides, categories, strict=True)
            for cell in _cells(side, known is not None)
        ],
        tuple(f"{side.name}, {column}" for side in sides for column in side.columns),
    )
    encode = coordinates_of(whole)
    rows, of_x = encode.of(whole), len(sides[0].columns)
    width = sum(1 if words is None else len(words) for words in encode.words[:of_x])
    pair = Pair(rows, rows, "vectors", names, encode.names, encode)
    real = all(cell.dtype.kind in "fiu" for cell in whole.cells)
    return Together(
        rows[:, :width],
        rows[:, width:],
        "vectors",
        pair,
        real,
        [*constant_columns(rows, rows, pair.columns), *_copies(rows)],
    )


def _side(samples: Samples, name: str, seed: int, say: Say) -> Read:
    side = read(samples, name, None, seed, say)
    if side.images is not None:
        raise DataError(
            f"mutual information is of vectors and categories; {side.name} holds images. Give features of them, "
            "such as fgan.evaluation extracts, or flatten small ones."
        )
    require_finite(side.cells, side.columns, side.name)
    return replace(side, name=", ".join(side.columns)) if side.named and len(side.columns) <= NAMED else side


def _copies(rows: Tensor) -> list[str]:
    """Say how many rows are there more than once, where coordinates have too many values for a coincidence."""
    distinct = rows.unique(dim=0)
    repeated = len(rows) - len(distinct)
    values = [len(column.unique()) for column in distinct.T]
    possible = sum(map(math.log, values))  # log of how many rows there could be
    if not repeated or (
        max(values) <= DISTINCT * len(distinct) and possible < math.log(PAIRS * len(rows) ** 2)
    ):
        return []
    return [
        f"{repeated} of {len(rows)} rows are copies of others: if they are the same records, a copy may report on a "
        "critic that was trained on it, value and lower_bound are too high, and the p-value means nothing. Remove them."
    ]


def _cells(side: Read, categorical: bool) -> list[np.ndarray]:
    return [cell.astype(str) for cell in side.cells] if categorical else side.cells


def _categories(sides: list[Read], known: list[dict], names: tuple[str, str]) -> Together:
    x, y = (
        torch.tensor([number_of[row] for row in rows_of(side.cells)])
        for side, number_of in zip(sides, known, strict=True)
    )

    return Together(x, y, "categories", Pair(x, y, "categories", names, (), _no_critic), False, [])


def _no_critic(samples: Samples) -> Tensor:
    raise DataError("categories have no critic; their log-ratio is that of their shares.")
