"""Information of two sets of categories: a table of counts."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.estimation.prices import Mean, resolution

CHUNK = 256


def count_information(divergence: Divergence, x: Tensor, y: Tensor) -> Mean:
    """Return D_f of the shares of pairs from the product of both shares, less its bias, and its standard error.

    Bias and error are those of the jackknife over single samples, exact, since samples in one cell are alike.

    Args:
        divergence: whose.
        x, y: categories (n,), (n,), as numbers from 0.

    Source: Efron and Stein, "The jackknife estimate of variance" (1981).

    >>> from fgan.divergences import KL
    >>> x = torch.tensor([0, 1]).repeat(500)
    >>> round(count_information(KL(), x, x).value, 2)  # log 2
    0.69
    """
    table = torch.zeros(int(x.max()) + 1, int(y.max()) + 1, dtype=torch.float64)
    table.index_put_((x, y), torch.ones(len(x), dtype=torch.float64), accumulate=True)
    n, cells = len(x), table.nonzero()
    counts = table[cells[:, 0], cells[:, 1]]
    value = float(_information(divergence, table[None])[0])
    if not math.isfinite(value):
        return Mean(value, math.nan)
    without = torch.cat([_information(divergence, _less_one(table, some)) for some in cells.split(CHUNK)])
    mean = (counts @ without) / n
    spread = float((counts * (without - mean).square()).sum()) * (n - 1) / n
    floor = resolution(divergence, n, n)
    return Mean(float(n * value - (n - 1) * mean), math.hypot(math.sqrt(spread), floor))


def _less_one(table: Tensor, cells: Tensor) -> Tensor:
    tables = table.repeat(len(cells), 1, 1)
    tables[torch.arange(len(cells)), cells[:, 0], cells[:, 1]] -= 1
    return tables


def _information(divergence: Divergence, tables: Tensor) -> Tensor:
    """Return D_f of tables of counts (k, a, b) from the products of their margins, (k,)."""
    joint = tables / tables.sum((1, 2), keepdim=True)
    apart = joint.sum(2, keepdim=True) * joint.sum(1, keepdim=True)
    both = joint > 0
    log_ratio = torch.where(both, joint.log() - apart.log(), 0.0)
    terms = joint * divergence.real_at(log_ratio) - apart * divergence.fake_at(log_ratio)
    empty = torch.where(apart > 0, apart * divergence.f_at_zero, 0.0)
    return torch.where(both, terms, empty).sum((1, 2))
