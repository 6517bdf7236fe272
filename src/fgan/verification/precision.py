"""Numerical checks of custom terms in floating point, for |v| up to 100."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fgan.divergences.elementary import TensorMap
from fgan.errors import FganError
from fgan.verification.loading import LARGEST, Foreign, first_line
from fgan.verification.points import REACH, complaint
from fgan.verification.report import Break

V = torch.linspace(-LARGEST, LARGEST, 1601, dtype=torch.float64)
FITS = torch.finfo(torch.float32).max / 1000
"""Below this, float32 intermediates need not overflow either."""
HUGE = 1e300
"""A float64 overflow directly after a number of this size is legitimate."""
TERMS = {"real": "T = g_f(v)", "fake": "f*(T)"}
FUSE = "compute f*(g_f(v)) in one formula in v, as fgan's `fake_term` does, so that nothing overflows or rounds away."


def check_calls(foreign: Foreign) -> tuple[list[Break], list[str]]:
    """Call both terms on ordinary outputs; return what is wrong with their shape or type, and notes.

    Raises:
        FganError: if they cannot be called at all.
    """
    v = torch.tensor([-1.9, -0.7, 0.1, 0.9, 2.1], dtype=torch.float64)
    notes = []
    for which, what in TERMS.items():
        function: TensorMap = getattr(foreign, which)
        try:
            value = function(v.clone())
        except Exception as error:
            if foreign.call(which, v).isnan().all():
                raise FganError(
                    f'"{foreign.name}" must map a tensor of critic outputs v to {what}; at v = {v.tolist()} it '
                    f"raised {type(error).__name__}: {first_line(error)}"
                ) from error
            continue
        if not isinstance(value, Tensor):
            raise FganError(
                f'"{foreign.name}" must return a tensor for {what}; it returned {type(value).__name__}.'
            )
        if value.is_complex():
            words = f"{what} is complex: {value[0].item():.4g} at v = {float(v[0]):g}"
            return [
                Break("real values", words, "use real operations only, and clamp inputs to their domain.")
            ], notes
        if value.shape != v.shape:
            words = f"{what} has shape {tuple(value.shape)} for v of shape {tuple(v.shape)}"
            return [Break("elementwise", words, "return one value for each v; average outside.")], notes
        turned = function(v.flip(0)).flip(0)
        broken = complaint(
            ~torch.isclose(turned.double(), value.double(), rtol=1e-5, equal_nan=True),
            what + " at v = {v:g} is {one:.6g} or {other:.6g}, depending on the other entries or the call",
            v=v,
            one=value,
            other=turned,
        )
        if broken:
            return [Break("elementwise", broken, "let each value depend on its own v only.")], notes
        if value.dtype != v.dtype:
            notes.append(
                f"{what} is {value.dtype} for a {v.dtype} v: precision is lost.".replace("torch.", "")
            )
    return [], notes


def outside_domain(foreign: Foreign) -> Tensor:
    """Return at which `V` T is finite but f*(T) is not, apart from rounding at the edge of T's range."""
    if foreign.conjugate is None:
        return torch.zeros_like(V, dtype=torch.bool)
    t, reach = foreign.call("real", V), foreign.call("real", REACH)
    reach = reach[reach.isfinite()]
    bad = t.isfinite() & ~foreign.call("conjugate", t).isfinite()
    if not bad.any():
        return bad
    edges = (reach.min(), reach.max())
    saturated = torch.stack([(t - edge).abs() <= 1e-6 * (1 + edge.abs()) for edge in edges]).any(0)
    rightly = _rightly_infinite(lambda v: foreign.call("fake", v), bad, _huge(foreign))
    return bad & ~saturated & ~rightly


def domain_break(foreign: Foreign, outside: Tensor) -> list[Break]:
    """Report where T leaves dom f*."""
    t = foreign.call("real", V)
    words = complaint(
        outside,
        "at v = {v:.6g}, T = {t:.6g} and f*(T) = {value:g}",
        v=V,
        t=t,
        value=foreign.call("fake", V),
    )
    mend = "choose an activation whose values are exactly those t at which f* is finite."
    return [Break("T inside dom f*", words, mend)] if words else []


def precision_breaks(foreign: Foreign, ignored: Tensor, *, gradients: bool = True) -> list[Break]:
    """Report where values or gradients are NaN or infinite although the true ones are ordinary numbers.

    Args:
        foreign: the code to check.
        ignored: the `V` at which f*(T) has another fault.
        gradients: whether to check gradients too.
    """
    broken = []
    for which, what in TERMS.items():
        facts = _facts(foreign, which, ignored if which == "fake" else torch.zeros_like(ignored), gradients)
        if facts:
            mend = FUSE if which == "fake" else "write g_f(v) with softplus, logsigmoid, expm1 or tanh."
            broken.append(Break("usable numbers for |v| <= 100", f"{what}: {'; '.join(facts)}", mend))
    return broken


