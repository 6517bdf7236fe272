"""Warnings about the samples themselves: constant columns, copies, categories of one set only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from fgan.estimation.inputs.coincidence import chance_of, of_atoms
from fgan.estimation.inputs.edges import columns_that_end_within

NAMED = 5
"""Maximum number of columns or categories that a sentence names; the rest are counted."""


def notes_on_two_samples(p: Tensor, q: Tensor, kind: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return warnings about samples of P and of Q.

    Args:
        p, q: see `Inputs`.
        kind: "vectors", "images" or "categories".
        columns: the name of each coordinate of a vector, or of each category.
    """
    if kind == "categories":
        return tuple(_one_sided(p, q, columns))
    constant = _constant_columns(p, q, columns) if kind == "vectors" else []
    return (*constant, *(_edges(p, q, columns) if kind == "vectors" else []), *_copies(p, q))


def notes_on_rows(rows: Tensor, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return warnings about rows (x, y), (n, d)."""
    return (*_constant_columns(rows, rows, columns), *_repeated_rows(rows))


def _one_sided(p: Tensor, q: Tensor, categories: tuple[str, ...]) -> list[str]:
    """Warn about categories that only one set has."""
    notes = []
    in_p, in_q = (torch.bincount(side, minlength=len(categories)) > 0 for side in (p, q))
    for name, other, only, infinite in (
        ("P", "Q", in_p & ~in_q, "kl, pearson and jeffreys"),
        ("Q", "P", in_q & ~in_p, "reverse-kl, neyman and jeffreys"),
    ):
        missing = [categories[index] for index in only.nonzero().flatten().tolist()]
        if missing:
            notes.append(
                f"{_listed(missing)} occur{'s' if len(missing) == 1 else ''} in {name} only, so {infinite} "
                "are estimated as +inf. "
                f"If {other} is merely too small a sample, the true values may be finite. lower_bound is "
                "finite and "
                "holds. js, squared-hellinger and total-variation are always finite."
            )
    return notes


def _constant_columns(p: Tensor, q: Tensor, columns: tuple[str, ...]) -> list[str]:
    """Warn about constant columns, and columns that separate the sets."""
    flat_p, flat_q = ((side == side[0]).all(0) for side in (p, q))
    same = flat_p & flat_q & (p[0] == q[0])
    apart = flat_p & flat_q & (p[0] != q[0])
    half = flat_p ^ flat_q
    notes = []
    for which, meaning in (
        (same, "the same value in all samples, which carries no information"),
        (apart, "one value in P and another in Q: the supports are disjoint, and kl is +inf"),
        (
            half,
            "a single value in one of the two sets: the supports are disjoint, and kl is +inf in one direction",
        ),
    ):
        names = [columns[index] for index in which.nonzero().flatten().tolist()]
        if names:
            notes.append(f"{_listed(names)} {'has' if len(names) == 1 else 'have each'} {meaning}.")
    return notes


def _edges(p: Tensor, q: Tensor, columns: tuple[str, ...]) -> list[str]:
    """Warn where one set ends sharply and the other continues, such as where the ranges do not overlap."""
    notes = []
    for name, ends, other, goes_on, infinite in (
        ("Q", q, p, "P", "kl, pearson and jeffreys"),
        ("P", p, q, "Q", "reverse-kl, neyman and jeffreys"),
    ):
        found = [columns[index] for index in columns_that_end_within(ends, other)]
        if found:
            notes.append(
                f"{name} ends sharply in {_listed(found)}, where {goes_on} continues. If {name} has no mass "
                "there, "
                f"{infinite} are +inf, which no sample can show: a finite value relies on the critics' "
                "extrapolation."
            )
    return notes


def _copies(p: Tensor, q: Tensor) -> list[str]:
    """Warn about samples that occur in both sets, or repeatedly in one, more often than chance explains."""
    size_p, size_q = len(p), len(q)
    if p.ndim == 2:
        lone = ~of_atoms(torch.cat([p, q]))
        p, q = p[lone[:size_p]], q[lone[size_p:]]
    rows_p, rows_q = ([row.tobytes() for row in side.flatten(1).numpy()] for side in (p, q))
    count_p, count_q = Counter(rows_p), Counter(rows_q)
    shared = sum(count for row, count in count_p.items() if row in count_q)
    repeated = len(rows_p) - len(count_p), len(rows_q) - len(count_q)
    if not shared + sum(repeated):
        return []
    chance = chance_of(torch.cat([p, q]).flatten(1))
    notes = []
    if shared and not chance.explains(shared, len(p), len(q)):
        notes.append(
            f"{shared} of {size_p} samples of P also occur in Q, more than chance explains. If they are the "
            "same records, "
            "the sets are not independent and look too similar. Remove them from one set."
        )
    for name, side, size, count in zip("PQ", (p, q), (size_p, size_q), repeated, strict=True):
        if count and not chance_of(side.flatten(1)).explains(count, len(side)):
            notes.append(
                f"{count} of {size} samples of {name} are duplicates, more than chance explains. A duplicate "
                "may be in "
                "the training and in the held-out fold, so the estimate may be too high. Remove them."
            )
    return notes


def _repeated_rows(rows: Tensor) -> list[str]:
    """Warn about rows that occur repeatedly, more often than chance explains."""
    size, rows = len(rows), rows[~of_atoms(rows)]
    repeated = len(rows) - len(rows.unique(dim=0))
    if not repeated or chance_of(rows).explains(repeated, len(rows)):
        return []
    return [
        f"{repeated} of {size} rows are duplicates, more than chance explains. If they are the same records, "
        "they are in "
        "training and held-out folds at once: value and lower_bound are too high, and the p-value is invalid. "
        "Remove them."
    ]


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    listed = ", ".join(f'"{name}"' for name in names[:NAMED])
    return f"{listed} and {rest} more" if rest > 0 else listed
