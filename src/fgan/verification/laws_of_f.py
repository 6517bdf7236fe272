"""Laws of f, f', f* and the constants, independent of the link."""

from __future__ import annotations

import math

import torch

from fgan.divergences.base import Divergence
from fgan.divergences.derived import FromF
from fgan.divergences.elementary import TensorMap
from fgan.divergences.expression import parse
from fgan.verification.points import FIXED, Points, complaint, slope_of, slopes

ONE = torch.ones((), dtype=torch.float64)


def convex(d: Divergence, at: Points = FIXED) -> str | None:
    """f lies below its chords."""
    u = at.log_ratios.exp()
    left, right = u[:, None], u[None, :]
    at_left, at_right = d.f(left), d.f(right)
    for share in (0.5, 0.9):
        chord = share * at_left + (1 - share) * at_right
        middle = share * left + (1 - share) * right
        value = d.f(middle)
        slack = 1e-11 * (1 + at_left.abs() + at_right.abs())
        broken = complaint(
            ~(value <= chord + slack),
            "f({u:.6g}) = {value:.10g} is above the chord from u = {left:.6g} to {right:.6g}, {chord:.10g}",
            u=middle,
            value=value,
            left=left,
            right=right,
            chord=chord,
        )
        if broken:
            return broken
    return None


def zero_at_one(d: Divergence, at: Points = FIXED) -> str | None:
    """f(1) = 0; the original GAN's is -log 4, and says so."""
    wanted = -math.log(4) if d.name == "gan" else 0.0
    value = float(d.f(ONE))
    return None if abs(value - wanted) <= 1e-12 else f"f(1) = {value:.10g}, not {wanted:.10g}"


def derivative(d: Divergence, at: Points = FIXED) -> str | None:
    """The stated f' is the derivative of f."""
    u = at.log_ratios.exp()
    stated, slope = d.derivative(u), slope_of(d.f, u)
    return complaint(
        ~((stated - slope).abs() <= 1e-8 * (1 + slope.abs())),
        "f'({u:.6g}) is stated as {stated:.10g}, but f has the slope {slope:.10g} there",
        u=u,
        stated=stated,
        slope=slope,
    )


def fenchel_young(d: Divergence, at: Points = FIXED) -> str | None:
    """f(u) + f*(t) >= ut, with equality at t = f'(u)."""
    u, t = at.log_ratios.exp()[:, None], slopes(d, at.log_ratios)[None, :]
    gap = d.f(u) + d.conjugate(t) - u * t
    below = complaint(
        ~(gap >= -1e-11 * (1 + (u * t).abs() + d.f(u).abs())),
        "f(u) + f*(t) - ut = {gap:.6g} is below 0 at u = {u:.6g}, t = {t:.10g}",
        u=u,
        t=t,
        gap=gap,
    )
    u = u.flatten()
    best = d.derivative(u)
    touching = d.f(u) + d.conjugate(best) - u * best
    return below or complaint(
        ~(touching.abs() <= 1e-10 * (1 + (u * best).abs() + d.f(u).abs())),
        "f(u) + f*(t) - ut = {touching:.6g} is not 0 at u = {u:.6g}, t = f'(u) = {t:.10g}",
        u=u,
        t=best,
        touching=touching,
    )


def biconjugate(d: Divergence, at: Points = FIXED) -> str | None:
    """The supremum over t of ut - f*(t) is f(u)."""
    u = at.log_ratios[::3].exp()
    t = torch.cat([d.real_at(torch.linspace(-14, 14, 301, dtype=torch.float64)), slopes(d, at.log_ratios)])
    table = t.unique()
    gains = u[:, None] * table - d.conjugate(table)
    best, place = gains.nan_to_num(nan=-math.inf).max(1)
    low, high = table[(place - 1).clamp(min=0)], table[(place + 1).clamp(max=len(table) - 1)]
    shares = torch.linspace(0, 1, 17, dtype=torch.float64)
    for _ in range(5):
        finer = low[:, None] + (high - low)[:, None] * shares
        gain, place = (u[:, None] * finer - d.conjugate(finer)).nan_to_num(nan=-math.inf).max(1)
        best = torch.maximum(best, gain)
        low = finer.gather(1, (place - 1).clamp(min=0)[:, None])[:, 0]
        high = finer.gather(1, (place + 1).clamp(max=16)[:, None])[:, 0]
    value = d.f(u)
    return complaint(
        ~((best - value).abs() <= 1e-8 * (1 + value.abs())),
        "the supremum of ut - f*(t) at u = {u:.6g} is {best:.10g}, but f is {value:.10g}",
        u=u,
        best=best,
        value=value,
    )


