r"""The divergence of any convex f that somebody writes down.

f', f'' and with them T, f* and the weight come from automatic differentiation of f, in float64 and under the
log-ratio link; f* and (f')^{-1} at a given t from a safeguarded Newton iteration (`newton.py`). What is wrong
with an f is found when it is given, see `diagnosis.py`.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.divergences import expression
from fgan.divergences.base import Divergence
from fgan.divergences.card import Card, Formulas
from fgan.divergences.diagnosis import Diagnosis, diagnose
from fgan.divergences.elementary import TensorMap, value_and_slope
from fgan.divergences.facts import Interval
from fgan.divergences.traced import fact

JUST_BESIDE = 1e-15
"""Where f''(1) is infinite, as in |u - 1|^1.5, the output 0 of a fresh critic is read as a ratio next to 1."""


class FromF(Divergence):
    r"""The divergence of a convex f given as a function or as text.

    .. math::
        T(l) = f'(e^l), \quad f^*(T(l)) = e^l f'(e^l) - f(e^l)

    f is evaluated in float64 whatever the type of its argument. Beyond the log-ratios `trusted` its digits are
    lost, or e^l overflows; there the terms keep the value they have at the edge, which is still a valid bound.

    Args:
        f: see `Divergence.from_f`.
        name: what to call it; an f given as text is called by that text.
        link: "log-ratio", the only one it has.

    Raises:
        FganError: see `Divergence.from_f`.

    >>> FromF("f(u) = u**2").notes
    ('f(1) = 1 is not 0: f - 1 is used.', "f'(1) = 2: a part 2(u - 1) that changes no divergence...")
    """

    card = Card(title="A custom divergence")

    def __init__(self, f: TensorMap | str, name: str | None = None, link: str | None = None) -> None:
        if isinstance(f, str):
            f = expression.parse_definition(f)
            self.formulas = Formulas(f=f.text)
            name = name or f"f(u)={f.text}"
        else:
            self.formulas = Formulas(f="given as a function")
        self.name = name or getattr(f, "__name__", "from_f")
        self._given = f
        self._diagnosis: Diagnosis = diagnose(f, self.name)
        self.notes = self._diagnosis.notes
        self.smooth = not self._diagnosis.kinks
        self.identifies_ratio = self._diagnosis.strictly_convex
        super().__init__(link)

    @property
    def trusted(self) -> tuple[float, float]:
        """The log-ratios between which f keeps its digits in float64."""
        return self._diagnosis.trusted

    def f(self, u: Tensor) -> Tensor:
        """Return f(u) - f(1), elementwise; at u = 0 its limit."""
        wide = u.double()
        positive = wide > 0
        inside = self._given(torch.where(positive, wide, 1)) - self._diagnosis.f_at_one
        return torch.where(positive, inside, self.f_at_zero).to(u.dtype)

    def derivative(self, u: Tensor) -> Tensor:
        """Return f'(u), elementwise."""
        wide = u.double()
        positive = wide > 0
        _, slope = value_and_slope(self._given, torch.where(positive, wide, 1))
        return torch.where(positive, slope, self.slope_at_zero).to(u.dtype)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return f'(e^l)."""
        u = self._ratio(log_ratio)
        _, slope = value_and_slope(self._given, u)
        # Of a piecewise linear f autograd leaves no trace in f'; its gradient is 0, not missing.
        return (slope if slope.requires_grad or not u.requires_grad else slope + 0 * u).to(log_ratio.dtype)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return e^l f'(e^l) - f(e^l) + f(1)."""
        u = self._ratio(log_ratio)
        value, slope = value_and_slope(self._given, u)
        return (u * slope - value + self._diagnosis.f_at_one).to(log_ratio.dtype)

    def _ratio(self, log_ratio: Tensor) -> Tensor:
        u = F.hardtanh(log_ratio.double(), *self.trusted).exp()
        return u * (1 + JUST_BESIDE * (u == 1).double()) if self._diagnosis.rough_at_one else u

    def __repr__(self) -> str:
        """Write the call that makes it, as far as it can be written."""
        if self.name.startswith("f(u)="):
            return super().__repr__()
        return f'fgan.Divergence.from_f(..., name="{self.name}")'

    # The limits are not at the edge of what can be trusted, but beyond it.

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
        """Where f* is finite, as far as the limits tell."""
        upper = self.slope_at_infinity
        return Interval(upper=upper, closed=math.isfinite(upper) and self._diagnosis.conjugate_ends_finite)
