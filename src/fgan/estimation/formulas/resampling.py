"""Bias and spread of a number that samples give, from what parts of them give, or draws from them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from fgan.estimation.prices import Mean
from fgan.estimation.weights import Weight

GROUPS = 20
DRAWS = 200


def jackknifed(
    value: Callable[..., float | None], *sides: Weight, groups: int = GROUPS, correct: bool = True
) -> Mean | None:
    """Return a number, less its bias to first order, and its standard error; None where it is None.

    Args:
        value: from sets of samples to the number.
        sides: the sets, each in an order that says nothing; of two of one length the same rows are left out, as of
            samples and their weights. None stays None.
        groups: parts that are left out in turn.
        correct: whether to take the bias off.

    Source: Efron and Stein, "The jackknife estimate of variance" (1981).

    >>> random = torch.Generator().manual_seed(0)
    >>> found = jackknifed(lambda x: float(x.mean()), torch.randn(1000, generator=random), groups=1000)
    >>> round(found.standard_error, 2)  # 1 / √1000
    0.03
    """
    whole = value(*sides)
    if whole is None:
        return None
    without = []
    for group in range(groups):
        found = value(
            *(None if side is None else side[torch.arange(len(side)) % groups != group] for side in sides)
        )
        assert found is not None, "it has a value of all of them"
        without.append(found)
    mean = sum(without) / groups
    if not math.isfinite(whole + mean):
        return Mean(whole, math.inf)
    spread = (groups - 1) / groups * sum((one - mean) ** 2 for one in without)
    return Mean(groups * whole - (groups - 1) * mean if correct else whole, math.sqrt(spread))


def bootstrapped(value: float, drawn: Tensor, floor: float) -> Mean:
    """Return a number less its bias, with an error that counts the bias too, which is only a guess.

    Where a number has a kink, such as a total variation at equal shares, its bias falls with 1/√n and not with 1/n: no
    jackknife tells it, and draws from the samples tell a part of it. Where some of these are infinite, nothing does.

    Args:
        value: the number.
        drawn: what draws from the samples give.
        floor: an error that it has at least.

    Source: Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 10.

    >>> found = bootstrapped(1.0, torch.tensor([1.1, 1.3]), 0.0)
    >>> round(found.value, 3), round(found.standard_error, 3)
    (0.8, 0.341)
    """
    if not bool(drawn.isfinite().all()):
        return Mean(value, math.inf)
    bias = float(drawn.mean()) - value
    return Mean(value - bias, math.hypot(float(drawn.std()) + abs(bias), floor))


def counts_drawn(counts: Tensor, draws: int = DRAWS, seed: int = 0) -> Tensor:
    """Return counts (draws, k) of as many samples as there are, drawn from those of counts (k,).

    >>> counts_drawn(torch.tensor([3, 0, 7]), 5).sum(1).tolist()
    [10.0, 10.0, 10.0, 10.0, 10.0]
    """
    shares = counts.double().numpy()
    drawn = np.random.default_rng(seed).multinomial(int(counts.sum()), shares / shares.sum(), draws)
    return torch.from_numpy(drawn).double()


def weights_drawn(rows: Tensor, weight: Tensor, cells: int, draws: int = DRAWS, seed: int = 0) -> Tensor:
    """Return weights by cell (draws, cells) of as many samples as there are, drawn from these.

    Args:
        rows: the cell of each sample (n,).
        weight: of each sample (n,).
        cells: how many there are.
        draws: how many times.
        seed: decides them.
    """
    random = np.random.default_rng(seed)
    even = np.full(len(rows), 1 / len(rows))
    drawn = (torch.from_numpy(random.multinomial(len(rows), even)) for _ in range(draws))
    return torch.stack([rows.bincount(weight * times, minlength=cells) for times in drawn])
