r"""What a divergence is: a convex f, its conjugate, and a link from a critic's raw output to the bound.

With P the data, Q the model and u = p/q,

.. math::
    D_f(P\|Q) = E_Q[f(u)] \;\ge\; F(v) = E_P[g_f(v)] - E_Q[f^*(g_f(v))]

for every critic output v (Nowozin, Cseke, Tomioka 2016, eq. 4 and 6), with equality at g_f(v) = f'(u).
Every g_f here increases, so a larger v always means "more real".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from fgan.errors import FganError

TensorMap = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Interval:
    """An interval of real numbers, open at infinity, and at `upper` unless `closed`.

    >>> t_below_one = Interval(upper=1.0)
    >>> 0.5 in t_below_one, 1.0 in t_below_one
    (True, False)
    >>> print(t_below_one)
    (-inf, 1)
    """

    lower: float = float("-inf")
    upper: float = float("inf")
    closed: bool = False

    def __contains__(self, t: float) -> bool:
        """Whether the number t lies in the interval."""
        return self.lower < t < self.upper or (self.closed and t == self.upper)

    def contains(self, t: Tensor) -> Tensor:
        """Return a boolean tensor of t's shape: which entries lie in the interval."""
        inside = (t > self.lower) & (t < self.upper)
        return inside | (t == self.upper) if self.closed else inside

    def __str__(self) -> str:
        """Write it as mathematics does."""
        return f"({self.lower:.4g}, {self.upper:.4g}{']' if self.closed else ')'}"


@dataclass(frozen=True)
class Link:
    """How a critic's raw output v becomes the two sides of the bound.

    Args:
        real: v -> T = g_f(v), what the critic is paid on data.
        fake: v -> f*(g_f(v)), what it pays on model samples; fused, so that nothing overflows early.
        log_ratio: v -> log u, the log density ratio at which this v would be optimal.
    """

    real: TensorMap
    fake: TensorMap
    log_ratio: TensorMap


class Divergence(ABC):
    r"""An f-divergence with a link: the mathematics that a critic and a generator need.

    A subclass writes f, its derivative and its conjugate, the two terms of the bound at a given log-ratio,
    and the link of the paper's Table 2.

    Args:
        link: "paper" for the activation of the paper's Table 2; "log-ratio" where v *is* log(p/q), so that
            T = f'(e^v) and f*(T) = e^v f'(e^v) - f(e^v).

    Raises:
        FganError: for any other link.

    Source: Nowozin, Cseke, Tomioka, "f-GAN" (2016), Tables 1 and 2; conventions in `docs/divergences.md`.
    """

    name: ClassVar[str]
    """The registry's name."""
    formula: ClassVar[str]
    """f(u) in plain text."""
    threshold: ClassVar[float]
    """f'(1): T(x) above it says p(x) > q(x), "classified real"."""
    conjugate_domain: ClassVar[Interval]
    """Where f* is finite."""
    identifies_ratio: ClassVar[bool] = True
    """Whether the best critic determines log(p/q), not only its sign."""

    LINKS: ClassVar[tuple[str, ...]] = ("paper", "log-ratio")

    def __init__(self, link: str = "paper") -> None:
        if link not in self.LINKS:
            raise FganError(f'link must be "paper" or "log-ratio"; got "{link}".')
        self.link = link
        self._link = self.paper_link() if link == "paper" else self.ratio_link()

    @abstractmethod
    def f(self, u: Tensor) -> Tensor:
        """Return the convex f(u), u >= 0, elementwise; f(0) is its limit, +inf where there is none."""

    @abstractmethod
    def derivative(self, u: Tensor) -> Tensor:
        """Return f'(u), elementwise: the T at which the bound is tight where p/q = u."""

    @abstractmethod
    def conjugate(self, t: Tensor) -> Tensor:
        """Return f*(t) = sup over u >= 0 of ut - f(u), elementwise; +inf outside `conjugate_domain`."""

    @abstractmethod
    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return T = f'(e^l) at the log-ratio l, elementwise and without forming e^l where that overflows."""

    @abstractmethod
    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return f*(f'(e^l)) = e^l f'(e^l) - f(e^l) at the log-ratio l, elementwise."""

    @abstractmethod
    def paper_link(self) -> Link:
        """Return the link of the paper's Table 2."""

    def ratio_link(self) -> Link:
        """Return the link in which the critic's output is the log-ratio itself."""
        return Link(real=self.real_at, fake=self.fake_at, log_ratio=lambda v: v)

    def affine_link(self, scale: float = 1.0, shift: float = 0.0) -> Link:
        """Return the link in which log(p/q) = scale * v + shift; most rows of Table 2 are of this kind."""

        def log_ratio(v: Tensor) -> Tensor:
            return scale * v + shift

        if (scale, shift) == (1.0, 0.0):
            return self.ratio_link()
        return Link(
            real=lambda v: self.real_at(log_ratio(v)),
            fake=lambda v: self.fake_at(log_ratio(v)),
            log_ratio=log_ratio,
        )

    def activation(self, v: Tensor) -> Tensor:
        """Return T = g_f(v), elementwise: raw critic output to the domain of f*; the same as `real_term`."""
        return self._link.real(v)

    def real_term(self, v: Tensor) -> Tensor:
        """Return g_f(v), elementwise: the bound's integrand under the data."""
        return self._link.real(v)

    def fake_term(self, v: Tensor) -> Tensor:
        """Return f*(g_f(v)), elementwise and fused: the bound's integrand under the model."""
        return self._link.fake(v)

    def log_ratio(self, v: Tensor) -> Tensor:
        """Return log(p/q), elementwise, for which the critic output v is the best one."""
        return self._link.log_ratio(v)

    def bound(self, v_real: Tensor, v_fake: Tensor) -> Tensor:
        """Return F = mean of g_f(v_real) - mean of f*(g_f(v_fake)), a scalar, at most D_f in expectation.

        Args:
            v_real: raw critic outputs on data, any shape.
            v_fake: raw critic outputs on model samples, any shape.
        """
        return self.real_term(v_real).mean() - self.fake_term(v_fake).mean()

    def __repr__(self) -> str:
        """Write the call that makes it."""
        return f'fgan.divergence("{self.name}", link="{self.link}")'