def domain(d: Divergence, at: Points = FIXED) -> str | None:
    """f* is finite exactly on `conjugate_domain`, and -f(0) below f'(0)."""
    t = slopes(d, at.log_ratios)
    value = d.conjugate(t)
    text = "f*({t:.10g}) = {value:.10g}, "
    broken = complaint(
        ~value.isfinite(), text + f"although t is inside dom f* = {d.conjugate_domain}", t=t, value=value
    )
    if not broken and math.isfinite(d.slope_at_zero):
        wrong = (t < d.slope_at_zero) & ~((value + d.f_at_zero).abs() <= 1e-9 * (1 + abs(d.f_at_zero)))
        wanted = f"not -f(0) = {-d.f_at_zero:.6g} although t is below f'(0) = {d.slope_at_zero:.6g}"
        broken = complaint(wrong, text + wanted, t=t, value=value)
    upper = d.conjugate_domain.upper
    if broken or not math.isfinite(upper):
        return broken
    steps = torch.tensor([1e-9 * (1 + abs(upper)), 0.1, 1.0, 10.0, 1e3], dtype=torch.float64)
    t = upper + steps
    value = d.conjugate(t)
    broken = complaint(
        value != math.inf, text + f"not inf, although dom f* = {d.conjugate_domain}", t=t, value=value
    )
    before, edge = d.conjugate(torch.stack([ONE * upper - steps[0], ONE * upper])).tolist()
    # An open edge is a rounded number; f* may still be finite there, but must be growing towards infinity.
    if broken or math.isfinite(edge) == d.conjugate_domain.closed or edge > before + 1:
        return broken
    return f"f*({upper:.6g}) = {edge:.6g}, but dom f* = {d.conjugate_domain}"


def inverse(d: Divergence, at: Points = FIXED) -> str | None:
    """`log_ratio_at` inverts f', where f' can be inverted."""
    if not d.identifies_ratio:
        return None
    t = d.derivative(at.log_ratios.exp())
    found = d.log_ratio_at(t)
    return complaint(
        ~((found - at.log_ratios).abs() <= 1e-6),
        "log_ratio_at({t:.10g}) is {found:.6g}, but f' takes this value at log u = {log_ratio:.6g}",
        log_ratio=at.log_ratios,
        t=t,
        found=found,
    )


def conjugate_slope(d: Divergence, at: Points = FIXED) -> str | None:
    """The gradient of f* at t is the u at which t is the best T."""
    t = slopes(d, at.log_ratios)
    t = t[(t > d.slope_at_zero) & (t < d.slope_at_infinity)]
    slope, u = slope_of(d.conjugate, t), d.log_ratio_at(t).exp()
    return complaint(
        ~((slope - u).abs() <= 1e-6 * (1e-6 + u)),
        "f* has the slope {slope:.10g} at t = {t:.10g}, but u = {u:.6g} belongs to this t",
        t=t,
        slope=slope,
        u=u,
    )


def weight(d: Divergence, at: Points = FIXED) -> str | None:
    """w(u) = u² f''(u), at least 0."""
    if not d.smooth:
        return None
    u = at.log_ratios.exp()
    curvature = slope_of(lambda x: slope_of(d.f, x, again=True), u)
    wanted, stated = u.square() * curvature, d.weight(at.log_ratios)
    return complaint(
        ~((stated - wanted).abs() <= 1e-5 * wanted.abs() + 1e-8) | ~(stated >= 0),
        "w is {stated:.10g} at u = {u:.6g}, but u² f''(u) is {wanted:.10g}",
        u=u,
        stated=stated,
        wanted=wanted,
    )


