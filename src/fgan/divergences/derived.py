r"""The divergence of a custom convex f.

f', f'' and with them T, f* and the weight come from automatic differentiation of f, in float64 and as functions of the
log-ratio; f* and (f')^{-1} at a given t come from a safeguarded Newton iteration (`newton.py`). `diagnosis.py` checks f
when the divergence is created.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.divergences import expression
from fgan.divergences.base import Derived
from fgan.divergences.card import Card, Formulas
from fgan.divergences.diagnosis import Diagnosis, diagnose
from fgan.divergences.elementary import TensorMap, value_and_slope
from fgan.divergences.facts import Interval
from fgan.divergences.traced import fact

JUST_BESIDE = 1e-15
"""If f''(1) is infinite, as for |u - 1|^1.5, the output 0 of a new critic is taken as a ratio next to 1."""


class FromF(Derived):
    r"""The divergence of a convex f given as a function or as text.

    .. math::
        T(l) = f'(e^l), \quad f^*(T(l)) = e^l f'(e^l) - f(e^l)

    f is always evaluated in float64. Outside the log-ratios `trusted` it loses its digits, or e^l overflows; there the
    terms are held at their value at the edge, which is still a valid bound.

    Args:
        f: see `Divergence.from_f`.
        name: a name for it; an f given as text is named by its text.
        link: "linear" or "log-ratio"; default: "log-ratio" if no term explodes or levels off under it.

    Raises:
        FganError: see `Divergence.from_f`.

    >>> FromF("f(u) = u**2").notes
    ('f(1) = 1 is not 0: f - 1 is used.', "f'(1) = 2: the term 2(u - 1) does not change the divergence...u^2.')
    """

    card = Card(title="A custom divergence")

    def __init__(self, f: TensorMap | str, name: str | None = None, link: str | None = None) -> None:
        if isinstance(f, str):
            f = expression.parse_definition(f)
            self.formulas = Formulas(f=f.text)
            self.parts = math.ceil(f.parts / 8)
            name = name or f"f(u)={f.text}"
        else:
            self.formulas = Formulas(f="given as a function")
        self.name = name or getattr(f, "__name__", "from_f")
        self._given = f
        self._diagnosis: Diagnosis = diagnose(f, self.name)
        self.kinks = self._diagnosis.kinks
        self.smooth = not self.kinks
        self._is_learnt = bool(f(torch.ones(1, dtype=torch.float64)).requires_grad)
        self.trusted = self._diagnosis.trusted
        self.identifies_ratio = self._diagnosis.strictly_convex
        super().__init__(link)

    @property
    def links(self) -> tuple[str, ...]:
        """Both links; "log-ratio" alone for an f with parameters that are trained, of which no table can be kept."""
        return ("log-ratio",) if self._is_learnt else super().links

    @property
    def notes(self) -> tuple[str, ...]:
        """What the diagnosis found, and why the link is "linear"."""
        return (*self._diagnosis.notes, *super().notes)

    def f(self, u: Tensor) -> Tensor:
        """Return f(u) - f(1), elementwise; at u = 0 its limit."""
        wide = u.double()
        positive = wide > 0
        inside = self._given(torch.where(positive, wide, 1)) - self._diagnosis.f_at_one
        return torch.where(positive, inside, self.f_at_zero).to(u.dtype)

    def derivative(self, u: Tensor) -> Tensor:
        """Return f'(u), elementwise."""
        wide = u.double()
        inside = (wide > 0) & wide.isfinite()
        _, slope = value_and_slope(self._given, torch.where(inside, wide, 1))
        ends = torch.where(wide > 0, self.slope_at_infinity, self.slope_at_zero)
        return torch.where(inside, slope, ends).to(u.dtype)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return f'(e^l)."""
        return self.terms_at(log_ratio)[0]

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return e^l f'(e^l) - f(e^l) + f(1)."""
        return self.terms_at(log_ratio)[1]

    def terms_at(self, log_ratio: Tensor) -> tuple[Tensor, Tensor]:
        """Return both, of which f is evaluated once."""
        u = self._ratio(log_ratio)
        value, slope = value_and_slope(self._given, u)
        fake = u * slope - value + self._diagnosis.f_at_one
        # For a piecewise linear f, autograd finds no dependence of f' on u; the gradient is 0, not missing.
        real = slope if slope.requires_grad or not u.requires_grad else slope + 0 * u
        return real.to(log_ratio.dtype), fake.to(log_ratio.dtype)

    def _ratio(self, log_ratio: Tensor) -> Tensor:
        u = F.hardtanh(log_ratio.double(), *self.trusted).exp()
        return u * (1 + JUST_BESIDE * (u == 1).double()) if self._diagnosis.rough_at_one else u

    def __repr__(self) -> str:
        """Return the call that creates it, as far as it can be written."""
        if self.name.startswith("f(u)="):
            return super().__repr__()
        return f'fgan.Divergence.from_f(..., name="{self.name}")'

    # The limits lie beyond the trusted range, not at its edge.

    @fact
    def f_at_zero(self) -> float:
        """f(0), extrapolated."""
        return self._diagnosis.f_at_zero

    @fact
    def slope_at_zero(self) -> float:
        """f'(0), extrapolated."""
        return self._diagnosis.slope_at_zero

    @fact
    def threshold(self) -> float:
        """f'(1)."""
        return self._diagnosis.threshold

    @fact
    def curvature(self) -> float | None:
        """f''(1)."""
        return math.inf if self._diagnosis.rough_at_one and self.smooth else super().curvature

    @fact
    def slope_at_infinity(self) -> float:
        """The limit of f(u)/u, extrapolated."""
        return self._diagnosis.slope_at_infinity

    @fact
    def conjugate_domain(self) -> Interval:
        """Where f* is finite, according to the limits."""
        upper = self.slope_at_infinity
        return Interval(upper=upper, closed=math.isfinite(upper) and self._diagnosis.conjugate_ends_finite)