def gradient_break(foreign: Foreign) -> list[Break]:
    """Compare automatic differentiation with differences."""
    v = torch.linspace(-4, 4, 41, dtype=torch.float64) + 0.0123
    h, near, bend, least = (0.05, 3e-2, 0.2, 1e-4) if foreign.narrow else (1e-5, 1e-4, 1e-4, 1e-9)
    for which, what in TERMS.items():

        def term(x: Tensor, which: str = which) -> Tensor:
            return foreign.call(which, x)

        before, here, after = term(v - h), term(v), term(v + h)
        # Across a kink or a step the two sides differ.
        smooth = ((after - here) - (here - before)).abs() <= bend * (after - before).abs() + least
        difference = (after - before) / (2 * h)
        slope, problem = _slope(getattr(foreign, which), v)
        mend = "use torch operations from v on, without .item(), .numpy(), .detach() or torch.no_grad()."
        if problem:
            return [Break("gradients", f"{what} cannot be differentiated: {problem}", mend)]
        words = complaint(
            smooth & here.isfinite() & ~((slope - difference).abs() <= near * (1 + difference.abs())),
            f"{what} has the gradient {{slope:.10g}} at v = {{v:.6g}} by autograd, {{difference:.10g}} by differences",
            v=v,
            slope=slope,
            difference=difference,
        )
        if words:
            return [Break("gradients", words, mend)]
    return []


def slopes_by_autograd(foreign: Foreign) -> Tensor:
    """Return how many times as fast f*(T) rises as T, wherever both have a gradient."""
    real, fake = (_slope(getattr(foreign, which), REACH)[0] for which in ("real", "fake"))
    slopes = (fake / real)[real != 0]
    return slopes[slopes.isfinite()]


def _facts(foreign: Foreign, which: str, ignored: Tensor, gradients: bool) -> list[str]:
    function: TensorMap = getattr(foreign, which)

    def value(v: Tensor) -> Tensor:
        return foreign.call(which, v)

    def gradient(v: Tensor) -> Tensor:
        return _slope(function, v)[0]

    facts = []
    wide, narrow = value(V), foreign.call(which, V.float())
    wide_bad = ~wide.isfinite() & ~_rightly_infinite(value, ~wide.isfinite(), _huge(foreign)) & ~ignored
    fits = wide.abs() < FITS
    narrow_bad = (narrow.isnan() & ~wide.isnan() | ~narrow.isfinite() & fits) & ~ignored
    facts += _nearest(
        "{got:g} in float32 at v = {v:g}, where float64 gives {truth:.6g}", narrow_bad, narrow, wide
    )
    facts += _nearest("{got:g} in float64 at v = {v:g}", wide_bad, wide, wide)
    if not gradients:
        return facts
    wide_slope, narrow_slope = gradient(V), gradient(V.float())
    slope_bad = ~wide_slope.isfinite() & wide.isfinite()
    slope_bad &= ~_rightly_infinite(gradient, slope_bad, _huge(foreign))
    if (slope_bad & wide_slope.isinf()).any():
        slope_bad &= ~(wide_slope.isinf() & _steepens(gradient))
    fits = wide_slope.abs() < FITS
    narrow_slope_bad = ~narrow_slope.isfinite() & fits & narrow.isfinite() & ~ignored
    facts += _nearest(
        "its gradient {got:g} in float32 at v = {v:g}, where float64 gives {truth:.6g}",
        narrow_slope_bad,
        narrow_slope,
        wide_slope,
    )
    facts += _nearest("its gradient {got:g} in float64 at v = {v:g}", slope_bad, wide_slope, wide_slope)
    return facts


def _nearest(text: str, wrong: Tensor, got: Tensor, truth: Tensor) -> list[str]:
    words = complaint(wrong, text, v=V, got=got, truth=truth)
    return [words] if words else []


def _rightly_infinite(function: Callable[[Tensor], Tensor], bad: Tensor, huge: float) -> Tensor:
    """Return which bad entries of `V` lie beyond a legitimate overflow of float64."""
    rightly = torch.zeros_like(bad)
    for sign in (-1.0, 1.0):
        side = bad & (sign * V >= 0)
        if not side.any():
            continue
        first = float(torch.where(side, V.abs(), torch.inf).min())
        good, beyond = sign * max(first - 0.125, 0.0), sign * first
        last = 0.0
        for _ in range(60):
            middle = (good + beyond) / 2
            size = float(function(torch.tensor([middle], dtype=torch.float64)).abs())
            if size < torch.inf:
                good, last = middle, size
            else:
                beyond = middle
        if last > huge:
            rightly |= side
    return rightly


def _huge(foreign: Foreign) -> float:
    return foreign.info.max * 1e-8 if foreign.narrow else HUGE


def _steepens(gradient: Callable[[Tensor], Tensor]) -> Tensor:
    """Return at which `V` the gradient grows without bound, as that of √v does at 0."""
    near, nearer = gradient(V + 1e-4).abs(), gradient(V + 1e-8).abs()
    return nearer.isfinite() & (nearer > 5 * near)


def _slope(function: TensorMap, v: Tensor) -> tuple[Tensor, str | None]:
    """Return the gradient in float64, NaN where the code raises, and the error if there is no gradient at all."""
    at = v.detach().clone().requires_grad_()
    try:
        value = function(at * 1)  # no leaf, so that code may write into it
    except Exception as error:
        if len(v) == 1:
            problem = f"{type(error).__name__}: {first_line(error)}"
            return torch.full(v.shape, torch.nan, dtype=torch.float64), problem
        # The code may raise for some v only; `Foreign.call` has recorded which.
        singles = [_slope(function, one) for one in v.split(1)]
        problems = [problem for _, problem in singles]
        return torch.cat([slope for slope, _ in singles]), problems[0] if all(problems) else None
    if not value.requires_grad:
        return torch.zeros(v.shape, dtype=torch.float64), None
    try:
        (slope,) = torch.autograd.grad(value.sum(), at, allow_unused=True)
    except Exception as error:
        return torch.full(
            v.shape, torch.nan, dtype=torch.float64
        ), f"{type(error).__name__}: {first_line(error)}"
    return torch.zeros_like(v).double() if slope is None else slope.double(), None
