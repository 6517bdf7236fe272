"""Check f* on a dense table for dents and jumps narrower than the steps between critic outputs."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.verification.loading import Foreign
from fgan.verification.points import complaint, slope_of
from fgan.verification.report import Break

COUNT = 12_000
SPREAD = 30.0
"""The range of critic outputs and of t in the table."""
STEEP = 1e5
"""Slopes of f* above this are too inaccurate to compare."""
EPS = torch.finfo(torch.float64).eps
MEND = "f* is a supremum of affine functions: check its formula and where its branches meet."


def dense_break(foreign: Foreign, low: float, high: float) -> list[Break]:
    """Report where the gradient of f* falls, or f* jumps, between two neighbours in a dense table of t.

    Args:
        foreign: the code to check.
        low, high: the range that T reaches.
    """
    if foreign.conjugate is None or foreign.narrow:
        return []
    t = _table(foreign, low, high)
    try:
        slope = slope_of(foreign.conjugate, t).double()
    except Exception:  # reported by the law "gradients", which calls it likewise
        return []
    value = foreign.call("conjugate", t)
    keep = value.isfinite() & slope.isfinite() & (slope.abs() < STEEP)
    t, value, slope = t[keep], value[keep], slope[keep]
    if len(t) < 3 or not slope.any():
        return []
    highest, where = slope.cummax(0)
    falls = highest - slope - 1e-7 * (1e-3 + highest.abs())
    if (falls > 0).any():
        place = int((falls / (1 + highest.abs())).argmax())
        words = (
            f"the slope of f* falls from {float(highest[place]):.10g} at t = {float(t[where[place]]):.10g} "
            f"to {float(slope[place]):.10g} at t = {float(t[place]):.10g}"
        )
        return [Break("f* is convex", words, MEND)]
    before, after, here = slope[:-1], slope[1:], t[:-1]
    step, rise = t.diff(), value.diff()
    # torch's softplus jumps by 2e-9 at its threshold, which is harmless.
    slack = 1e-7 * rise.abs() + 1e-8 * (1 + value[1:].abs())
    slack += 64 * EPS * (1 + t[1:].abs()) * after.abs()
    words = complaint(
        (rise < before * step - slack) | (rise > after * step + slack),
        "f* changes by {rise:.10g} from t = {here:.10g} to {next:.10g}, but by its gradient it must change by "
        "{least:.10g} to {most:.10g}",
        here=here,
        rise=rise,
        next=t[1:],
        least=before * step,
        most=after * step,
    )
    return [Break("f* is convex", words, MEND)] if words else []


def _table(foreign: Foreign, low: float, high: float) -> Tensor:
    v = torch.linspace(-SPREAD, SPREAD, COUNT, dtype=torch.float64)
    at_outputs = foreign.call("real", v)
    evenly = torch.linspace(max(low, -SPREAD), min(high, SPREAD), COUNT, dtype=torch.float64)
    t = torch.cat([at_outputs[at_outputs.isfinite()], evenly])
    t = t[(t >= low) & (t <= high)].sort().values
    apart = torch.cat([torch.tensor([True]), t.diff() > 1e-9 * (1 + t[1:].abs())])
    return t[apart]
