"""Information of two sets of categories: a table of counts."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.estimation.formulas.resampling import DRAWS, bootstrapped, counts_drawn, jackknifed, weights_drawn
from fgan.estimation.permutation import p_value_of
from fgan.estimation.prices import Mean, resolution
from fgan.estimation.weights import Weight, Weights, size_of

CHUNK = 2_000_000
"""Entries of tables that are held at once."""
MOST = 200_000_000
"""Entries of all tables with a sample less, from which on groups of samples are left out instead."""


def count_information(divergence: Divergence, x: Tensor, y: Tensor, weights: Weights = (None, None)) -> Mean:
    """Return D_f of the shares of pairs from the product of both shares, less its bias, and its standard error.

    Bias and error are those of the jackknife over single samples, exact, since samples of one weight in one cell are
    alike; over groups where there are too many kinds of samples. Of an f with a kink they are those of draws from the
    table.

    Args:
        divergence: whose.
        x, y: categories (n,), (n,), as numbers from 0.
        weights: of the samples, twice the same.

    Source: Efron and Stein, "The jackknife estimate of variance" (1981).

    >>> from fgan.divergences import KL
    >>> x = torch.tensor([0, 1]).repeat(500)
    >>> round(count_information(KL(), x, x).value, 2)  # log 2
    0.69
    """
    sizes = int(x.max()) + 1, int(y.max()) + 1
    weight, _ = weights
    table = table_of(x, y, sizes, weight)
    n, size = len(x), size_of(x, weight)
    value = float(_information(divergence, table[None])[0])
    if not math.isfinite(value):
        return Mean(value, math.inf)
    floor = resolution(divergence, size, size)
    if not divergence.smooth:
        return bootstrapped(value, _drawn(divergence, table, x * sizes[1] + y, weight), floor)
    cells, counts, weighs = _kinds(table, x, y, weight)
    if len(cells) * table.numel() > MOST:  # too much to leave out single samples
        found = jackknifed(
            lambda x, y, w: float(_information(divergence, table_of(x, y, sizes, w)[None])[0]), x, y, weight
        )
        assert found is not None, "there is always a number"
        corrected, spread = found.value, found.standard_error
    else:
        some = max(1, CHUNK // table.numel())
        without = torch.cat(
            [
                _information(divergence, _less_one(table, part, weigh))
                for part, weigh in zip(cells.split(some), weighs.split(some), strict=True)
            ]
        )
        mean = float(counts @ without) / n
        corrected = n * value - (n - 1) * mean
        spread = math.sqrt(float((counts * (without - mean).square()).sum()) * (n - 1) / n)
    if not math.isfinite(corrected + spread):  # one sample less would make it infinite
        return Mean(value, math.inf)
    # Where cells are many, what is taken off is a guess, and so is as much of the error.
    guessed = abs(value - corrected) * min(1.0, table.numel() / size)
    return Mean(corrected, math.hypot(spread, guessed, floor))


def _kinds(table: Tensor, x: Tensor, y: Tensor, weight: Weight) -> tuple[Tensor, Tensor, Tensor]:
    """Return the cells (k, 2) of the samples that differ, in cell or weight, how many of each there are, and w."""
    if weight is None:
        cells = table.nonzero()
        return cells, table[cells[:, 0], cells[:, 1]], torch.ones(len(cells)).double()
    kinds, counts = torch.stack([x.double(), y.double(), weight], 1).unique(dim=0, return_counts=True)
    return kinds[:, :2].long(), counts.double(), kinds[:, 2]


def _drawn(divergence: Divergence, table: Tensor, rows: Tensor, weight: Weight) -> Tensor:
    """Return D_f of tables that are drawn from the samples of one, (draws,), given the cell of each."""
    if weight is not None:
        drawn = weights_drawn(rows, weight, table.numel()).view(-1, *table.shape)
        return torch.cat([_information(divergence, one[None]) for one in drawn])
    some = max(1, CHUNK // table.numel())
    sizes = [min(some, DRAWS - first) for first in range(0, DRAWS, some)]
    return torch.cat(
        [
            _information(divergence, counts_drawn(table.flatten(), size, seed).view(size, *table.shape))
            for seed, size in enumerate(sizes)
        ]
    )


def table_of(x: Tensor, y: Tensor, sizes: tuple[int, int], weight: Weight = None) -> Tensor:
    """Return how often each pair of categories occurs, or the sum of its weights, float64 (a, b)."""
    return (x * sizes[1] + y).bincount(weight, minlength=sizes[0] * sizes[1]).double().view(sizes)


def _less_one(table: Tensor, cells: Tensor, weighs: Tensor) -> Tensor:
    tables, places = table.repeat(len(cells), 1, 1), (torch.arange(len(cells)), cells[:, 0], cells[:, 1])
    left = tables[places] - weighs
    tables[places] = torch.where(
        left > 1e-12 * weighs, left, 0.0
    )  # the only sample of its cell leaves nothing
    return tables


def counted_p_value(x: Tensor, y: Tensor, permutations: int, seed: int = 0) -> float:
    """Return the p-value of independence by the information of the counts, the rows of y permuted.

    Args:
        x, y: categories (n,), (n,), as numbers from 0.
        permutations: B.
        seed: decides them.
    """
    sizes, generator = (int(x.max()) + 1, int(y.max()) + 1), torch.Generator().manual_seed(seed)

    def information(y: Tensor) -> Tensor:
        counts = table_of(x, y, sizes)
        return torch.xlogy(counts, counts).sum()  # margins stay

    permuted = [information(y[torch.randperm(len(y), generator=generator)]) for _ in range(permutations)]
    return p_value_of(information(y), torch.stack(permuted), generator)


def _information(divergence: Divergence, tables: Tensor) -> Tensor:
    """Return D_f of tables of counts (k, a, b) from the products of their margins, (k,)."""
    joint = tables / tables.sum((1, 2), keepdim=True)
    apart = joint.sum(2, keepdim=True) * joint.sum(1, keepdim=True)
    both = joint > 0
    log_ratio = torch.where(both, joint.log() - apart.log(), 0.0)
    terms = joint * divergence.real_at(log_ratio) - apart * divergence.fake_at(log_ratio)
    empty = torch.where(apart > 0, apart * divergence.f_at_zero, 0.0)
    return torch.where(both, terms, empty).sum((1, 2))
