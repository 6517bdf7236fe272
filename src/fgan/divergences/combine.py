"""Combinations of divergences: duals, means, multiples and sums.

In terms of the log-ratio l each is one line: the dual swaps the two terms, T(l) -> -f*(T)(-l), and the others are
linear in both terms.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from fgan.divergences.base import Derived, Divergence, Link
from fgan.divergences.card import Card
from fgan.errors import FganError
from fgan.output import spell

SMALLEST = 1e-100
"""The smallest factor; its inverse is the largest."""
MOST_PARTS = 64
"""Every call computes all parts, of which `symmetrized` doubles the number at each level."""
DEEPEST = 32
"""A combination calls its parts, these theirs, and so on. A sum counts by its parts alone."""


def _measure(whole: Derived | Multiple, *parts: Divergence) -> None:
    """Note how much a combination computes.

    Raises:
        FganError: if it is too much.
    """
    whole.parts = sum(part.parts for part in parts)
    whole.levels = max(part.levels for part in parts) + (not isinstance(whole, Sum))
    if whole.parts > MOST_PARTS:
        raise FganError(
            f"a combination computes at most {MOST_PARTS} divergences, of which symmetrized(...) doubles the number; "
            f"got {whole.parts}. Simplify it: symmetrizing twice changes nothing."
        )
    if whole.levels > DEEPEST:
        raise FganError(
            f"a combination may be nested at most {DEEPEST} levels deep; got {whole.levels}. Simplify it."
        )


class Dual(Derived):
    r"""D_f(Q‖P), the divergence of u f(1/u).

    >>> from fgan.divergences import KL
    >>> KL().dual.f(torch.tensor(2.0))  # -log 2
    tensor(-0.6931)
    """

    def __init__(self, of: Divergence, link: str | None = None) -> None:
        self.of = of
        _measure(self, of)
        self.name = f"dual({of.name})"
        self.card = Card(f"Dual of {of.name}", references=of.card.references)
        self.smooth, self.identifies_ratio = of.smooth, of.identifies_ratio
        self.kinks = tuple(1 / u for u in of.kinks)
        self.trusted = -of.trusted[1], -of.trusted[0]
        super().__init__(link)

    def f(self, u: Tensor) -> Tensor:
        """Return u f(1/u), with its limit f'(∞) at u = 0."""
        inside = u > 0
        positive = torch.where(inside, u, 1)
        return torch.where(inside, positive * self.of.f(1 / positive), self.of.slope_at_infinity)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return -f*(f'(1/u)) of the other."""
        return -self.of.fake_at(-log_ratio)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return -f'(1/u) of the other."""
        return -self.of.real_at(-log_ratio)


class Multiple(Divergence):
    """c·D_f for a number c > 0, under the same links: T and f* are multiplied by c.

    Raises:
        FganError: for a factor that is not positive, or so small or large that terms vanish or overflow.
    """

    def __init__(self, factor: float, of: Divergence, link: str | None = None) -> None:
        if not SMALLEST <= factor <= 1 / SMALLEST:
            raise FganError(
                f"a divergence can be multiplied by a positive finite number between {SMALLEST:g} and "
                f"{1 / SMALLEST:g}; got {factor!r}."
            )
        self.factor, self.of = float(factor), of
        _measure(self, of)
        inner = f"({of.name})" if isinstance(of, Sum | Multiple) else _in_a_sum(of)
        self.name = f"{spell(self.factor)}*{inner}"
        self.card = Card(f"{spell(self.factor)} × {of.card.title}", references=of.card.references)
        self.smooth, self.identifies_ratio = of.smooth, of.identifies_ratio
        self.kinks, self.trusted = of.kinks, of.trusted
        super().__init__(link or of.link)

    @property
    def links(self) -> tuple[str, ...]:
        """The links of the divergence that is multiplied."""
        return self.of.links

    def f(self, u: Tensor) -> Tensor:
        """Return c f(u)."""
        return self.factor * self.of.f(u)

    def derivative(self, u: Tensor) -> Tensor:
        """Return c f'(u)."""
        return self.factor * self.of.derivative(u)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return c f*(t/c)."""
        return self.factor * self.of.conjugate(t / self.factor)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return the log-ratio at which the other's slope is t/c."""
        return self.of.log_ratio_at(t / self.factor)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return c f'(u)."""
        return self.factor * self.of.real_at(log_ratio)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return c f*(f'(u))."""
        return self.factor * self.of.fake_at(log_ratio)

    def paper_link(self) -> Link:
        """Return the other's link with both terms multiplied by c."""
        return self._multiplied(self.of.paper_link())

    def soft_hinge_link(self) -> Link:
        """Return the other's link with both terms multiplied by c."""
        return self._multiplied(self.of.soft_hinge_link())

    def linear_link(self) -> Link:
        """Return the other's link with both terms multiplied by c."""
        return self._multiplied(self.of.linear_link())

    def _multiplied(self, link: Link) -> Link:
        return Link(
            real=lambda v: self.factor * link.real(v),
            fake=lambda v: self.factor * link.fake(v),
            log_ratio=link.log_ratio,
        )


class Scaled(Multiple):
    """D_f / f''(1); near P = Q it is half of Pearson's χ² for every f.

    Raises:
        FganError: if f''(1) is 0, infinite, or not defined.
    """

    def __init__(self, of: Divergence, link: str | None = None) -> None:
        if not of.curvature or not math.isfinite(of.curvature):
            what = "has no f''(1)" if of.curvature is None else f"has f''(1) = {of.curvature:g}"
            raise FganError(f"\"{of.name}\" {what}, so it cannot be scaled to f''(1) = 1.")
        super().__init__(1 / of.curvature, of, link)
        self.name = f"scaled({of.name})"
        self.card = replace(self.card, title=f"{of.card.title}, scaled to f''(1) = 1")


class Sum(Derived):
    """D_f + D_g, the divergence of f + g."""

    def __init__(self, first: Divergence, second: Divergence, link: str | None = None) -> None:
        self.first, self.second = first, second
        _measure(self, first, second)
        self.name = f"{_in_a_sum(first)} + {_in_a_sum(second)}"
        cited = dict.fromkeys(first.card.references + second.card.references)
        self.card = Card(f"{first.card.title} + {second.card.title}", references=tuple(cited))
        self.smooth = first.smooth and second.smooth
        self.identifies_ratio = first.identifies_ratio or second.identifies_ratio
        self.kinks = tuple(sorted({*first.kinks, *second.kinks}))
        lows, highs = zip(first.trusted, second.trusted, strict=True)
        self.trusted = max(lows), min(highs)
        super().__init__(link)

    def f(self, u: Tensor) -> Tensor:
        """Return f(u) + g(u)."""
        return self.first.f(u) + self.second.f(u)

    def derivative(self, u: Tensor) -> Tensor:
        """Return f'(u) + g'(u)."""
        return self.first.derivative(u) + self.second.derivative(u)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return f'(u) + g'(u)."""
        return self.first.real_at(log_ratio) + self.second.real_at(log_ratio)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return the sum of the two conjugates at their own slopes."""
        return self.first.fake_at(log_ratio) + self.second.fake_at(log_ratio)


class Symmetrized(Sum):
    """The mean of D_f and its dual; equal to D_f if it is symmetric. For KL it is half of Jeffreys' divergence."""

    def __init__(self, of: Divergence, link: str | None = None) -> None:
        super().__init__(0.5 * of, 0.5 * of.dual, link)
        self.name = f"symmetrized({of.name})"
        self.card = replace(self.card, title=f"{of.card.title}, symmetrized")


def _in_a_sum(d: Divergence) -> str:
    """Return a name so that a following "+" is not parsed as part of it."""
    return f"({d.name})" if "=" in d.name and not isinstance(d, Sum | Multiple | Dual) else d.name
