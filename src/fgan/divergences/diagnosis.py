"""Checks of a custom f; each error names a u that shows the problem."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences.elementary import TensorMap, value_and_slope
from fgan.errors import FganError

WIDEST, STEP = 700.0, 0.125
"""The log-ratios to check."""
FINE = 20_001
"""The number of points in the core for the search for kinks."""
CORE = 12.0
"""Log-ratios within which f must be convex and finite; beyond, it may lose its digits."""


@dataclass(frozen=True)
class Diagnosis:
    """The properties of a usable f, from `diagnose`.

    Args:
        f_at_one: f(1), which is subtracted.
        f_at_zero, slope_at_zero, slope_at_infinity: limits of f - f(1), f' and f(u)/u.
        threshold: f'(1).
        conjugate_ends_finite: whether f* is finite at the edge of its domain.
        kinks: the u at which f' jumps.
        rough_at_one: whether f''(1) is infinite.
        strictly_convex: whether f' increases everywhere in the trusted range.
        trusted: the range of log-ratios in which f is accurate.
        notes: what a user should know, in sentences.
    """

    f_at_one: float
    f_at_zero: float
    slope_at_zero: float
    slope_at_infinity: float
    threshold: float
    conjugate_ends_finite: bool
    kinks: tuple[float, ...]
    rough_at_one: bool
    strictly_convex: bool
    trusted: tuple[float, float]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Curve:
    """f along a grid of log-ratios: u, f(u), f'(u), and the conjugate side u f'(u) - f(u)."""

    log_ratio: Tensor
    u: Tensor
    value: Tensor
    slope: Tensor
    conjugate: Tensor


@torch.no_grad()
def diagnose(f: TensorMap, name: str) -> Diagnosis:
    """Check f in float64 and return its properties.

    Raises:
        FganError: if f is not elementwise, not differentiable, not finite, not convex, or affine.
    """
    _check_call(f, name)
    one = torch.ones(1, dtype=torch.float64)
    at_one = float(f(one))
    grid = torch.arange(-WIDEST, WIDEST + STEP, STEP, dtype=torch.float64)
    _check_finite(_trace(f, grid, at_one), name)
    _check_differentiable(f, name)
    scale = _scale(f, at_one, name)

    def normal(u: Tensor) -> Tensor:
        return (f(u) - at_one) / scale

    curve = _trace(normal, grid)
    kinks = _kinks(normal, scale, name)
    low, high = _trusted(curve, scale, name)
    _check_curvature(normal, scale, name)
    inside = _Curve(*(getattr(curve, key)[low : high + 1] for key in _Curve.__dataclass_fields__))
    rises = inside.slope.diff()
    trusted = float(inside.log_ratio[0]), float(inside.log_ratio[-1])
    threshold = float(value_and_slope(f, one)[1])
    return Diagnosis(
        f_at_one=at_one,
        f_at_zero=scale * _limit(inside.log_ratio, inside.value, 0),
        slope_at_zero=scale * _limit(inside.log_ratio, inside.slope, 0),
        slope_at_infinity=scale * _limit(inside.log_ratio, inside.slope, -1),
        threshold=threshold,
        conjugate_ends_finite=math.isfinite(_limit(inside.log_ratio, inside.conjugate, -1)),
        kinks=kinks,
        rough_at_one=_rough_at_one(normal),
        strictly_convex=bool((rises[inside.log_ratio[:-1].abs() < CORE] > 0).all()),
        trusted=trusted,
        notes=_notes(at_one, threshold, kinks, trusted),
    )


def _scale(f: TensorMap, at_one: float, name: str) -> float:
    """Return how far f rises above its tangent at 1: near 1, or further away if it is flat there."""
    _, slope = value_and_slope(f, torch.ones(1, dtype=torch.float64))
    for away in (2.17, 31.3, 1013.0, 123456.0):
        u = torch.tensor([1 / away, away], dtype=torch.float64)
        above = float((f(u) - at_one - slope * (u - 1)).sum())
        if not math.isfinite(above):
            continue
        if above > 1e-13 * (abs(at_one) + float(slope.abs()) * away):
            return 2.0 ** round(math.log2(above))  # dividing by it rounds nothing
        if above < -1e-9 * (abs(at_one) + float(slope.abs()) * away):
            return 1.0  # not convex: what follows says where
    raise FganError(f'the f of "{name}" is affine, so its divergence is {at_one:g} for all P and Q.')


def _notes(
    at_one: float, threshold: float, kinks: tuple[float, ...], trusted: tuple[float, float]
) -> tuple[str, ...]:
    notes = []
    if abs(at_one) > 1e-12:
        notes.append(
            f"f(1) = {at_one:.6g} is not 0: f {'-' if at_one > 0 else '+'} {abs(at_one):.6g} is used."
        )
    if kinks:
        where = ", ".join(f"{u:.6g}" for u in kinks)
        notes.append(f"f has a kink at u = {where}: a critic cannot distinguish ratios near a kink.")
    elif abs(threshold) > 1e-12:
        notes.append(
            f"f'(1) = {threshold:.6g}: the term {threshold:.6g}(u - 1) does not change the divergence, but it is the "
            "threshold for T = f'(u)."
        )
    if min(-trusted[0], trusted[1]) < 25:
        notes.append(
            f"in float64 this f is accurate for log(p/q) between {trusted[0]:.4g} and {trusted[1]:.4g}; outside, the "
            "terms of the bound are held constant."
        )
    return tuple(notes)


def _trace(f: TensorMap, log_ratio: Tensor, at_one: float = 0.0) -> _Curve:
    u = log_ratio.exp()
    value, slope = value_and_slope(f, u)
    return _Curve(log_ratio, u, value - at_one, slope, u * slope - value + at_one)


def _check_call(f: TensorMap, name: str) -> None:
    u = torch.tensor([0.25, 1.0, 3.0], dtype=torch.float64)
    try:
        value = f(u)
    except Exception as error:
        raise FganError(
            f'the f of "{name}" must map a tensor of ratios u to f(u) with torch operations; at u = '
            f"{u.tolist()} it raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(value, Tensor):
        raise FganError(f'the f of "{name}" must return a tensor; it returned {type(value).__name__}.')
    if value.shape != u.shape:
        raise FganError(
            f'the f of "{name}" must keep the shape of its input, (3,); it returned {tuple(value.shape)}.'
        )
    if value.dtype != torch.float64:
        raise FganError(
            f'the f of "{name}" must keep the dtype of its input, torch.float64; it returned {value.dtype}.'
        )
    if not torch.equal(f(u.flip(0)).flip(0).nan_to_num(), value.nan_to_num()):
        raise FganError(
            f'the f of "{name}" must be elementwise; reversing its input does not just reverse its output.'
        )
    try:
        _trace(f, u.log())
    except RuntimeError as error:
        raise FganError(
            f'the f of "{name}" cannot be differentiated: {error}. Use torch operations only, '
            "without .item(), .numpy() or .detach()."
        ) from error


def _check_finite(curve: _Curve, name: str) -> None:
    """Require f to be finite in the core, unless it has overflowed."""
    bad = ~(curve.value.isfinite() & curve.slope.isfinite())
    for side in (curve.log_ratio >= 0, curve.log_ratio <= 0):
        wrong = bad & side & (curve.log_ratio.abs() <= CORE)
        if not wrong.any():
            continue
        place = int(torch.where(wrong, curve.log_ratio.abs(), torch.inf).argmin())
        before = place - int(curve.log_ratio[place].sign())
        overflows = curve.value[place] == torch.inf and curve.value[before] > 1e100
        if not (overflows and curve.log_ratio[place].abs() > 1):
            raise FganError(
                f'the f of "{name}" must be finite for every u > 0; f({float(curve.u[place]):.6g}) = '
                f"{float(curve.value[place]):g} with f' = {float(curve.slope[place]):g}."
            )


def _check_differentiable(f: TensorMap, name: str) -> None:
    """Compare autograd with differences: rounding, detaching or counting is invisible to autograd."""
    u = torch.linspace(0.2, 5.0, 97, dtype=torch.float64) + 1e-3 * math.sqrt(2)
    h = 1e-6
    _, slope = value_and_slope(f, u)
    difference = (f(u + h) - f(u - h)) / (2 * h)
    wrong = (slope - difference).abs() > 1e-4 * (1 + slope.abs() + difference.abs())
    if wrong.any():
        place = int(wrong.int().argmax())
        raise FganError(
            f'the f of "{name}" cannot be differentiated: at u = {float(u[place]):.6g} autograd gives f\' = '
            f"{float(slope[place]):.6g}, differences give {float(difference[place]):.6g}."
        )


def _kinks(f: TensorMap, scale: float, name: str) -> tuple[float, ...]:
    """Return the u at which f' jumps up; if it jumps down anywhere, f is not convex."""
    low, high, fall = _jumps(f, -1.0)
    if len(low):
        place = int(torch.where(fall, low, torch.inf).abs().argmin())
        u = float(low[place].exp())
        before, after = (float(_trace(f, side[place : place + 1]).slope) * scale for side in (low, high))
        raise FganError(
            f'the f of "{name}" is not convex: at u = {u:.6g} its slope jumps down from {before:.6g} to {after:.6g}.'
        )
    low, high, _ = _jumps(f, 1.0)
    found: list[float] = []
    for u in ((low + high) / 2).exp().tolist():
        if not found or u > found[-1] * (1 + 1e-9):
            found.append(u)
    return tuple(found)