def limits(d: Divergence, at: Points = FIXED) -> str | None:
    """f(0), f'(0), lim f(u)/u, f'(1) and f''(1) are what f tends to."""
    low, high = d.trusted
    near, far = _thirds(low).exp(), _thirds(high).exp()
    for name, stated, u, values in (
        ("f(0)", d.f_at_zero, near, d.f(near)),
        ("f'(0)", d.slope_at_zero, near, d.derivative(near)),
        ("lim f(u)/u", d.slope_at_infinity, far, d.f(far) / far),
    ):
        if not _tends_to(values.tolist(), stated):
            value = float(values[-1])
            return (
                f"{name} is stated as {stated:.10g}, but at u = {float(u[-1]):.6g} it is {value:.10g} still"
            )
    slope = float(slope_of(d.f, ONE))
    if d.smooth and not abs(d.threshold - slope) <= 1e-6 * (1 + abs(slope)):
        return f"f'(1) is stated as {d.threshold:.10g}, but f has the slope {slope:.10g} there"
    if d.curvature is None:
        return None
    near, nearer = (float((d.f(1 + h) + d.f(1 - h) - 2 * d.f(ONE)) / h**2) for h in (1e-2 * ONE, 1e-3 * ONE))
    if math.isinf(d.curvature):
        fine = nearer > 1.5 * near
    else:
        fine = abs(nearer - d.curvature) <= max(1e-4 * (1 + d.curvature), abs(nearer - near))
    return (
        None if fine else f"f''(1) is stated as {d.curvature:.10g}, but differences of f give {nearer:.10g}"
    )


def _thirds(edge: float) -> torch.Tensor:
    return edge * torch.tensor([0.25, 0.5, 1.0], dtype=torch.float64)


def _tends_to(values: list[float], stated: float) -> bool:
    """Whether three values, each at twice the log-ratio of the one before, go where it is stated."""
    first, second, last = values
    if math.isinf(stated):
        grows = abs(last - second) >= 0.5 * abs(second - first) and abs(last - second) > 1e-9 * abs(last)
        return math.copysign(1, last) == math.copysign(1, stated) and (math.isinf(last) or grows)
    slack = 1e-6 * (1 + abs(stated))
    slows = abs(last - second) <= 0.5 * abs(second - first) + slack
    return slows and abs(last - stated) <= max(slack, 2 * abs(last - second))


def formulas(d: Divergence, at: Points = FIXED) -> str | None:
    """The printed formulas of f, f', f* and the activation say what the code computes."""
    if isinstance(d, FromF):  # its formula is what was given; f is that less f(1)
        return None
    u, t, v = at.log_ratios.exp(), slopes(d, at.log_ratios), at.outputs
    cases: list[tuple[str, str, torch.Tensor, TensorMap]]
    cases = [("f", "u", u, d.f), ("derivative", "u", u, d.derivative)]
    cases.append(("conjugate", "t", t, d.conjugate))
    for what, link in (("activation", "paper"), ("soft_hinge", "soft-hinge")):
        if link in d.links:
            cases.append((what, "v", v, d.with_link(link).activation))
    # Near the edge of dom f*, a t that is rounded moves f*(t) by u times the rounding.
    steep = d.log_ratio_at(t).exp().clamp(max=1e12)
    for what, variable, x, function in cases:
        text = getattr(d.formulas, what)
        if not text:
            continue
        printed, value = parse(text, variable, d.formulas.constants)(x), function(x)
        slack = 1e-9 * (1 + value.abs()) + (1e-14 * steep * (1 + t.abs()) if variable == "t" else 0.0)
        broken = complaint(
            ~((printed - value).abs() <= slack),
            f"the formula of {what}, {text}, is {{printed:.10g}} at {variable} = {{x:.6g}}, "
            "but the code gives {value:.10g}",
            x=x,
            printed=printed,
            value=value,
        )
        if broken:
            return broken
    return None
