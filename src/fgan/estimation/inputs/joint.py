"""Read paired samples (x, y): vectors with vectors, or categories with categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fgan.data.tables.kinds import Kinds, kinds_by_name
from fgan.errors import DataError
from fgan.estimation.inputs.encoding import Inputs, Numbered, categories_of, coordinates_of
from fgan.estimation.inputs.notes import NAMED, notes_on_rows
from fgan.estimation.inputs.read import (
    Read,
    Samples,
    check_count,
    keeps_order,
    opened,
    read_rows,
    require_enough,
    require_finite,
    require_rows,
)
from fgan.estimation.inputs.settle import as_asked, how_read, notes_on_sentinels, notes_on_words, settle
from fgan.estimation.inputs.weighting import WeightsLike, columns_of, is_column, taken_apart
from fgan.output import Say, to_stderr

Categories = dict[tuple[Any, ...], int]


def read_joint(
    x: Samples,
    y: Samples,
    *,
    n: int | None = None,
    kinds: Kinds = None,
    missing: str = "refuse",
    seed: int = 0,
    say: Say = to_stderr,
    weights: WeightsLike = None,
) -> Inputs:
    """Read paired samples of X and Y, row by row.

    Args:
        x, y: as `fgan.estimate` takes them, but images. A side of words, truth values or few whole numbers is a
            category (`kind_of`), each distinct row one; beside a side of numbers, each is a coordinate of 0 and 1.
        n: at most so many rows, drawn by chance.
        kinds: "number" or "category" by the name of a column, or its place in arrays, those of x first; or one for all.
        missing: "refuse" rows that lack a value, or "drop" them, from both.
        seed: decides which.
        say: function that receives remarks about loaded data.
        weights: of the rows; see `WeightsLike`. A column may be of x or of y.

    Raises:
        DataError: where they cannot be read, are not of one length, are too few, hold NaN, or do not keep their rows in
            one order.
    """
    check_count(n)
    x, y = opened([x, y], kinds, say)
    x, y, weight = _weighing(x, y, weights)
    sides = [_side(samples, name, seed, say, missing, weight) for samples, name in ((x, "X"), (y, "Y"))]
    names = (sides[0].name, sides[1].name)
    in_order = keeps_order(x), keeps_order(y)
    if in_order[0] != in_order[1]:
        raise DataError(
            f"x and y must be paired row by row; {names[in_order.index(False)]} is a named data set or a run, "
            "drawn at random. "
            "Pass both as arrays, .npy files or tables."
        )
    if len(sides[0]) != len(sides[1]):
        raise DataError(
            f"x and y must have the same number of rows; {names[0]} has {len(sides[0])}, {names[1]} has "
            f"{len(sides[1])}. "
            "Row i of x and row i of y must belong together."
        )
    require_rows(x, weight, names[0])
    sides = [side.weighted(weight) for side in sides]
    masks = [side.gone for side in sides if side.gone is not None]
    gone = np.logical_or.reduce(masks) if masks else None
    sides = [side.present(gone).some(n, seed) for side in sides]  # one seed, so the same rows
    for side in sides:
        require_finite(side)
    require_enough(*sides)
    asked = _asked(sides, kinds)
    sides = [settle(as_asked(side, one))[0] for side, one in zip(sides, asked, strict=True)]
    how = how_read(sides, together=True)
    for line in how.files:
        say(line)
    relative = sides[0].relative, sides[0].relative
    notes = (*sides[0].weight_notes, *(note for side in sides for note in notes_on_words(side)))
    known = [categories_of(side) for side in sides]
    if known[0] is not None and known[1] is not None:
        x, y = (Numbered(one or {}).of(side) for side, one in zip(sides, known, strict=True))
        return Inputs(x, y, "categories", names, (), joint=True, notes=notes, weights=relative, how=how)
    found = _vectors(sides, names, (weights,) if is_column(weights) else ())
    return replace(found, notes=(*found.notes, *notes), weights=relative, how=how)


def _weighing(x: Samples, y: Samples, weights: WeightsLike) -> tuple[Samples, Samples, Any]:
    """Return both sides without a column of weights, and the weights."""
    if is_column(weights) and weights in columns_of(y) and weights not in columns_of(x):
        y, weight = taken_apart(y, weights, "Y")
        return x, y, weight
    x, weight = taken_apart(x, weights, "X")
    return x, y, weight


def _side(samples: Samples, name: str, seed: int, say: Say, missing: str, weight: Any) -> Read:  # noqa: ANN401
    side = read_rows(samples, name, None, seed, say, missing, weight=weight)
    if side.images is not None:
        raise DataError(
            f"mutual information takes vectors and categories, not images; {side.name} holds images. Pass "
            "features of "
            "them (see fgan.evaluation), or flatten small ones."
        )
    return replace(side, name=", ".join(side.columns)) if side.named and len(side.columns) <= NAMED else side


def _asked(sides: Sequence[Read], kinds: Kinds) -> list[dict[str, str]]:
    """Return the kinds that a user asks for, of each side; places in arrays count on from X to Y."""
    if not isinstance(kinds, Mapping):
        return [kinds_by_name(kinds, side.columns, side.named) for side in sides]
    width = len(sides[0].columns)
    found: list[dict[str, str]] = [{}, {}]
    for key, kind in kinds.items():
        of_y = key >= width if isinstance(key, int) else str(key) not in sides[0].columns
        side, place = sides[of_y], key - width if isinstance(key, int) and of_y else key
        found[of_y].update(kinds_by_name({place: kind}, side.columns, side.named))
    return found


def _vectors(sides: Sequence[Read], names: tuple[str, str], aside: tuple[str, ...]) -> Inputs:
    cells = [
        [
            cell.astype(str) if column.kind == "category" else cell
            for cell, column in zip(side.cells, side.how, strict=True)
        ]
        for side in sides
    ]
    columns = tuple(f"{side.name}, {column}" for side in sides for column in side.columns)
    how = tuple(column for side in sides for column in side.how)
    whole = Read(" and ".join(names), [*cells[0], *cells[1]], columns, how=how)
    encode = coordinates_of(whole, aside=aside)
    rows = encode.of(whole)
    width = sum(1 if words is None else len(words) for words in encode.words[: len(cells[0])])
    return Inputs(
        rows[:, :width],
        rows[:, width:],
        "vectors",
        names,
        encode.names,
        encode,
        joint=True,
        numbers=whole.numbers,
        notes=(*notes_on_rows(rows, encode.names), *notes_on_sentinels(*sides)),
    )
