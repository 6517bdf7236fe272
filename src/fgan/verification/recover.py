"""Recover f from a bound: f(u) is the supremum over v of u T(v) - f*(T(v))."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences.recognise import RATIOS
from fgan.verification.loading import Foreign
from fgan.verification.points import REACH, best_outputs, complaint
from fgan.verification.report import Break

ONES = torch.ones_like(RATIOS)


@dataclass(frozen=True)
class Curve:
    """f* at the T that are reached, by increasing T, without points that are too close to compute a slope.

    Args:
        t: T.
        value: f*(T).
        falls: the fraction of steps in which T falls as v grows.
        ends: T at v = -1e8, -1e4, 1e4, 1e8, where it is finite.
        eps: the rounding error of these numbers.
        apart: see `Foreign.apart`.
    """

    t: Tensor
    value: Tensor
    falls: float
    ends: tuple[float, float, float, float]
    eps: float
    apart: float

    @property
    def slopes(self) -> Tensor:
        """The slopes between neighbours."""
        return self.value.diff() / self.t.diff()

    @property
    def slack(self) -> Tensor:
        """The possible rounding error of each slope."""
        size = 1 + self.value.abs()
        steep = self.slopes.abs() * (1 + self.t[1:].abs())
        return 32 * self.eps * (size[1:] + size[:-1] + steep) / self.t.diff()

    @property
    def bounded(self) -> bool:
        """Whether T stays in a bounded interval for outputs up to 1e8."""
        spread = float(self.t[-1] - self.t[0])
        low, lower, higher, high = self.ends
        moves = max(abs(high - higher), abs(lower - low))
        return spread < 1e6 and not moves > 1e-2 * spread


def reached(foreign: Foreign) -> Curve:
    """Trace f* over the range of T."""
    t, value = foreign.call("real", REACH), foreign.call("fake", REACH)
    finite = t.isfinite() & value.isfinite()
    moves = t[t.isfinite()].diff()
    falls = float((moves < 0).sum() / (moves != 0).sum().clamp(min=1))
    inner = torch.tensor([-1e8, -1e4, 1e4, 1e8], dtype=torch.float64)
    low, lower, higher, high = (
        foreign.call("real", inner).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0).tolist()
    )
    t, order = t[finite].sort()
    value = value[finite][order]
    keep: list[int] = []
    for place, here in enumerate(t.tolist()):
        if not keep or here - float(t[keep[-1]]) > foreign.apart * (1 + abs(here)):
            keep.append(place)
    return Curve(t[keep], value[keep], falls, (low, lower, higher, high), foreign.info.eps, foreign.apart)


def convexity_break(curve: Curve) -> list[Break]:
    """Report where the slope of f* falls."""
    slopes, slack = curve.slopes, curve.slack
    allowed = slack[1:] + slack[:-1] + curve.apart * torch.minimum(slopes[1:].abs(), slopes[:-1].abs())
    falls = (slopes[1:] < slopes[:-1] - allowed).tolist()
    if not any(falls):
        return []
    # The fall nearest to t = 0, from its start to its lowest point.
    middles = (curve.t[1:] + curve.t[:-1]) / 2
    first = min((k for k, fall in enumerate(falls) if fall), key=lambda k: abs(float(curve.t[k + 1])))
    start, before = float(middles[first]), float(slopes[first])
    beyond = (middles > start) & (middles < start + 3 * (1 + abs(start)))
    last = int(torch.where(beyond, slopes, math.inf).argmin())
    if not beyond.any():
        last = first + 1
    end, after = float(middles[last]), float(slopes[last])
    words = f"the slope of f* falls from {before:.6g} at t = {start:.6g} to {after:.6g} at t = {end:.6g}"
    mend = "f* is a supremum of affine functions: check its formula, and that no T is outside its domain."
    return [Break("f* is convex", words, mend)]


def degeneracy(foreign: Foreign, curve: Curve) -> list[Break]:
    """Report why no f belongs to this bound, if none does."""
    law, slopes = "not degenerate", curve.slopes
    if len(curve.t) < 2:
        if len(curve.t) == 0:
            return [Break(law, "T or f*(T) is not finite for any v", "check both formulas at v = 0.")]
        words = f"the activation is {float(curve.t[0]):.6g} for every v"
        return [Break(law, words, "the activation must reach every t at which f* is finite.")]
    spread, steepest = slopes.max() - slopes.min(), slopes.abs().max()
    affine = bool(steepest.isfinite() and spread <= curve.apart * (1 + steepest))
    slope = float(slopes.median())
    if affine and abs(slope) <= 1e-9:
        words = f"f* is {float(curve.value[0]):.6g} for every T: model samples cost nothing"
        return [Break(law, words, "check the conjugate; it must grow with t.")]
    if affine and (slope < 0 or not curve.bounded):
        words = f"f*(t) = {slope:.6g} t + const on all of T's range: D_f is infinite unless P and Q are equal"
        mend = "bound the activation (½ tanh v gives total variation), or take the conjugate of a convex f."
        return [Break(law, words, mend)]
    words = _unbounded(foreign)
    mend = "f* must grow faster than every line: check the conjugate against sup over u of ut - f(u)."
    return [Break(law, words, mend)] if words else []


def _unbounded(foreign: Foreign) -> str | None:
    value, best = f_reached(foreign)
    finite = foreign.call("real", REACH).isfinite() & foreign.call("fake", REACH).isfinite()
    ends = torch.stack([REACH[finite].min(), REACH[finite].max()])
    at_the_end = (best.abs() > 100) & ((best - ends[:, None]).abs() < 0.05 * best.abs()).any(0)
    far = torch.tensor([0.01, 0.1, 1.0], dtype=torch.float64)[:, None] * best
    real, fake = foreign.call("real", far), foreign.call("fake", far)
    gain = (RATIOS * real - fake).nan_to_num(nan=-math.inf)
    before, after = gain[1] - gain[0], gain[2] - gain[1]
    grows = at_the_end & (after > 0.5 * before) & (after > 1e-3 * (1 + gain[2].abs()))
    # If the slope of f* still rises, a larger T would be optimal for this u; otherwise there is none.
    slope_before, slope_after = (fake.diff(dim=0) / real.diff(dim=0)).nan_to_num(nan=0.0)
    grows &= (slope_after - slope_before).abs() <= 0.01 * slope_after.abs()
    return complaint(
        grows | (value > 1e100),
        "at u = {u:.6g} the bound keeps growing with v: u T - f*(T) = {value:.6g} at v = {v:.6g}",
        near_one=RATIOS.log(),
        u=RATIOS,
        value=value,
        v=best,
    )


def f_reached(foreign: Foreign) -> tuple[Tensor, Tensor]:
    """Return the f that the bound reaches at `RATIOS`, and the v at which it does."""

    def term(which: str, other: str, v: Tensor) -> Tensor:
        return torch.where(foreign.call(other, v).isfinite(), foreign.call(which, v), torch.nan)

    return best_outputs(lambda v: term("real", "fake", v), lambda v: term("fake", "real", v), RATIOS, ONES)


def f_of_conjugate(foreign: Foreign, curve: Curve, known: Tensor) -> tuple[Tensor, Tensor]:
    """Return f** at `RATIOS`, the supremum over all of dom f*, and the t that attains it.

    A formula often continues beyond its domain, so the range of T is extended only as far as f* stays finite and
    convex, and not along a straight line, which would belong to an f that is infinite from some u on.
    """
    low, high = _extended(foreign, curve, -1.0), _extended(foreign, curve, 1.0)

    def clamped(t: Tensor) -> Tensor:
        return t.clamp(low, high)

    def finite(t: Tensor) -> Tensor:
        value = foreign.call("conjugate", clamped(t))
        return torch.where(value.isfinite(), value, torch.nan)

    value, t = best_outputs(clamped, finite, RATIOS, ONES)
    return torch.maximum(value, known), clamped(t)


def _extended(foreign: Foreign, curve: Curve, sign: float) -> float:
    edge, at_edge = (float(side[-1 if sign > 0 else 0]) for side in (curve.t, curve.value))
    if abs(edge) > 1e6:
        return edge
    slope = float(curve.slopes[-1 if sign > 0 else 0])
    steps = (1 + abs(edge)) * torch.logspace(-6, 6, 400, dtype=torch.float64)
    t = torch.cat([torch.tensor([edge], dtype=torch.float64), edge + sign * steps])
    value = foreign.call("conjugate", t)
    value[0] = at_edge
    slopes = torch.cat([torch.tensor([slope], dtype=torch.float64), value.diff() / t.diff()])
    size = 1 + value[1:].abs() + slopes[1:].abs() * (1 + t[1:].abs())
    slack = 64 * foreign.info.eps * size / t.diff().abs() + foreign.apart * slopes[1:].abs()
    good = slopes.isfinite()[1:] & (sign * slopes.diff() >= -slack)
    count = len(good) if good.all() else int((~good).int().argmax())
    if count == 0 or abs(float(slopes[count]) - slope) <= 1e-6 * (1e-6 + abs(slope)):
        return edge
    return float(t[count])
