"""How far the critics can be trusted, measured on held-out samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.divergences import Divergence
from fgan.estimation.prices import HeldOut, cap_for
from fgan.estimation.weights import of_mean_one, size_of, times

BINS = 10
HEAVY = 0.5
"""A tail index from which on a variance is infinite."""
FEW_LARGEST = (10, 20)
"""Of so few largest values, too, a tail index is taken where it decides whether a mean is infinite."""
INFINITE = 1.0
"""A tail index from which on a mean is infinite."""
HEAVY_TAIL = "which is heavy-tailed"
MUCH = 0.05
"""A share of samples beyond the cap that is worth a warning."""
OFF = 0.1
"""A slope further than this from 1 is worth a warning, if chance does not explain it."""


@dataclass(frozen=True)
class Diagnostics:
    """What held-out log-ratios say about the critics.

    Args:
        effective_p, effective_q: effective sample sizes (Σw)²/Σw² under the weights q/p on P and p/q on Q. Far below
            n, a few samples carry the estimate.
        mean_ratio: E_Q[p/q] within the cap. If l is right this is 1 - P(beyond) + e^cap Q(beyond), usually near 1.
        calibration_slope: the factor on l that would fit best: 1 if l is right, below 1 if critics exaggerate.
        calibration_error: mean distance between the predicted and the observed share of P, over 10 bins.
        bins: (predicted share of P, observed share, weight) of each bin.
        accuracy: how often the sign of l classifies a sample correctly; ½ is chance.
        saturated_p, saturated_q: the share of P with l above the cap, and of Q with l below -cap. So large a ratio
            is more than n samples can show.
        tail_p, tail_q: Hill's tail indices of q/p on P and of p/q on Q. A mean of such a ratio to a power has an
            infinite variance where index times power is ½ or more.
        cap: the largest |l| that counts in a bound.
        critics: the kind of critic that each fold chose.
        curve: (n, bound, its standard error, value) for subsets of the samples, if requested.
    """

    effective_p: float
    effective_q: float
    mean_ratio: float
    calibration_slope: float
    calibration_error: float
    bins: tuple[tuple[float, float, float], ...]
    accuracy: float
    saturated_p: float
    saturated_q: float
    tail_p: float
    tail_q: float
    cap: float
    critics: tuple[str, ...]
    curve: tuple[tuple[int, float, float, float], ...] = ()


def diagnose(p: HeldOut, q: HeldOut, critics: tuple[str, ...]) -> Diagnostics:
    """Look at log-ratios of samples of P and of Q."""
    on_p, on_q = p.log_ratio.double(), q.log_ratio.double()
    cap = cap_for(min(size_of(side.log_ratio, side.weight) for side in (p, q)))
    bins = _bins(p, q)
    return Diagnostics(
        effective_p=_effective(_plus_log_weight(-on_p, p)),
        effective_q=_effective(_plus_log_weight(on_q, q)),
        mean_ratio=float(q.mean(on_q.clamp(-cap, cap).exp())),
        calibration_slope=_slope(p, q, cap),
        calibration_error=sum(weight * abs(predicted - seen) for predicted, seen, weight in bins),
        bins=bins,
        accuracy=float(p.mean((on_p > 0).double()) + q.mean((on_q < 0).double()) + _ties(p, q)) / 2,
        saturated_p=float(p.mean((on_p > cap).double())),
        saturated_q=float(q.mean((on_q < -cap).double())),
        tail_p=_tail(_plus_log_weight(-on_p, p)),
        tail_q=_tail(_plus_log_weight(on_q, q)),
        cap=cap,
        critics=critics,
    )


def tail_warnings(found: Diagnostics, divergence: Divergence) -> list[str]:
    """Return a warning for each of the divergence's two means whose terms have infinite variance."""
    warnings = []
    power_q, power_p = divergence.growth
    for side, power, tail, what in (("Q", power_q, found.tail_q, "p/q"), ("P", power_p, found.tail_p, "q/p")):
        if power * tail > HEAVY:
            averaged = what if power == 1 else f"({what})^{power:g}"
            warnings.append(
                f"{divergence.name} averages {averaged} over {side}, {HEAVY_TAIL} (tail index "
                f"{power * tail:.2f}; the variance is infinite from ½ on). At large ratios the value relies "
                "on the critic's extrapolation. lower_bound holds; js and squared-hellinger do not have this problem."
            )
    return warnings


def infinite_mean(p: HeldOut, q: HeldOut, divergence: Divergence) -> str:
    r"""Return why a divergence that averages a power of the ratio above 1 may be infinite; "" if nothing says so.

    .. math:: E_Q[(p/q)^a] = E_P[(p/q)^{a-1}], \quad \gamma_Q = \frac{\gamma_P}{1 + \gamma_P}

    Samples of P show large p/q, which samples of Q hardly ever do: the tail index is taken there, and said for Q.

    Args:
        p, q: held-out log-ratios.
        divergence: whose mean.
    """
    power_q, power_p = divergence.growth
    for side, power, what, other, sign in ((p, power_q, "p/q", "Q", 1.0), (q, power_p, "q/p", "P", -1.0)):
        log_ratio = sign * side.log_ratio.double()
        # What grows faster than any power does so by the ratio itself, as e^u does.
        power = power if math.isfinite(power) else float(log_ratio.max().exp())
        weights = _plus_log_weight(log_ratio, side)
        # A tail may begin far out: of a wide normal and a Student t, only the outermost samples are in it.
        tail = max(_hill(weights, count) for count in (*FEW_LARGEST, _largest(len(weights))))
        index = power * tail / (1 + tail)
        if power > 1 and index >= INFINITE:
            return (
                f"{divergence.name} averages ({what})^{power:.3g} over {other}, whose tail index is about {index:.2f}: "
                "from 1 on the mean is infinite, so the interval has no upper end. lower_bound holds; js and "
                "squared-hellinger do not have this problem."
            )
    return ""


