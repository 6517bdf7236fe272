"""What is worth knowing of samples before a number about them is trusted: constant columns, copies, lone categories."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

NAMED = 5
"""Columns or categories that a sentence names before it counts the rest."""
DISTINCT = 0.9
"""Share of distinct samples from which on a sample that occurs twice is a copy, not a coincidence."""
PAIRS = 100
"""Where so many times n² rows are possible, no two of n should be alike."""


def notes_on_two_samples(p: Tensor, q: Tensor, kind: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a user should know of samples of P and of Q.

    Args:
        p, q: see `Inputs`.
        kind: "vectors", "images" or "categories".
        columns: the name of each coordinate of a vector, or of each category.
    """
    if kind == "categories":
        return tuple(_one_sided(p, q, columns))
    constant = _constant_columns(p, q, columns) if kind == "vectors" else []
    return (*constant, *_copies(p, q))


def notes_on_rows(rows: Tensor, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a user should know of rows (x, y), (n, d)."""
    return (*_constant_columns(rows, rows, columns), *_repeated_rows(rows))


def _one_sided(p: Tensor, q: Tensor, categories: tuple[str, ...]) -> list[str]:
    """Say which categories only one side has, and what follows."""
    notes = []
    in_p, in_q = (torch.bincount(side, minlength=len(categories)) > 0 for side in (p, q))
    for name, other, only, infinite in (
        ("P", "Q", in_p & ~in_q, "kl, pearson and jeffreys"),
        ("Q", "P", in_q & ~in_p, "reverse-kl, neyman and jeffreys"),
    ):
        missing = [categories[index] for index in only.nonzero().flatten().tolist()]
        if missing:
            notes.append(
                f"{_listed(missing)} occur{'s' if len(missing) == 1 else ''} in {name} only. Where {other} has no mass "
                f"and {name} has some, {infinite} are +inf, and so are the estimates, although {other} may merely "
                "be too small to show it; lower_bound stays finite and holds. js, squared-hellinger and "
                "total-variation are finite either way."
            )
    return notes


def _constant_columns(p: Tensor, q: Tensor, columns: tuple[str, ...]) -> list[str]:
    """Say which columns say nothing, and which separate the sets at once."""
    flat_p, flat_q = ((side == side[0]).all(0) for side in (p, q))
    same = flat_p & flat_q & (p[0] == q[0])
    apart = flat_p & flat_q & (p[0] != q[0])
    half = flat_p ^ flat_q
    notes = []
    for which, meaning in (
        (same, "the same value in all samples and so says nothing"),
        (apart, "one value in P and another in Q: the two never meet, and kl is +inf"),
        (
            half,
            "one value only in one of the sets: as densities the two never meet there, and kl is +inf one way",
        ),
    ):
        names = [columns[index] for index in which.nonzero().flatten().tolist()]
        if names:
            notes.append(f"{_listed(names)} {'has' if len(names) == 1 else 'have each'} {meaning}.")
    return notes


def _copies(p: Tensor, q: Tensor) -> list[str]:
    """Say how many samples occur in both sets, or more than once in one, where samples hardly ever coincide."""
    rows_p, rows_q = ([row.tobytes() for row in side.flatten(1).numpy()] for side in (p, q))
    count_p, count_q = Counter(rows_p), Counter(rows_q)
    notes = []
    shared = sum(count for row, count in count_p.items() if row in count_q)
    if min(len(count_p) / len(rows_p), len(count_q) / len(rows_q)) > DISTINCT and shared:
        notes.append(
            f"{shared} of {len(rows_p)} samples of P occur in Q as well: if they are the same records, they make the "
            "two look alike, and the sets are not independent. Leave them out of one."
        )
    for name, counts, rows in (("P", count_p, rows_p), ("Q", count_q, rows_q)):
        repeated = len(rows) - len(counts)
        if 0 < repeated <= (1 - DISTINCT) * len(rows):
            notes.append(
                f"{repeated} of {len(rows)} samples of {name} are copies of others in it: a copy may report on a "
                "critic that was trained on it, and the estimate may be too high. Remove them."
            )
    return notes


def _repeated_rows(rows: Tensor) -> list[str]:
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


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    listed = ", ".join(f'"{name}"' for name in names[:NAMED])
    return f"{listed} and {rest} more" if rest > 0 else listed
