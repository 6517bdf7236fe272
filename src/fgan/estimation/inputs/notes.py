"""What is worth knowing of samples before a number about them is trusted: constant columns, copies, lone categories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from fgan.estimation.inputs.coincidence import chance_of, of_atoms
from fgan.estimation.inputs.edges import columns_that_end_within

NAMED = 5
"""Columns or categories that a sentence names before it counts the rest."""


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
    return (*constant, *(_edges(p, q, columns) if kind == "vectors" else []), *_copies(p, q))


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


def _edges(p: Tensor, q: Tensor, columns: tuple[str, ...]) -> list[str]:
    """Say where one set ends sharply and the other goes on, as where the ranges of both do not overlap."""
    notes = []
    for name, ends, other, goes_on, infinite in (
        ("Q", q, p, "P", "kl, pearson and jeffreys"),
        ("P", p, q, "Q", "reverse-kl, neyman and jeffreys"),
    ):
        found = [columns[index] for index in columns_that_end_within(ends, other)]
        if found:
            notes.append(
                f"{name} ends sharply in {_listed(found)} where {goes_on} goes on. If {name} has no mass there, "
                f"{infinite} are +inf, which no sample can show: such a value is the critics' word."
            )
    return notes


def _copies(p: Tensor, q: Tensor) -> list[str]:
    """Say how many samples occur in both sets, or more than once in one, where chance makes fewer coincide."""
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
            f"{shared} of {size_p} samples of P occur in Q as well, more than chance makes: if they are the same "
            "records, they make the two look alike, and the sets are not independent. Leave them out of one."
        )
    for name, side, size, count in zip("PQ", (p, q), (size_p, size_q), repeated, strict=True):
        if count and not chance_of(side.flatten(1)).explains(count, len(side)):
            notes.append(
                f"{count} of {size} samples of {name} are copies of others in it, more than chance makes: a copy "
                "may report on a critic that was trained on it, and the estimate may be too high. Remove them."
            )
    return notes


def _repeated_rows(rows: Tensor) -> list[str]:
    """Say how many rows are there more than once, where chance makes fewer coincide."""
    size, rows = len(rows), rows[~of_atoms(rows)]
    repeated = len(rows) - len(rows.unique(dim=0))
    if not repeated or chance_of(rows).explains(repeated, len(rows)):
        return []
    return [
        f"{repeated} of {size} rows are copies of others, more than chance makes: if they are the same records, a "
        "copy may report on a critic that was trained on it, value and lower_bound are too high, and the p-value means "
        "nothing. Remove them."
    ]


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    listed = ", ".join(f'"{name}"' for name in names[:NAMED])
    return f"{listed} and {rest} more" if rest > 0 else listed
