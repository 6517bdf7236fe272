"""Check whether a bound is the claimed one, and whether it is tight."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.recognise import RATIOS, Match, match, number
from fgan.verification.ends import REACH_ALL
from fgan.verification.loading import Foreign
from fgan.verification.points import complaint
from fgan.verification.precision import slopes_by_autograd
from fgan.verification.recover import Curve
from fgan.verification.report import Break


def judge(
    f: Tensor, whole: Tensor, target: Divergence, known: list[Match], loose: list[Break]
) -> tuple[list[Break], list[str]]:
    """Compare a recovered f with the claimed divergence.

    Args:
        f: the value that the bound reaches, at `RATIOS`.
        whole: the value that f* alone gives there.
        target: the divergence claimed.
        known: the recognised divergences, or the nearest.
        loose: the result of `tightness_break`.

    Returns:
        The broken laws, and notes.
    """
    fit = match(f, target, known[0].within)
    if fit.same:
        affine = f"f - f_{target.name} = {fit.slope:.6g} (u - 1), which does not change the divergence."
        return [], [affine] if abs(fit.slope) > fit.within else []
    law = f"is {target.name}"
    if fit.exact:
        return [Break(law, _scaled_or_shifted(fit, target, known[0]), _mend(fit))], []
    above, below = _compare(f, target, fit.within)
    if match(whole, target, fit.within).same and loose:
        return loose, []
    words = f"this is {known[0]}" if known[0].exact else nearest(known[0])
    words += f", not {target.name}"
    broken = [Break(law, words, f'check f* against `fgan.divergence("{target.name}").conjugate`.')]
    if above:
        mend = "such a value is not a lower bound of this divergence; check f*."
        broken.append(Break(f"lower bound of {target.name}", above, mend))
    elif below:
        broken.append(Break(f"bound is tight for {target.name}", below, REACH_ALL))
    return broken, []


def nearest(one: Match) -> str:
    """Name the divergence nearest to an f that is not in the catalogue."""
    if one.error > 0.2:
        return "no divergence of the catalogue is near its f"
    return f"nearest in the catalogue: {one}, off by up to {one.error:.2g} of its size"


def tightness_break(f: Tensor, whole: Tensor, best: Tensor, curve: Curve, within: float) -> list[Break]:
    """Report at which u the bound stays below f = f**, because T does not reach all of dom f*."""
    words = complaint(
        whole - f > within * (1 + whole.abs() + RATIOS),
        "at u = {u:.6g} the best bound is {f:.10g}, but f(u) = {whole:.10g}: f'(u) = {best:.6g}, but T stays in "
        + _interval(curve),
        near_one=RATIOS.log(),
        u=RATIOS,
        f=f + 0.0,
        whole=whole,
        best=best,
    )
    return [Break("bound is tight", words, REACH_ALL)] if words else []


def slopes_break(foreign: Foreign, curve: Curve) -> list[Break]:
    """Report for which ratios a bound without a separate f* can be tight, if not for all."""
    slopes, enough = curve.slopes, 1e3
    fine = torch.empty(0, dtype=torch.float64) if foreign.narrow else slopes_by_autograd(foreign)
    if len(fine):  # exact gradients determine the ends better than differences of rounded numbers
        slopes, enough = torch.cat([slopes, fine]), 1e6
    low, high = float(slopes.min()), float(slopes.max())
    if low < 1 / enough and high > enough:
        return []
    words = (
        f"as v varies, f*(T) changes between {max(low, 0.0):.6g} and {high:.6g} times as fast as T, so the bound can "
        "be tight only for p/q in this range"
    )
    return [Break("bound is tight", words, REACH_ALL)]


def _interval(curve: Curve) -> str:
    low, high = float(curve.t[0]), float(curve.t[-1])
    at_low, at_high = curve.ends[0], curve.ends[-1]
    # If T still changes far out, where f* overflows, it has no end there.
    below = low < -1e6 or min(at_low, at_high) < low - 1e3
    above = high > 1e6 or max(at_low, at_high) > high + 1e3
    return f"{'(-inf' if below else f'[{low:.4g}'}, {'inf)' if above else f'{high:.4g}]'}"


def _scaled_or_shifted(fit: Match, target: Divergence, first: Match) -> str:
    scaled, shifted = abs(fit.scale - 1) > fit.within, abs(fit.shift) > fit.within * (1 + fit.scale)
    parts = []
    if scaled:
        parts.append(f"this is {number(fit.scale)} × {target.name}")
    if shifted:
        of = "it" if scaled else target.name
        parts.append(
            f"f(1) = {number(fit.shift + fit.scale * target.f_at_one)}: {of} shifted by {number(fit.shift)}"
        )
    text = ", ".join(parts)
    return f"{text}, which is {first.name}" if first.same and first.name != target.name else text


def _mend(fit: Match) -> str:
    parts = []
    if abs(fit.shift) > fit.within * (1 + fit.scale):
        parts.append(f"add {number(fit.shift)} to f*.")
    if abs(fit.scale - 1) > fit.within:
        c = number(1 / fit.scale)
        then = "Then multiply" if parts else "multiply"
        parts.append(f"{then} both terms of the bound by {c}: T by {c}, and f*(t) becomes {c} f*(t / {c}).")
    return " ".join(parts)


def _compare(f: Tensor, target: Divergence, within: float) -> tuple[str | None, str | None]:
    """Report where f is above the target's and where below, up to the best affine part b(u - 1)."""
    wanted = target.f(RATIOS)
    size = 1 + wanted.abs() + RATIOS
    difference = f - wanted
    away = (RATIOS - 1).abs() > 1e-9
    share = difference / torch.where(away, RATIOS - 1, 1.0)
    # f <= wanted + b (u - 1) for all u needs b at least every share above 1, and at most every one below it.
    least, most = float(share[RATIOS > 1 + 1e-9].max()), float(share[RATIOS < 1 - 1e-9].min())
    middle = len(RATIOS) // 2
    tangent = float(share[[middle - 1, middle + 1]].mean())
    b = min(max(0.0, least), most) if least <= most + within else tangent
    b = 0.0 if abs(b) < within else b
    wanted = wanted + b * (RATIOS - 1)
    slack = within * size
    added = f" = f_{target.name}(u)" + ("" if b == 0 else f" {'-' if b < 0 else '+'} {abs(b):.4g} (u - 1)")
    texts = (
        (f - wanted > slack, "at u = {u:.6g} its f is {f:.10g}, above {wanted:.10g}"),
        (wanted - f > slack, "at u = {u:.6g} the best bound is {f:.10g}, below {wanted:.10g}"),
    )
    above, below = (
        complaint(wrong, text + added, near_one=RATIOS.log(), u=RATIOS, f=f + 0.0, wanted=wanted)
        for wrong, text in texts
    )
    return above, below
