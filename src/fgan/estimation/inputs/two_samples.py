"""Two sets of samples, from wherever they are: of P and of Q."""

from __future__ import annotations

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
from fgan.estimation.inputs.read import Samples, read, require_enough
from fgan.estimation.inputs.weighting import WeightsLike
from fgan.output import Say, to_stderr


def read_two_samples(
    p: Samples,
    q: Samples,
    *,
    n: int | None = None,
    seed: int = 0,
    say: Say = to_stderr,
    weights: tuple[WeightsLike, WeightsLike] = (None, None),
) -> Inputs:
    """Read samples of P and of Q.

    Args:
        p, q: see `Samples`. Real numbers are vectors. Whole numbers, words and truth values are categories, each
            distinct row one, if these are few; else whole numbers are numbers, and each word a coordinate of 0 and 1.
            Arrays of rank 3 and 4 are images, as for `fgan.load_data`.
        n: samples to draw from a run or distribution (default: 10,000); otherwise the maximum number of rows to use.
        seed: decides which.
        say: told what is worth knowing of data that are loaded.
        weights: of the samples of P and of Q; see `WeightsLike`.

    Raises:
        DataError: where they cannot be read, are not of one kind and size, are too few, or hold NaN.

    >>> inputs = read_two_samples([0.5, 1.5] * 50, [[0.0], [1.0]] * 50)
    >>> inputs.first.shape, inputs.kind
    (torch.Size([100, 1]), 'vectors')
    """
    first, second = read(p, "P", n, seed, say, weights[0]), read(q, "Q", n, seed + 1, say, weights[1])
    names = (first.name, second.name)
    if (first.images is None) != (second.images is None):
        raise DataError(f"both sets hold images, or neither; of {names[0]} and {names[1]} only one does.")
    require_alike(first.shape, second.shape, names, first.columns, second.columns)
    histograms = seen_as_histograms(first, second)
    require_enough(first, second, hint=histograms)
    require_one_kind(first, second)
    categories = categories_of(first, second)
    if first.images is not None:
        kind, columns, encode = "images", (), ImagesLike(first.shape)
    elif categories is not None:
        labels = tuple(", ".join(map(str, row)) for row in categories)
        names_given = first.columns if first.named else None
        kind, columns, encode = "categories", labels, Numbered(categories, names_given)
    else:
        encode = coordinates_of(first, second)
        kind, columns = "vectors", encode.names
    sides = encode.of(first), encode.of(second)
    notes = [*notes_on_two_samples(*sides, kind, columns), *first.weight_notes, *second.weight_notes]
    return Inputs(
        *sides,
        kind,
        names,
        columns,
        encode,
        numbers=first.numbers and second.numbers,
        notes=(*notes, histograms) if histograms else tuple(notes),
        weights=(first.relative, second.relative),
    )
