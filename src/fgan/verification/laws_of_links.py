"""Laws of a link: the activation, the two terms of the bound, and what narrow types make of them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.elementary import TensorMap
from fgan.verification.loading import Foreign
from fgan.verification.points import FIXED, Points, complaint, slope_of
from fgan.verification.precision import V, precision_breaks

FARTHEST = 1e300
EXTREMES = (-1e4, -300, -88, -60, -30, -17, -2, 0, 2, 17, 30, 60, 88, 300, 1e4)


def activation(d: Divergence, at: Points = FIXED) -> str | None:
    """The activation maps every v into dom f*, and never falls."""
    far = torch.tensor([-100.0, -50.0, -20.0, 20.0, 50.0, 100.0], dtype=torch.float64)
    v = torch.cat([at.outputs, far]).sort().values
    t = d.activation(v)
    upper = d.conjugate_domain.upper
    outside = ~(t <= upper + (1e-14 * (1 + abs(upper)) if math.isfinite(upper) else 0.0))
    broken = complaint(
        outside, f"g_f({{v:.6g}}) = {{t:.10g}} is outside dom f* = {d.conjugate_domain}", v=v, t=t
    )
    broken = broken or complaint(
        ~(t[1:] >= t[:-1]),
        "g_f falls from {t:.10g} at v = {v:.6g} to {after:.6g} at v = {next:.6g}",
        v=v[:-1],
        t=t[:-1],
        after=t[1:],
        next=v[1:],
    )
    if not broken and t[0] == t[-1]:
        return f"g_f is {float(t[0]):.6g} for every v"
    return broken


def terms(d: Divergence, at: Points = FIXED) -> str | None:
    """`real_term` is the activation, and `fake_term` is f* of it; under the link "linear" above that where T ends."""
    real, fake, t = d.real_term(at.outputs), d.fake_term(at.outputs), d.activation(at.outputs)
    composed = d.conjugate(t)
    # t = g_f(v) rounds; where f* is steep, that alone moves f*(t) by u times the rounding.
    steep = d.log_ratio(at.outputs).exp().clamp(max=1e12)
    slack = 1e-9 * (1 + fake.abs()) + 4e-16 * steep * (1 + t.abs())
    ends = (d.link == "linear") & (t >= d.activation(at.outputs.new_tensor(FARTHEST))) & (fake > composed)
    return complaint(
        real != t,
        "real_term is {real:.10g} at v = {v:.6g}, but g_f is {t:.10g}",
        v=at.outputs,
        real=real,
        t=t,
    ) or complaint(
        ~((fake == composed) | ((fake - composed).abs() <= slack) | ends),
        "fake_term is {fake:.10g} at v = {v:.6g}, but f*(g_f(v)) is {composed:.10g}",
        v=at.outputs,
        fake=fake,
        composed=composed,
    )


def log_ratio(d: Divergence, at: Points = FIXED) -> str | None:
    """With u = exp(log_ratio(v)), fake_term rises u times as fast as real_term."""
    real, fake = slope_of(d.real_term, at.outputs), slope_of(d.fake_term, at.outputs)
    u = d.log_ratio(at.outputs).exp()
    # A kinked or bent f gives a flat stretch: there one ratio stands for many.
    moves = (u > 0) & (real > 0)
    return complaint(
        moves & (fake != u * real) & ~((fake - u * real).abs() <= 1e-8 * (u * real).abs() + 1e-12),
        "at v = {v:.6g} fake_term rises {share:.6g} times as fast as real_term, but exp(log_ratio) is {u:.6g}",
        v=at.outputs,
        share=fake / real,
        u=u,
    )


def optimal(d: Divergence, at: Points = FIXED) -> str | None:
    """T = f'(u) at the u that belongs to v, where v determines u and f has a slope."""
    if not d.identifies_ratio:
        return None
    u = d.log_ratio(at.outputs).exp()
    inside = u > 0
    for kink in d.kinks:
        inside &= (u - kink).abs() > 1e-9 * kink
    t, best = d.activation(at.outputs), d.derivative(torch.where(inside, u, 1.0))
    return complaint(
        inside & ~((t - best).abs() <= 1e-8 * best.abs() + 1e-9),
        "at v = {v:.6g}, which is the best output for u = {u:.6g}, T is {t:.10g}, but f'(u) is {best:.10g}",
        v=at.outputs,
        u=u,
        t=t,
        best=best,
    )


def float64(d: Divergence, at: Points = FIXED) -> str | None:
    """For |v| up to 100 no value or gradient is NaN, or infinite where the true one is an ordinary number."""
    own = Foreign(d.name, "", d.real_term, d.fake_term, None, d)
    broken = precision_breaks(own, torch.zeros_like(V, dtype=torch.bool))
    return broken[0].what if broken else None


def float32(d: Divergence, at: Points = FIXED) -> str | None:
    """In float32 values and gradients are never NaN, and finite where the true ones fit, up to |v| = 1e4."""
    return _extremes(d, torch.float32)


def bfloat16(d: Divergence, at: Points = FIXED) -> str | None:
    """The same in bfloat16."""
    return _extremes(d, torch.bfloat16)


def _extremes(d: Divergence, dtype: torch.dtype) -> str | None:
    v = torch.tensor(EXTREMES, dtype=torch.float64).to(dtype)
    for name in ("real_term", "fake_term"):
        term: TensorMap = getattr(d, name)
        value = term(v)
        if value.dtype != dtype:
            return f"{name} of {dtype} returns {value.dtype}".replace("torch.", "")
        for what, got, truth in (
            (name, value, term(v.double())),
            (f"the slope of {name}", slope_of(term, v), slope_of(term, v.double())),
        ):
            broken = _narrow(what, v, got, truth)
            if broken:
                return broken
    return None


def _narrow(what: str, v: Tensor, got: Tensor, truth: Tensor) -> str | None:
    """Hold a narrow result against the float64 one."""
    kind, info = str(got.dtype).removeprefix("torch."), torch.finfo(got.dtype)
    fits = truth.abs() < info.max / 2
    # An exponent of size |v| that is right to the last digit is off by |v| eps once exponentiated.
    relative = 4 * info.eps * (100 if got.dtype == torch.float32 else 1) + 1e-5
    near = (got.double() - truth).abs() <= relative * truth.abs() + 40 * info.eps
    fine = ~got.isnan() & ~truth.isnan() & torch.where(fits, near, got.abs() >= info.max / 4)
    return complaint(
        ~fine,
        f"{what} is {{got:.10g}} in {kind} at v = {{v:.6g}}, but {{truth:.10g}} in float64",
        v=v.double(),
        got=got.double(),
        truth=truth,
    )
