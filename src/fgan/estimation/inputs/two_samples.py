"""Two sets of samples, from wherever they are: of P and of Q."""

from __future__ import annotations

from fgan.errors import DataError
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
from fgan.load_options import LoadOptions
from fgan.output import Say, to_stderr


def read_two_samples(
    p: Samples,
    q: Samples,
    *,
    n: int | None = None,
    seed: int = 0,
    options: LoadOptions | None = None,
    say: Say = to_stderr,
) -> Inputs:
    """Read samples of P and of Q.

    Args:
        p, q: see `Samples`. Real numbers are vectors. Whole numbers, words and truth values are categories, each
            distinct row one, if these are few; else whole numbers are numbers, and each word a coordinate of 0 and 1.
            Arrays of rank 3 and 4 are images, as for `fgan.load_data`.
        n: samples to draw from a run or distribution (default: 10,000); otherwise the maximum number of rows to use.
        seed: decides which.
        options: how files become samples.
        say: told what is worth knowing of data that are loaded.

    Raises:
        DataError: where they cannot be read, are not of one kind and size, are too few, or hold NaN.

    >>> inputs = read_two_samples([0.5, 1.5] * 50, [[0.0], [1.0]] * 50)
    >>> inputs.first.shape, inputs.kind
    (torch.Size([100, 1]), 'vectors')
    """
    first, second = read(p, "P", n, seed, say, options), read(q, "Q", n, seed + 1, say, options)
    names = (first.name, second.name)
    if (first.images is None) != (second.images is None):
        raise DataError(f"both sets hold images, or neither; of {names[0]} and {names[1]} only one does.")
    require_alike(first.shape, second.shape, names, first.columns, second.columns)
    require_enough(first, second)
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
    notes = notes_on_two_samples(*sides, kind, columns)
    return Inputs(*sides, kind, names, columns, encode, numbers=first.numbers and second.numbers, notes=notes)