def warnings_of(found: Diagnostics, divergence: Divergence, n: float) -> list[str]:
    """Return the other reasons to trust this divergence's estimate less, given n effective samples."""
    warnings = []
    # Where f grows without limit: with p/q over P, with q/p over Q.
    beyond = max(
        found.saturated_p if math.isinf(divergence.slope_at_infinity) else 0.0,
        found.saturated_q if math.isinf(divergence.f_at_zero) else 0.0,
    )
    if beyond > MUCH:
        warnings.append(
            f"{beyond:.0%} of the samples of one set have a ratio beyond e^±{found.cap:.2f}, the largest that "
            "this number of samples can show. lower_bound stops near there; beyond it, the value relies on "
            "the critic's extrapolation. "
            'Use more samples or method="telescoping".'
        )
    spread = 2 / math.sqrt(n)
    if abs(found.calibration_slope - 1) > OFF + 2 * spread and found.accuracy > 0.5 + spread:
        what = "exaggerate" if found.calibration_slope < 1 else "understate"
        warnings.append(
            f"log-ratios {what} differences (calibration slope {found.calibration_slope:.2f}; 1 is "
            "calibrated). Do not take log_ratio(x) at face value; the bound holds."
        )
    return warnings


def _plus_log_weight(log_weights: Tensor, side: HeldOut) -> Tensor:
    return log_weights if side.weight is None else log_weights + side.weight.log()


def _ties(p: HeldOut, q: HeldOut) -> Tensor:
    return (p.mean((p.log_ratio == 0).double()) + q.mean((q.log_ratio == 0).double())) / 2


def _halves(p: HeldOut, q: HeldOut) -> Tensor:
    """Return weights of all samples, of which each side's sum to ½."""
    weights = of_mean_one((p.weight, q.weight))
    return torch.cat(
        [times(torch.full((len(side),), 0.5 / len(side)), w) for side, w in zip((p, q), weights, strict=True)]
    )


def _effective(log_weights: Tensor) -> float:
    return float((2 * log_weights.logsumexp(0) - (2 * log_weights).logsumexp(0)).exp())


def _tail(log_weights: Tensor) -> float:
    """Return Hill's estimate of the tail index of e^log_weights, from its largest values."""
    return _hill(log_weights, _largest(len(log_weights)))


def _largest(n: int) -> int:
    """Return how many of n values are in the tail."""
    return min(n // 5, math.ceil(3 * math.sqrt(n)))


def _hill(log_weights: Tensor, count: int) -> float:
    largest = log_weights.topk(count + 1).values
    return float((largest[:-1] - largest[-1]).mean())


def _bins(p: HeldOut, q: HeldOut) -> tuple[tuple[float, float, float], ...]:
    """Return, by tenths of all samples in the order of l, predicted and observed shares of P; both sides weigh ½."""
    l = torch.cat([p.log_ratio, q.log_ratio]).double()  # noqa: E741 - the log-ratio's own letter
    of_p = torch.cat([torch.ones(len(p)), torch.zeros(len(q))]).double()
    weight = _halves(p, q)
    mixed = torch.randperm(len(l), generator=torch.Generator().manual_seed(0))  # ties say nothing
    order = mixed[l[mixed].argsort()]
    found = []
    for rows in order.tensor_split(BINS):
        total = weight[rows].sum()
        predicted, seen = ((weight[rows] * one[rows]).sum() / total for one in (l.sigmoid(), of_p))
        found.append((float(predicted), float(seen), float(total)))
    return tuple(found)


def _slope(p: HeldOut, q: HeldOut, cap: float) -> float:
    """Return the factor of l in the logistic regression of P against Q on l and a constant; NaN for a constant l."""
    x = torch.cat([p.log_ratio, q.log_ratio]).double().clamp(-cap, cap)
    if float(x.std()) < 1e-9:
        return math.nan
    x = torch.stack([x, torch.ones_like(x)], 1)
    sign = torch.cat([-torch.ones(len(p)), torch.ones(len(q))]).double()
    weight = _halves(p, q).double()
    w = torch.tensor([1.0, 0.0], dtype=torch.float64)
    for _ in range(20):
        chance = (sign * (x @ w)).sigmoid()
        slope = x.T @ (weight * sign * chance)
        curvature = (x * (weight * chance * (1 - chance))[:, None]).T @ x
        step = torch.linalg.solve(curvature + 1e-12 * torch.eye(2), slope)
        before, share = weight @ F.softplus(sign * (x @ w)), 1.0
        while weight @ F.softplus(sign * (x @ (w - share * step))) > before and share > 1e-6:
            share /= 2
        w = w - share * step
        if float(step.abs().max()) < 1e-6:
            break
    return float(w[0])