def _jumps(f: TensorMap, sign: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return the ends of tiny intervals over which f' jumps up (sign 1) or down (-1).

    Each interval of a fine grid is bisected towards the half in which f' changes more in that direction.
    """
    grid = torch.linspace(-CORE, CORE, FINE, dtype=torch.float64)
    low, high = grid[:-1], grid[1:]

    def slope(log_ratio: Tensor) -> Tensor:
        return sign * _trace(f, log_ratio).slope

    at_low, at_high = slope(low), slope(high)
    first = at_high - at_low
    for level in range(36):
        if level == 8:
            # By now a smooth f' changes by a 256th of what it did; go on with what has kept more.
            kept = (at_high - at_low) > first / 16
            low, high, at_low, at_high = low[kept], high[kept], at_low[kept], at_high[kept]
        middle = (low + high) / 2
        at_middle = slope(middle)
        left = (at_middle - at_low) > (at_high - at_middle)
        low, high = torch.where(left, low, middle), torch.where(left, middle, high)
        at_low, at_high = torch.where(left, at_low, at_middle), torch.where(left, at_middle, at_high)
    # Rounding moves f' by some of its digits; a smooth f' moves as far over the next stretch as over this one.
    beyond = slope(high + (high - low)) - at_high
    jumps = (at_high - at_low) > 1e-6 * (1 + at_low.abs() + at_high.abs()) + 8 * beyond.abs()
    return low[jumps], high[jumps], jumps[jumps]


def _check_curvature(f: TensorMap, scale: float, name: str) -> None:
    """Raise if f'' is negative anywhere, even in a narrow dent."""
    log_ratio = torch.linspace(-CORE, CORE, 10 * FINE, dtype=torch.float64)
    u = log_ratio.exp()
    slope, curvature = value_and_slope(lambda x: value_and_slope(f, x)[1], u)
    negative = u * curvature < -1e-8 * (1 + slope.abs())
    if negative.any():
        place = int(torch.where(negative, log_ratio.abs(), torch.inf).argmin())
        raise FganError(
            f"the f of \"{name}\" is not convex: f''({float(u[place]):.6g}) = {float(curvature[place]) * scale:.6g}. "
            "An f-divergence needs a convex f."
        )


def _rough_at_one(f: TensorMap) -> bool:
    """Whether f''(1) is infinite, independently of automatic differentiation."""
    u = torch.tensor([1 - 1e-7, 1.0, 1 + 1e-7], dtype=torch.float64)
    _, curvature = value_and_slope(lambda x: value_and_slope(f, x)[1], u)
    before, at_one, after = (curvature + 0.0).tolist()
    return math.isnan(at_one) or max(before, after) > 100 * (1 + abs(at_one))


def _trusted(curve: _Curve, scale: float, name: str) -> tuple[int, int]:
    """Return the first and last index around u = 1 between which f' and f* increase like those of a convex f.

    For convex f, the conjugate rises by at least u_i and at most u_{i+1} times as much as f'. Rounding breaks this
    where f has lost its digits. If it breaks inside the core, f is not convex.
    """
    slope_rise, conjugate_rise = curve.slope.diff(), curve.conjugate.diff()
    low, high = curve.u[:-1] * slope_rise, curve.u[1:] * slope_rise
    size = curve.conjugate[:-1].abs() + curve.conjugate[1:].abs()
    slack = 1e-9 * torch.minimum(size, high.abs() + 1e-9) + 1e-12 * (1 + size)
    finite = (curve.value.isfinite() & curve.slope.isfinite())[:-1] & curve.conjugate[1:].isfinite()
    falls = slope_rise < -1e-9 * (curve.slope[:-1].abs() + curve.slope[1:].abs()) - 1e-13
    fine = finite & ~falls & (conjugate_rise >= low - slack) & (conjugate_rise <= high + slack)
    middle = len(fine) // 2
    core = (curve.log_ratio[:-1].abs() <= CORE) & finite
    if (falls & core).any():
        _say_where_not_convex(curve, falls & core, scale, name)
    broken = (~fine).nonzero().flatten()
    before, after = broken[broken < middle], broken[broken >= middle]
    first = int(before[-1]) + 1 if len(before) else 0
    last = int(after[0]) if len(after) else len(fine)
    if last - first < 2 / STEP:
        raise FganError(
            f'the f of "{name}" is not convex, jumps, or loses all digits around u = {float(curve.u[middle]):.6g}.'
        )
    return first, last


def _say_where_not_convex(curve: _Curve, falls: Tensor, scale: float, name: str) -> None:
    place = int(torch.where(falls, curve.log_ratio[:-1].abs(), torch.inf).argmin())
    left, right = float(curve.u[place]), float(curve.u[place + 1])
    at_left, at_right = (float(curve.slope[k]) * scale for k in (place, place + 1))
    raise FganError(
        f'the f of "{name}" is not convex: its slope falls from f\'({left:.6g}) = {at_left:.6g} to '
        f"f'({right:.6g}) = {at_right:.6g}. An f-divergence needs a convex f."
    )


def _limit(log_ratio: Tensor, values: Tensor, end: int) -> float:
    """Return the apparent limit of a monotone sequence at one end, ±inf if it keeps growing.

    A convergent sequence changes less and less over three equal intervals of the log-ratio, and Aitken's formula gives
    its limit. A logarithm of u changes equally in each.
    """
    edge = float(log_ratio[end])
    places = torch.searchsorted(log_ratio, log_ratio.new_tensor([edge / 3, 2 * edge / 3, edge]))
    first, second, last = values[places].tolist()
    before, after = second - first, last - second
    if abs(after) <= 1e-9 * (1 + abs(last)):
        return last if abs(last) > 1e-12 else 0.0
    if abs(after) >= 0.5 * abs(before):
        return math.copysign(math.inf, after)
    return last + after * after / (before - after)
