"""Read the samples of P and of Q."""

from __future__ import annotations

from fgan.data.tables.kinds import Kinds, kinds_by_name
from fgan.errors import DataError
from fgan.estimation.inputs.counts import seen_as_histograms
from fgan.estimation.inputs.encoding import (
    ImagesLike,
    Inputs,
    Numbered,
    categories_of,
    coordinates_of,
    require_alike,
    require_one_kind,
)
from fgan.estimation.inputs.notes import notes_on_two_samples
from fgan.estimation.inputs.read import Samples, opened, read, require_enough
from fgan.estimation.inputs.settle import as_asked, how_read, notes_on_sentinels, notes_on_words, settle
from fgan.estimation.inputs.weighting import WeightsLike, is_column
from fgan.load_options import LoadOptions
from fgan.output import Say, to_stderr


def read_two_samples(
    p: Samples,
    q: Samples,
    *,
    n: int | None = None,
    kinds: Kinds = None,
    missing: str = "refuse",
    seed: int = 0,
    options: LoadOptions | None = None,
    say: Say = to_stderr,
    weights: tuple[WeightsLike, WeightsLike] = (None, None),
) -> Inputs:
    """Read samples of P and of Q.

    Args:
        p, q: see `Samples`. Real numbers are vectors; words, truth values and few whole numbers are categories
            (`kind_of`): each distinct row one, if there are no others and these are few, or else a coordinate of 0
            and 1 for each. Arrays of rank 3 and 4 are images, as for `fgan.load_data`.
        n: samples to draw from a run or distribution (default: 10,000); otherwise the maximum number of rows to use.
        kinds: "number" or "category" by the name of a column, or its place in an array; or one for all.
        missing: "refuse" rows that lack a value, or "drop" them.
        seed: decides which.
        options: how files become samples.
        say: function that receives remarks about loaded data.
        weights: of the samples of P and of Q; see `WeightsLike`.

    Raises:
        DataError: where they cannot be read, are not of one kind and size, are too few, or hold NaN.

    >>> inputs = read_two_samples([0.5, 1.5] * 50, [[0.0], [1.0]] * 50)
    >>> inputs.first.shape, inputs.kind
    (torch.Size([100, 1]), 'vectors')
    """
    p, q = opened([p, q], kinds, say)
    first = read(p, "P", n, seed, say, missing, weights[0], options)
    second = read(q, "Q", n, seed + 1, say, missing, weights[1], options)
    names, aside = (first.name, second.name), tuple({one: None for one in weights if is_column(one)})
    if (first.images is None) != (second.images is None):
        raise DataError(
            f"either both sets hold images, or neither does; of {names[0]} and {names[1]}, only one does."
        )
    by_name = first.named and second.named
    named = (first.columns, second.columns) if first.named or second.named else ((), ())
    require_alike(first.shape, second.shape, names, *named)
    if by_name and first.columns != second.columns:
        say(f"columns of Q were matched by name, in the order of P: {', '.join(first.columns)}")
        second = second.select(first.columns)
    histograms = seen_as_histograms(first, second)
    require_enough(first, second, hint=histograms)
    asked = kinds_by_name(kinds, first.columns, first.named)
    first, second = as_asked(first, asked), as_asked(second, asked)
    require_one_kind(first, second)
    first, second = settle(first, second)
    how = how_read([first, second])
    for line in how.files:
        say(line)
    categories = categories_of(first, second)
    if first.images is not None:
        kind, columns, encode = "images", (), ImagesLike(first.shape)
    elif categories is not None:
        labels = tuple(", ".join(map(str, row)) for row in categories)
        names_given = first.columns if first.named else None
        kind, columns, encode = "categories", labels, Numbered(categories, names_given, asked, aside)
    else:
        encode = coordinates_of(first, second, asked=asked, aside=aside)
        kind, columns = "vectors", encode.names
    sides = encode.of(first), encode.of(second)
    notes = [
        *notes_on_two_samples(*sides, kind, columns),
        *notes_on_sentinels(first, second),
        *notes_on_words(first, second),
        *first.weight_notes,
        *second.weight_notes,
        *filter(None, [histograms]),
    ]
    return Inputs(
        *sides,
        kind,
        names,
        columns,
        encode,
        numbers=first.numbers,
        notes=tuple(notes),
        weights=(first.relative, second.relative),
        how=how,
    )
