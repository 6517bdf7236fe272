"""Recognise which divergence of the catalogue has a given f."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.catalogue import EXAMPLES, divergence
from fgan.errors import FganError

RATIOS = torch.linspace(math.log(1e-4), math.log(1e4), 81, dtype=torch.float64).exp()
"""The u at which f is sampled; the middle one is 1."""
SAME = 1e-6
FAMILIES = {"alpha": (-3.0, 5.0), "skew-js": (0.0, 1.0), "skew-kl": (0.0, 1.0), "skew-pearson": (0.0, 1.0)}


@dataclass(frozen=True)
class Match:
    """f = scale · f_name + shift + slope (u - 1), up to a relative error.

    Args:
        name: the catalogue's divergence.
        scale, shift, slope: the numbers above; the slope does not change the divergence.
        error: the largest remaining difference, relative to the size of f.
        within: the tolerance for equality.
    """

    name: str
    scale: float
    shift: float
    slope: float
    error: float
    within: float = SAME

    @property
    def same(self) -> bool:
        """Whether this is the named divergence, neither scaled nor shifted."""
        return self.exact and abs(self.scale - 1) <= self.within and abs(self.shift) <= self.within

    @property
    def exact(self) -> bool:
        """Whether f differs only by a factor, a shift and an affine part."""
        return self.error <= self.within and self.scale > 0

    def __str__(self) -> str:
        """Return it as text, without the affine part."""
        scaled = self.name if abs(self.scale - 1) <= self.within else f"{number(self.scale)} × {self.name}"
        if abs(self.shift) <= self.within * (1 + self.scale):
            return scaled
        return f"{scaled} {'-' if self.shift < 0 else '+'} {number(abs(self.shift))}"


def number(value: float) -> str:
    """Format a number with six significant digits.

    >>> number(0.49999999999), number(1.3862943611)
    ('0.5', '1.38629')
    """
    return f"{value:.6g}"


def match(f: Tensor, target: Divergence, within: float = SAME) -> Match:
    """Fit f at `RATIOS` with a multiple of a divergence's f, a constant and a multiple of u - 1."""
    return _fit(f, target.name, target.f(RATIOS), within)


def recognise(f: Tensor, within: float = SAME) -> list[Match]:
    """Return the divergences that match f at `RATIOS`, simplest first; or only the nearest, if none matches."""
    found = [_fit(f, name, values, within) for name, values in _known().items()]
    exact = [one for one in found if one.exact]
    if not exact and within == SAME:
        exact = [one for one in _families(f) if one.exact]
    if exact:
        return sorted(exact, key=_plainness)
    return [min((one for one in found if one.scale > 0), key=lambda one: one.error, default=found[0])]


def _plainness(one: Match) -> tuple[bool, bool, bool]:
    return abs(one.shift) > one.within, abs(one.scale - 1) > one.within, ":" in one.name


@cache
def _known() -> dict[str, Tensor]:
    return {name: divergence(name).f(RATIOS) for name in EXAMPLES}


def _families(f: Tensor) -> Iterator[Match]:
    """Fit the parameter of each family, for an f that is not one of the examples."""
    for family, (low, high) in FAMILIES.items():
        values = torch.linspace(low, high, 41, dtype=torch.float64)[1:-1].tolist()
        width = (high - low) / 40
        best = min((_member(f, family, value) for value in values), key=lambda pair: pair[1].error)
        for _ in range(9):
            tries = [best[0] + width * step / 5 for step in range(-5, 6)]
            best = min((_member(f, family, value) for value in tries), key=lambda pair: pair[1].error)
            width /= 5
        yield _member(f, family, float(f"{best[0]:.6g}"))[1]


def _member(f: Tensor, family: str, value: float) -> tuple[float, Match]:
    try:
        target = divergence(f"{family}:{value!r}")
    except FganError:  # the family has no such member
        return value, Match(family, 1.0, 0.0, 0.0, math.inf)
    return value, match(f, target)


def _fit(f: Tensor, name: str, known: Tensor, within: float = SAME) -> Match:
    finite = f.isfinite()
    # No match if one overflows where the other does not.
    if not torch.equal(finite, known.isfinite()):
        return Match(name, 1.0, 0.0, 0.0, math.inf, within)
    f, known, u = f[finite], known[finite], RATIOS[finite]
    size = 1 + f.abs() + u
    columns = torch.stack([known, torch.ones_like(u), u - 1], dim=1) / size[:, None]
    norms = columns.norm(dim=0)
    solution = torch.linalg.lstsq(columns / norms, (f / size)[:, None], driver="gelsd").solution[:, 0] / norms
    scale, shift, slope = solution.tolist()
    error = float((columns @ solution - f / size).abs().max())
    return Match(name, scale, shift, slope, error, within)
