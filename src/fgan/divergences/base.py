r"""The base class of divergences: a convex f, its conjugate, and a link from a critic's raw output to the bound.

With P the data, Q the model and u = p/q,

.. math::
    D_f(P\|Q) = E_Q[f(u)] \;\ge\; F(v) = E_P[g_f(v)] - E_Q[f^*(g_f(v))]

for every critic output v (Nowozin, Cseke, Tomioka 2016, eq. 4 and 6), with equality at g_f(v) = f'(u).
Every g_f here increases, so a larger v always means "more real".

Everything else follows from two functions of the log-ratio l = log u: T = f'(e^l) and f*(T) = e^l f'(e^l) - f(e^l).
Their values at l = -inf, 0 and +inf are the constants that textbooks list, see `facts.py`.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor

from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import TensorMap, value_and_slope, widened
from fgan.divergences.facts import Facts
from fgan.divergences.linear import Linear
from fgan.divergences.newton import SLOPE_INVERSE, conjugate_by_inversion, invert
from fgan.divergences.traced import fact
from fgan.errors import FganError
from fgan.output import html_table

FASTEST, ENDLESS = 1.05, 100.0
"""The power of the ratio as which a term may grow under the log-ratio link (KL: 1), and what counts as none."""
STEEPEST = 4.0
"""The steepness that the default penalties hold under the log-ratio link. Jeffreys has 2.7; 30 u log u, 41, lost its
modes."""


@dataclass(frozen=True)
class Link:
    """The map from a critic's raw output v to the two terms of the bound.

    Args:
        real: v -> T = g_f(v), the term for data.
        fake: v -> f*(g_f(v)), the term for model samples, in one formula that does not overflow early.
        log_ratio: v -> log u, the log density ratio for which this v is optimal.
    """

    real: TensorMap
    fake: TensorMap
    log_ratio: TensorMap


class Divergence(Facts, ABC):
    r"""An f-divergence with a link: all the mathematics that critics and generators need.

    A subclass defines f and the two terms of the bound as functions of the log-ratio. The rest is derived and may be
    overridden for speed: the derivative, the conjugate, and a link as in Table 2 of the paper.

    Divergences combine: `0.5 * kl + 0.5 * reverse_kl`, `kl.dual`, `kl.symmetrized`, `js.scaled`.

    Args:
        link: "paper" for an activation as in the paper's Table 2, if there is one; "log-ratio" if v should be
            log(p/q), so that T = f'(e^v) and f*(T) = e^v f'(e^v) - f(e^v); "soft-hinge", for an f with a kink, for an
            activation that keeps its gradient on rejected samples; "linear", for a custom or combined f, for T = v
            below p/q = 1 and f*(T) = v above. Default: the first of `links`.

    Raises:
        FganError: for a link that this divergence does not have.

    Source: Nowozin, Cseke, Tomioka, "f-GAN" (2016), Tables 1 and 2; conventions in `docs/guides/divergences.md`.
    """

    name: str
    """The name that `fgan.divergence` accepts."""
    card: Card = Card()
    """Its description: title, when to use it, caveats, references."""
    formulas: Formulas = Formulas()
    """Its formulas as text; tests check them against the code."""
    identifies_ratio: bool = True
    """Whether the optimal critic determines log(p/q) everywhere, not just its sign or a part of it."""
    smooth: bool = True
    """Whether f has a derivative everywhere; if not, the log-ratio link is a step function and cannot be trained."""
    kinks: tuple[float, ...] = ()
    """The u at which it has none."""
    trusted: tuple[float, float] = (-600.0, 600.0)
    """The range of log-ratios in which both terms are accurate in float64."""
    parts: int = 1
    """How many divergences a call computes; of a combination, the sum over its parts."""
    levels: int = 0
    """How deep a combination is nested."""

    LINKS: ClassVar[dict[str, str]] = {
        "paper": "paper_link",
        "log-ratio": "ratio_link",
        "soft-hinge": "soft_hinge_link",
        "linear": "linear_link",
    }
    """The method that makes each link, in order of preference."""

    def __init__(self, link: str | None = None) -> None:
        self.link = self.links[0] if link is None else link
        if self.link not in self.LINKS:
            raise FganError(f'link must be one of {", ".join(self.LINKS)}; got "{link}".')
        if self.link not in self.links:
            raise FganError(f'"{self.name}" has no link "{link}". Its links: {", ".join(self.links)}.')
        self._link = self._made_link()

    def _made_link(self) -> Link:
        return getattr(self, self.LINKS[self.link])()

    @property
    def notes(self) -> tuple[str, ...]:
        """Automatically detected caveats."""
        return ()

    @property
    def links(self) -> tuple[str, ...]:
        """The available links; the first is the default."""
        return tuple(
            link
            for link, maker in self.LINKS.items()
            if link == "log-ratio" or getattr(type(self), maker) is not getattr(Divergence, maker)
        )

    @fact
    def steepness(self) -> float:
        """How steep the terms are where p is about q, under the log-ratio link: 1.4 for KL, 0.6 for JS."""
        below, at_one, above = (
            self.terms_at(torch.tensor(at, dtype=torch.float64)) for at in (-1.0, 0.0, 1.0)
        )
        return float((at_one[0] - below[0] + above[1] - at_one[1]).detach()) / 2

    @fact
    def log_ratio_fails(self) -> str:
        """Why the link "log-ratio" does not train this divergence well; empty if it does.

        >>> from fgan.divergences import Pearson
        >>> Pearson().log_ratio_fails
        'f*(T) grows as u^2'
        """
        up, down = self.growth
        if self.kinks:
            return f"the bound jumps at {' and '.join(f'u = {u:.6g}' for u in self.kinks)}"
        if up > FASTEST:
            return "f*(T) grows " + (f"as u^{up:.3g}" if up < ENDLESS else "faster than any power of u")
        if down > FASTEST:
            return "T falls " + (f"as -u^-{down:.3g}" if down < ENDLESS else "faster than any power of 1/u")
        if math.isfinite(self.slope_at_zero):
            return f"T levels off at {self.slope_at_zero:.4g} as u falls to 0"
        if self.conjugate_domain.closed:
            return "f*(T) levels off as u grows"
        return (
            f"T and f*(T) rise {self.steepness:.3g} times as fast as v" if self.steepness > STEEPEST else ""
        )

    def with_link(self, link: str) -> Self:
        """Return the same divergence under another link.

        Raises:
            FganError: for a link that it does not have.
        """
        twin = copy.copy(self)
        Divergence.__init__(twin, link)
        return twin

    @abstractmethod
    def f(self, u: Tensor) -> Tensor:
        """Return the convex f(u) for u >= 0, elementwise; f(0) is the limit, possibly +inf."""

    @abstractmethod
    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return T = f'(e^l) at the log-ratio l, elementwise, without computing e^l where it would overflow."""

    @abstractmethod
    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return f*(f'(e^l)) = e^l f'(e^l) - f(e^l) at the log-ratio l, elementwise."""

    def terms_at(self, log_ratio: Tensor) -> tuple[Tensor, Tensor]:
        """Return `real_at` and `fake_at`, elementwise."""
        return self.real_at(log_ratio), self.fake_at(log_ratio)

    def derivative(self, u: Tensor) -> Tensor:
        """Return f'(u), elementwise: the T that makes the bound tight where p/q = u."""
        return self.real_at(u.log())

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return the l with f'(e^l) = t, elementwise; -inf below f'(0), +inf at and beyond the edge of dom f*.

        Uses a safeguarded Newton iteration in float64, and the implicit function theorem for gradients.
        """
        return invert(self.real_at, t, lambda t: SLOPE_INVERSE(t.double(), self).to(t.dtype))

    def conjugate(self, t: Tensor) -> Tensor:
        """Return f*(t) = sup over u >= 0 of ut - f(u), elementwise; +inf outside `conjugate_domain`."""
        return conjugate_by_inversion(self, t)

    def weight(self, log_ratio: Tensor) -> Tensor:
        r"""Return w(u) = u² f''(u) at u = e^l, elementwise: the weight that this divergence gives to that ratio.

        The generator's gradient is -E_Q[w(u) ∇l] under any link; the noise penalty is E_Q[w(u) |∇v|²].
        w is the slope of `fake_at`, because d f*(f'(u)) = u f''(u) du.
        """
        return value_and_slope(self.fake_at, log_ratio)[1]

    def paper_link(self) -> Link:
        """Return a link as in the paper's Table 2; overridden by subclasses that have one."""
        raise NotImplementedError

    def soft_hinge_link(self) -> Link:
        """Return a link for an f with a kink; overridden by subclasses that have one, with `soft_hinge`."""
        raise NotImplementedError

    def linear_link(self) -> Link:
        """Return the link under which no term is ever steeper than v; see `fgan.divergences.linear`."""
        return Link(
            real=lambda v: self.linear.real(v),
            fake=lambda v: self.linear.fake(v),
            log_ratio=lambda v: self.linear.log_ratio(v),
        )

    @fact
    def linear(self) -> Linear:
        """The table of the link "linear"."""
        return Linear(self)

    def solved_link(self) -> Link:
        """Return the link T = v for an f* without a closed form: `log_ratio_at` solves for log u, in v's dtype."""
        return Link(
            real=lambda v: v, fake=lambda v: self.fake_at(self.log_ratio_at(v)), log_ratio=self.log_ratio_at
        )

    def ratio_link(self) -> Link:
        """Return the link under which the critic's output is the log-ratio itself."""
        return Link(real=self.real_at, fake=self.fake_at, log_ratio=lambda v: v)

    def activation(self, v: Tensor) -> Tensor:
        """Return T = g_f(v), elementwise: maps raw critic outputs into the domain of f*. Same as `real_term`."""
        return _widened(self._link.real, v)

    def real_term(self, v: Tensor) -> Tensor:
        """Return g_f(v), elementwise: the integrand of the bound under the data."""
        return _widened(self._link.real, v)

    def fake_term(self, v: Tensor) -> Tensor:
        """Return f*(g_f(v)), elementwise, in one stable formula: the integrand of the bound under the model."""
        return _widened(self._link.fake, v)

    def log_ratio(self, v: Tensor) -> Tensor:
        """Return the log(p/q) for which the critic output v is optimal, elementwise."""
        return _widened(self._link.log_ratio, v)

    def bound(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return F = mean of g_f(v_real) - mean of f*(g_f(v_fake)), a scalar; its expectation is at most D_f.

        Half-precision outputs are averaged in float32, and the result is float32.

        Args:
            v_real: raw critic outputs on data, any shape.
            v_fake: raw critic outputs on model samples, any shape.
            dim: the dimension to average over; default: all.
        """
        real, fake = (term(widened(v)) for term, v in ((self.real_term, v_real), (self.fake_term, v_fake)))
        return real.mean(dim) - fake.mean(dim)

    @property
    def dual(self) -> Divergence:
        """D_f with P and Q exchanged: u f(1/u)."""
        from fgan.divergences.combine import Dual

        return Dual(self)

    @property
    def symmetrized(self) -> Divergence:
        """The mean of D_f and its dual; equal to D_f if it is symmetric."""
        from fgan.divergences.combine import Symmetrized

        return Symmetrized(self)

    @property
    def scaled(self) -> Divergence:
        """D_f / f''(1): near P = Q all of these agree with half of Pearson's χ².

        Raises:
            FganError: if f''(1) is 0, infinite, or not defined.
        """
        from fgan.divergences.combine import Scaled

        return Scaled(self)

    def __add__(self, other: Divergence) -> Divergence:
        """Return the sum of two divergences, under the log-ratio link."""
        from fgan.divergences.combine import Sum

        return Sum(self, other) if isinstance(other, Divergence) else NotImplemented

    def __mul__(self, factor: float) -> Divergence:
        """Return a positive multiple, under the same link."""
        from fgan.divergences.combine import Multiple

        return Multiple(factor, self) if isinstance(factor, int | float) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Divergence:
        """Return a positive fraction, under the same link."""
        return self * (1 / divisor) if isinstance(divisor, int | float) and divisor else NotImplemented

    def __radd__(self, other: object) -> Divergence:
        """Support `sum`, which starts from 0."""
        return self if other == 0 else NotImplemented

    def __getstate__(self) -> dict[str, object]:
        """Drop the functions of the link, which cannot be pickled and are recreated."""
        return {key: value for key, value in self.__dict__.items() if key not in ("_link", "linear")}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Recreate the functions of the link."""
        for key, value in state.items():
            setattr(self, key, value)
        self._link = self._made_link()

    @classmethod
    def from_f(cls, f: TensorMap | str, name: str | None = None) -> Divergence:
        """Return the divergence of any convex f; everything else is derived, see `fgan.divergences.derived`.

        Args:
            f: maps a float64 tensor of ratios u >= 0 to f(u), elementwise, with operations that torch can
                differentiate twice; or a formula such as "f(u) = (u - 1)**4".
            name: a name for it.

        Raises:
            FganError: if f is not convex, not defined, not differentiable, or not elementwise; the message names
                the u that shows it.

        >>> import torch
        >>> d = Divergence.from_f(lambda u: (u - 1) ** 4, name="quartic")
        >>> d.conjugate(torch.tensor(4.0))  # t + 3 (t/4)^(4/3)
        tensor(7.)
        """
        from fgan.divergences.derived import FromF

        return FromF(f, name)

    def __repr__(self) -> str:
        """Return the call that creates it."""
        return f'fgan.divergence("{self.name}", link="{self.link}")'

    def _repr_html_(self) -> str:
        """Return its name, formulas and advice as an HTML table."""
        card, formulas = self.card, self.formulas
        where = ", ".join(f"{letter} = {value:g}" for letter, value in formulas.constants.items())
        rows = [
            (repr(self), card.title), ("f(u)", formulas.f), ("f'(u)", formulas.derivative),
            ("f*(t)", formulas.conjugate), ("where", where), ("use", card.use), ("avoid", card.avoid),
        ]  # fmt: skip
        return html_table([row for row in rows if row[1]], head=False)


class Derived(Divergence):
    """A divergence without an activation of its own: its link is "log-ratio" where that trains, else "linear"."""

    @property
    def links(self) -> tuple[str, ...]:
        """Both links; the first is the default."""
        return ("linear", "log-ratio") if self.log_ratio_fails else ("log-ratio", "linear")

    @property
    def notes(self) -> tuple[str, ...]:
        """Automatically detected caveats; why the link is "linear"."""
        why = self.log_ratio_fails if self.link == "linear" else ""
        return (f'the link is "linear": under "log-ratio" {why}.',) if why else ()


def _widened(function: TensorMap, v: Tensor) -> Tensor:
    wide = widened(v)
    return function(v) if wide is v else function(wide).to(v.dtype)
