"""Information of two sets of categories: a table of counts."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.estimation.formulas.resampling import DRAWS, bootstrapped, counts_drawn, jackknifed
from fgan.estimation.permutation import p_value_of
from fgan.estimation.prices import Mean, resolution

CHUNK = 2_000_000
"""Entries of tables that are held at once."""
MOST = 200_000_000
"""Entries of all tables with a sample less, from which on groups of samples are left out instead."""


def count_information(divergence: Divergence, x: Tensor, y: Tensor) -> Mean:
    """Return D_f of the shares of pairs from the product of both shares, less its bias, and its standard error.

    Bias and error are those of the jackknife over single samples, exact, since samples in one cell are alike; over
    groups where there are too many cells. Of an f with a kink they are those of draws from the table.

    Args:
        divergence: whose.
        x, y: categories (n,), (n,), as numbers from 0.

    Source: Efron and Stein, "The jackknife estimate of variance" (1981).

    >>> from fgan.divergences import KL
    >>> x = torch.tensor([0, 1]).repeat(500)
    >>> round(count_information(KL(), x, x).value, 2)  # log 2
    0.69
    """
    sizes = int(x.max()) + 1, int(y.max()) + 1
    table = table_of(x, y, sizes)
    n, cells = len(x), table.nonzero()
    value = float(_information(divergence, table[None])[0])
    if not math.isfinite(value):
        return Mean(value, math.inf)
    if not divergence.smooth:
        return bootstrapped(value, _drawn(divergence, table), resolution(divergence, n, n))
    if len(cells) * table.numel() > MOST:  # too much to leave out single samples
        found = jackknifed(lambda x, y: float(_information(divergence, table_of(x, y, sizes)[None])[0]), x, y)
        assert found is not None, "there is always a number"
        corrected, spread = found.value, found.standard_error
    else:
        counts = table[cells[:, 0], cells[:, 1]]
        some = max(1, CHUNK // table.numel())
        without = torch.cat([_information(divergence, _less_one(table, part)) for part in cells.split(some)])
        mean = float(counts @ without) / n
        corrected = n * value - (n - 1) * mean
        spread = math.sqrt(float((counts * (without - mean).square()).sum()) * (n - 1) / n)
    if not math.isfinite(corrected + spread):  # one sample less would make it infinite
        return Mean(value, math.inf)
    # Where cells are many, what is taken off is a guess, and so is as much of the error.
    guessed = abs(value - corrected) * min(1.0, table.numel() / n)
    return Mean(corrected, math.hypot(spread, guessed, resolution(divergence, n, n)))


def _drawn(divergence: Divergence, table: Tensor) -> Tensor:
    """Return D_f of tables that are drawn from one, (draws,)."""
    some = max(1, CHUNK // table.numel())
    sizes = [min(some, DRAWS - first) for first in range(0, DRAWS, some)]
    return torch.cat(
        [
            _information(divergence, counts_drawn(table.flatten(), size, seed).view(size, *table.shape))
            for seed, size in enumerate(sizes)
        ]
    )


def table_of(x: Tensor, y: Tensor, sizes: tuple[int, int]) -> Tensor:
    """Return how often each pair of categories occurs, float64 (a, b)."""
    return (x * sizes[1] + y).bincount(minlength=sizes[0] * sizes[1]).double().view(sizes)


def _less_one(table: Tensor, cells: Tensor) -> Tensor:
    tables = table.repeat(len(cells), 1, 1)
    tables[torch.arange(len(cells)), cells[:, 0], cells[:, 1]] -= 1
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
