"""Bias and spread of a number that samples give, from what they give without a part of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from fgan.estimation.prices import Mean

GROUPS = 20


def jackknifed(
    value: Callable[..., float | None], *sides: Tensor, groups: int = GROUPS, correct: bool = True
) -> Mean | None:
    """Return a number, less its bias to first order, and its standard error; None where it is None.

    Args:
        value: from sets of samples to the number.
        sides: the sets, each in an order that says nothing; of two of one length the same rows are left out.
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
        found = value(*(side[torch.arange(len(side)) % groups != group] for side in sides))
        assert found is not None, "it has a value of all of them"
        without.append(found)
    mean = sum(without) / groups
    if not math.isfinite(whole + mean):
        return Mean(whole, math.inf)
    spread = (groups - 1) / groups * sum((one - mean) ** 2 for one in without)
    return Mean(groups * whole - (groups - 1) * mean if correct else whole, math.sqrt(spread))
