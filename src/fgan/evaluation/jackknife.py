"""How sure a number is: its delete-a-group jackknife over the samples it was computed from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.errors import FganError

GROUPS = 10
"""How many groups the samples fall into, each left out once."""


@dataclass(frozen=True)
class Jackknife:
    """A number, and what it would have been without each group of samples.

    Args:
        value: from all samples.
        without: from all but one group, a number a group.

    Source: Shao and Wu, "A general theory for jackknife variance estimation" (1989), for groups left out.

    >>> round(Jackknife(2.0, (1.0, 2.0, 3.0)).standard_error, 4)
    1.1547
    """

    value: float
    without: tuple[float, ...]

    @property
    def standard_error(self) -> float:
        """√((B-1)/B Σ (θ₋g - mean)²) for B groups; NaN for fewer than two."""
        count = len(self.without)
        if count < 2:
            return math.nan
        mean = sum(self.without) / count
        return math.sqrt((count - 1) / count * sum((value - mean) ** 2 for value in self.without))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval value ± t SE, t of Student's distribution with B - 1 degrees."""
        half = student(len(self.without) - 1, confidence) * self.standard_error
        return self.value - half, self.value + half


def student(degrees: int, confidence: float) -> float:
    """Return the two-sided quantile of Student's t; NaN without degrees of freedom.

    >>> round(student(9, 0.95), 4)
    2.2622
    """
    from scipy.stats import t  # comes with scikit-learn

    return float(t.ppf((1 + confidence) / 2, degrees)) if degrees > 0 else math.nan


def group_of(n: int, device: torch.device | str = "cpu") -> Tensor:
    """Return the group of each of n samples, int64 (n,); sizes differ by at most one.

    Samples must come in an order that says nothing, such as a shuffled one.

    Raises:
        FganError: for fewer samples than twice the groups.

    >>> group_of(22).bincount().tolist()
    [3, 3, 2, 2, 2, 2, 2, 2, 2, 2]
    """
    if n < 2 * GROUPS:
        raise FganError(f"an interval needs at least {2 * GROUPS} samples of each kind; got {n}. Give more.")
    return torch.arange(n, device=device) % GROUPS


def leave_out(sums: Tensor) -> Tensor:
    """From sums by group (B, ...) make the sum of all, then the sums without each group: (1 + B, ...).

    >>> leave_out(torch.tensor([1.0, 2.0, 4.0])).tolist()
    [7.0, 6.0, 5.0, 3.0]
    """
    total = sums.sum(0, keepdim=True)
    return torch.cat([total, total - sums])


def sum_by_group(values: Tensor) -> Tensor:
    """Sum values (n, ...) by the group of each sample, in float64: (B, ...)."""
    group = group_of(len(values), values.device)
    sums = torch.zeros(GROUPS, *values.shape[1:], dtype=torch.float64, device=values.device)
    return sums.index_add_(0, group, values.double())


def jackknife(values: Sequence[float] | Tensor) -> Jackknife:
    """Make a `Jackknife` of the value from all samples, followed by those without each group."""
    first, *without = values.tolist() if isinstance(values, Tensor) else values
    return Jackknife(first, tuple(without))


def mean(values: Tensor) -> Jackknife:
    """Return the mean of one number a sample (n,).

    >>> mean(torch.arange(20.0)).value
    9.5
    """
    sums = leave_out(sum_by_group(torch.stack([values.double(), torch.ones_like(values).double()], 1)))
    return jackknife(sums[:, 0] / sums[:, 1])


def folds(statistic: Callable[[int | None], float]) -> Jackknife:
    """Compute a statistic that is told which group to leave out, None for none."""
    return Jackknife(statistic(None), tuple(statistic(group) for group in range(GROUPS)))
