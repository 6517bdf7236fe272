"""Check whether a recognised bound stays correct beyond the u at which its f was compared."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.recognise import Match
from fgan.verification.loading import LARGEST, Foreign
from fgan.verification.points import REACH, complaint
from fgan.verification.report import Break

GOES_ON = "terms go on for |v| <= 100"
FAR_ENOUGH = 1e3
"""A T of this size, in units of the factor, counts as reaching an infinite end."""
REACH_ALL = "let the activation reach every t at which f* is finite; end the critic in a plain linear layer."
NO_EPSILON = "remove the epsilon or the clamp; write the term with softplus, logsigmoid, log1p or expm1."
BETWEEN = torch.linspace(-6, 6, 25, dtype=torch.float64)
FURTHER = torch.linspace(-LARGEST, LARGEST, 401, dtype=torch.float64)


def ends_break(foreign: Foreign, target: Divergence, fit: Match) -> list[Break]:
    """Report which log-ratios T never reaches, although f* of the divergence is finite there."""
    scale, slope = _exact(fit.scale, 1.0, fit.within), _exact(fit.slope, 0.0, fit.within)
    t = foreign.call("real", REACH)
    t = t[~t.isnan()]
    low, high = float(t.min()), float(t.max())
    missed = []
    for sign, end, reached in ((-1.0, target.slope_at_zero, low), (1.0, target.slope_at_infinity, high)):
        wanted = scale * end + slope
        if math.isfinite(wanted):
            fine = sign * (wanted - reached) <= fit.within * (scale + abs(slope) + abs(wanted))
        else:
            fine = sign * (reached - slope) >= FAR_ENOUGH * scale or _moves(foreign, sign, scale)
        if not fine:
            missed.append(_missed(target, (reached - slope) / scale, sign))
    if not missed:
        return []
    ends = (scale * target.slope_at_zero + slope, scale * target.slope_at_infinity + slope)
    words = (
        f"T stays in [{low:.6g}, {high:.6g}], but {target.name} needs {ends[0]:.6g} to {ends[1]:.6g}: "
        f"{' and '.join(missed)} {'is' if len(missed) == 1 else 'are'} out of reach"
    )
    return [Break("bound is tight", words, REACH_ALL)]


def far_break(foreign: Foreign, target: Divergence, fit: Match) -> list[Break]:
    """Report at which |v| <= 100 a term deviates from its form near 0, as with an epsilon inside a logarithm.

    This works if log u is a linear function of v, as in most links.
    """
    if foreign.narrow or not target.smooth or not target.identifies_ratio:
        return []
    scale, slope = _exact(fit.scale, 1.0, fit.within), _exact(fit.slope, 0.0, fit.within)
    log_ratio = target.log_ratio_at((foreign.call("real", BETWEEN) - slope) / scale)
    factor = float((log_ratio[-9] - log_ratio[8]) / (BETWEEN[-9] - BETWEEN[8]))
    start = float(log_ratio[12])
    line = factor * BETWEEN + start
    if not math.isfinite(factor) or not factor or not (line - log_ratio).abs().max() <= 1e-3 * abs(factor):
        return []
    there = factor * FURTHER + start
    shift = fit.shift - slope
    for which, what, truth in (
        ("real", "T", scale * target.real_at(there) + slope),
        ("fake", "f*(T)", scale * target.fake_at(there) - shift),
    ):
        got = foreign.call(which, FURTHER)
        compared = truth.isfinite() & got.isfinite() & (truth.abs() < 1e100)
        words = complaint(
            compared & ~((got - truth).abs() <= 1e-2 * (scale + truth.abs())),
            f"{what} is {{got:.6g}} at v = {{v:.6g}}, but {target.name} has {{truth:.6g}}",
            v=FURTHER,
            got=got,
            truth=truth,
        )
        if words:
            return [Break(GOES_ON, f"{words}; {_worst(got, truth, compared)}", NO_EPSILON)]
    return []


def _worst(got: Tensor, truth: Tensor, compared: Tensor) -> str:
    error = torch.where(compared, (got - truth).abs(), -1.0)
    place = int(error.argmax())
    return f"{float(got[place]):.6g} at v = {float(FURTHER[place]):.6g}, not {float(truth[place]):.6g}"


def _exact(value: float, plain: float, within: float) -> float:
    return plain if abs(value - plain) <= within else value


def _moves(foreign: Foreign, sign: float, scale: float) -> bool:
    """Whether T overflows, or grows as far from v = 1e8 to 1e16 as it did before, on either side."""
    v = torch.tensor([1e4, 1e8, 1e16], dtype=torch.float64)
    for side in (1.0, -1.0):
        first, second, last = (sign * foreign.call("real", side * v)).tolist()
        if not math.isfinite(last):
            return True
        if last - second > 1e-3 * scale and last - second >= 0.5 * (second - first):
            return True
    return False


def _missed(target: Divergence, t: float, sign: float) -> str:
    log_ratio = float(target.log_ratio_at(torch.tensor(t, dtype=torch.float64)))
    side = "above" if sign > 0 else "below"
    u = f" (u {side} {math.exp(log_ratio):.4g})" if abs(log_ratio) < 700 else ""
    return f"log(p/q) {side} {log_ratio:.4g}{u}"
