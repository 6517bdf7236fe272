"""Samples that belong together, from wherever they are: vectors beside vectors, or categories beside categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fgan.errors import DataError
from fgan.estimation.inputs.encoding import Inputs, Numbered, categories_of, coordinates_of
from fgan.estimation.inputs.notes import NAMED, notes_on_rows
from fgan.estimation.inputs.read import Read, Samples, check_count, keeps_order, read, require_enough
from fgan.estimation.inputs.weighting import WeightsLike, columns_of, is_column, taken_apart
from fgan.output import Say, to_stderr

MOST_LABELS = 20
"""Beside real numbers, whole numbers of more than so many different values are numbers too."""

Categories = dict[tuple[Any, ...], int]


def read_joint(
    x: Samples,
    y: Samples,
    *,
    n: int | None = None,
    seed: int = 0,
    say: Say = to_stderr,
    weights: WeightsLike = None,
) -> Inputs:
    """Read samples of X and of Y that belong together, row by row.

    Args:
        x, y: as `fgan.estimate` takes them, but images. A side of words, truth values or few whole numbers is a
            category, each distinct row one; beside a side of real numbers, each is a coordinate of 0 and 1.
        n: at most so many rows, drawn by chance.
        seed: decides which.
        say: told what is worth knowing of data that are loaded.
        weights: of the rows; see `WeightsLike`. A column may be of x or of y.

    Raises:
        DataError: where they cannot be read, are not of one length, are too few, hold NaN, or do not keep their rows in
            one order.
    """
    check_count(n)
    x, y, weight = _weighing(x, y, weights)
    sides = [_side(samples, name, seed, say) for samples, name in ((x, "X"), (y, "Y"))]
    names = (sides[0].name, sides[1].name)
    in_order = keeps_order(x), keeps_order(y)
    if in_order[0] != in_order[1]:
        raise DataError(
            f"rows of {names[in_order.index(False)]} are not in an order of their own: data by name are split, and "
            "runs draw. Give both sets as arrays, .npy files or tables, row by row of the same thing."
        )
    if len(sides[0]) != len(sides[1]):
        raise DataError(
            f"mutual information is of rows that belong together; {names[0]} has {len(sides[0])}, {names[1]} "
            f"{len(sides[1])}. Give two sets of one length, row by row of the same thing."
        )
    sides = [side.weighted(weight).some(n, seed) for side in sides]  # one seed, so the same rows
    require_enough(*sides)
    relative, notes = (sides[0].relative,) * 2, sides[0].weight_notes
    known = _categories(sides)
    if known[0] is not None and known[1] is not None:
        x, y = (Numbered(one or {}).of(side) for side, one in zip(sides, known, strict=True))
        return Inputs(x, y, "categories", names, (), joint=True, notes=notes, weights=relative)
    found = _vectors(sides, known, names)
    return replace(found, notes=(*found.notes, *notes), weights=relative)


def _weighing(x: Samples, y: Samples, weights: WeightsLike) -> tuple[Samples, Samples, Any]:
    """Return both sides without a column of weights, and the weights."""
    if is_column(weights):
        holds = [isinstance(side, Mapping) or hasattr(side, "columns") for side in (x, y)]
        in_y = holds[1] and not (holds[0] and weights in columns_of(x))
        y, of_y = taken_apart(y, weights, "Y") if in_y else (y, None)
        x, of_x = (x, None) if in_y else taken_apart(x, weights, "X")
        return x, y, of_y if in_y else of_x
    return x, y, taken_apart(x, weights, "X and Y")[1]


def _side(samples: Samples, name: str, seed: int, say: Say) -> Read:
    side = read(samples, name, None, seed, say)
    if side.images is not None:
        raise DataError(
            f"mutual information is of vectors and categories; {side.name} holds images. Give features of them, "
            "such as fgan.evaluation extracts, or flatten small ones."
        )
    return replace(side, name=", ".join(side.columns)) if side.named and len(side.columns) <= NAMED else side


def _categories(sides: Sequence[Read]) -> list[Categories | None]:
    """Return the categories of each side, or None; whole numbers beside real ones may be ages, and no labels."""
    known = [categories_of(side) for side in sides]
    for one, other in ((0, 1), (1, 0)):
        labels = known[one]
        whole_numbers = all(cell.dtype.kind in "iu" for cell in sides[one].cells)
        if labels is not None and known[other] is None and whole_numbers and len(labels) > MOST_LABELS:
            known[one] = None
    return known


def _vectors(sides: Sequence[Read], known: Sequence[Categories | None], names: tuple[str, str]) -> Inputs:
    cells = [
        [cell if categories is None else cell.astype(str) for cell in side.cells]
        for side, categories in zip(sides, known, strict=True)
    ]
    columns = tuple(f"{side.name}, {column}" for side in sides for column in side.columns)
    whole = Read(" and ".join(names), [*cells[0], *cells[1]], columns)
    encode = coordinates_of(whole)
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
        notes=notes_on_rows(rows, encode.names),
    )
