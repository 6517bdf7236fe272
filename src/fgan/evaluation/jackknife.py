"""Standard errors and confidence intervals by the grouped jackknife."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor

from fgan.errors import FganError
from fgan.evaluation.domain import Caveat

GROUPS = 10
"""Number of groups of samples; each is left out once."""


@dataclass(frozen=True)
class Uncertain:
    """A number with its standard error, its caveats, and the highest value that it can have.

    >>> Uncertain(1.0, 0.1).interval()[1] > 1.2
    True
    """

    value: float
    standard_error: float
    caveats: tuple[Caveat, ...] = field(default=(), kw_only=True)
    highest: float = field(default=math.inf, kw_only=True)

    @property
    def usable(self) -> bool:
        """Whether it says anything."""
        return not any(caveat.unusable for caveat in self.caveats)

    def with_caveats(self, *caveats: Caveat) -> Self:
        """Return the same number with further caveats."""
        found = copy.copy(self)
        object.__setattr__(found, "caveats", (*self.caveats, *caveats))
        return found

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return value ± t SE, t of Student's distribution with a degree less than there are groups."""
        half = student(GROUPS - 1, confidence) * self.standard_error
        return self.value - half, self.value + half


@dataclass(frozen=True, init=False)
class Jackknife(Uncertain):
    """A number, and what it would have been without each group of samples.

    Args:
        value: from all samples.
        without: from all but one group, a number a group; SE² = (B-1)/B Σ (θ₋g - mean)² for B of them.

    Source: Shao and Wu, "A general theory for jackknife variance estimation" (1989), for groups left out.

    >>> round(Jackknife(2.0, (1.0, 2.0, 3.0)).standard_error, 4)
    1.1547
    """

    without: tuple[float, ...]

    def __init__(self, value: float, without: tuple[float, ...]) -> None:
        mean, count = sum(without) / len(without), len(without)
        error = math.sqrt((count - 1) / count * sum((one - mean) ** 2 for one in without))
        for name, given in (
            ("value", value),
            ("standard_error", error),
            ("without", without),
            ("caveats", ()),
        ):
            object.__setattr__(self, name, given)

    @property
    def bias(self) -> float:
        """(B-1) (mean of θ₋g - θ): how much too large the value is, where that goes as 1/n."""
        return (len(self.without) - 1) * (sum(self.without) / len(self.without) - self.value)


def student(degrees: float, confidence: float) -> float:
    """Return the two-sided quantile of Student's t; NaN without degrees of freedom.

    >>> round(student(9, 0.95), 4)
    2.2622
    """
    from scipy.special import stdtrit  # what scipy.stats.t calls, without the wait for all of scipy.stats

    return float(stdtrit(degrees, (1 + confidence) / 2)) if degrees > 0 else math.nan


def group_of(n: int, device: torch.device | str = "cpu") -> Tensor:
    """Return the group of each of n samples, int64 (n,); sizes differ by at most one.

    Samples must come in an order that says nothing, such as a shuffled one.

    Raises:
        FganError: for fewer samples than twice the groups.

    >>> group_of(22).bincount().tolist()
    [3, 3, 2, 2, 2, 2, 2, 2, 2, 2]
    """
    if n < 2 * GROUPS:
        raise FganError(f"a confidence interval needs at least {2 * GROUPS} samples of each kind; got {n}.")
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


def mean_over_units(units: Tensor) -> Uncertain:
    r"""Return the mean over units (1 + B, n) that also depend on another set of samples, by two sources of spread.

    .. math:: SE^2 = \frac{s^2}{n} + \frac{B-1}{B} \sum_g \Big( \bar d_g^2 - \frac{s_g^2}{n} \Big)_{\text{if } > 0}

    The first term is the spread of independent units for a given other set. The second is the jackknife over groups
    of that set, where d_g is how much each unit differs from its mean over all g without group g; what chance in the
    units adds to it is taken off. A plain jackknife over both sets would be half as large again as the true spread
    where a unit only says whether any neighbour is near.

    Args:
        units: a number a unit from all samples of the other set, then without each of its groups.

    >>> mean_over_units(torch.ones(11, 50)).standard_error  # of trues and falses it would be that of a proportion
    0.0
    """
    share = units.dtype == torch.bool
    units = units.double()
    n, first, without = units.shape[1], units[0], units[1:]
    apart = without - without.mean(0)
    other = (apart.mean(1).square() - apart.var(1) / n).sum() * (GROUPS - 1) / GROUPS
    own = proportion(units[0]).standard_error ** 2 if share else first.var() / n
    return Uncertain(first.mean().item(), float(own + other.clamp(min=0)) ** 0.5)


def mean_of_crossed(by_unit: Tensor, by_other: Tensor, least: float) -> Uncertain:
    r"""Return the mean over units of a sum over others, each pair of which counts `least` or nothing.

    .. math:: SE^2 = \frac{s^2_{units}}{n} + \frac{s^2_{others}}{m} - \frac{\Sigma \cdot least}{n^2}, \quad
        s^2_{others} \text{ of } \tfrac{m}{n} \text{ times their sums}

    Units and others both vary, and each spread holds that of single pairs, which so would count twice.

    Args:
        by_unit: sums over others (n,).
        by_other: sums over units (m,), of the same pairs.
        least: what one pair counts.

    >>> pairs = torch.bernoulli(torch.full((100, 100), 0.1), generator=torch.Generator().manual_seed(0))
    >>> round(mean_of_crossed(pairs.sum(1), pairs.sum(0), 1.0).standard_error, 1)  # √(100 · 100 · 0.1 · 0.9) / 100
    0.3
    """
    n, m = len(by_unit), len(by_other)
    by_unit, by_other = by_unit.double(), by_other.double() * (m / n)
    pairs = float(by_unit.sum()) * least / n**2
    spread = max(float(by_unit.var()) / n, float(by_other.var()) / m)
    both = float(by_unit.var()) / n + float(by_other.var()) / m - pairs
    return Uncertain(float(by_unit.mean()), math.sqrt(max(both, spread)))


def proportion(which: Tensor) -> Uncertain:
    """Return the share of trues among (n,), with a standard error that is not 0 at 0 and at 1.

    Source: Agresti and Coull, "Approximate is better than exact" (1998): two successes and two failures more.

    >>> found = proportion(torch.zeros(96))
    >>> found.value, round(found.standard_error, 3)
    (0.0, 0.014)
    """
    n, hits = len(which), float(which.double().sum())
    moved = (hits + 2) / (n + 4)
    return Uncertain(hits / n, (moved * (1 - moved) / (n + 4)) ** 0.5)
