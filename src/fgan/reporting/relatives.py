"""How a divergence stands to those of the catalogue: the same up to a factor, or with P and Q exchanged."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences import CATALOGUE, Divergence
from fgan.divergences.parameter import OneParameter
from fgan.errors import FganError

# Log-ratios at which two weights w(u) = u² f''(u) are compared: f'' is all of f that a divergence knows.
PROBES = torch.tensor([-2.3, -1.1, -0.4, 0.3, 1.2, 2.1], dtype=torch.float64)


@dataclass(frozen=True)
class Relative:
    """A divergence equal to `factor` times that of `name`, plus `offset`."""

    name: str
    factor: float
    offset: float = 0.0


def same_as(d: Divergence) -> list[Relative]:
    """Return the entries without parameter that d is a multiple of; the power family where there is none.

    >>> from fgan import divergence
    >>> same_as(divergence("alpha:2"))
    [Relative(name='pearson', factor=0.5, offset=0.0)]
    """
    if not d.smooth:
        return []
    weight = d.weight(PROBES)
    others = [other for other in _named() if other.name != d.name]
    found = [relative for other in others if (relative := _multiple(d, weight, other))]
    if not found and d.local_order is not None and not isinstance(d, OneParameter):
        found = [relative for other in _powers(d.local_order) if (relative := _multiple(d, weight, other))]
    return found


def dual_of(d: Divergence) -> Relative:
    """Return what D_f(Q‖P) is: a multiple of a named divergence where there is one, else "dual(name)".

    >>> from fgan import divergence
    >>> dual_of(divergence("alpha:2")).name, dual_of(divergence("skew-kl:0.1")).name
    ('alpha:-1', 'dual(skew-kl:0.1)')
    """
    if d.smooth:
        # u f(1/u) has the second derivative f''(1/u)/u³.
        weight = PROBES.exp() * d.weight(-PROBES)
        for other in (*_kin(d), *_named(), *_powers(None if d.local_order is None else 1 - d.local_order)):
            relative = _multiple(d, weight, other)
            if relative:
                return relative
    return Relative(f"dual({d.name})", 1.0)


def _multiple(d: Divergence, weight: Tensor, other: Divergence) -> Relative | None:
    theirs = other.weight(PROBES)
    used = (weight.abs() > 1e-12) | (theirs.abs() > 1e-12)
    factors = weight[used] / theirs[used]
    if not factors.numel() or not factors.isfinite().all() or not factors[0] > 0:
        return None
    if (factors / factors[0] - 1).abs().max() > 1e-6:
        return None
    factor = float(factors.median())
    factor = round(factor) if abs(factor - round(factor)) < 1e-7 and round(factor) else factor
    offset = d.f_at_one - factor * other.f_at_one
    return Relative(other.name, float(factor), offset if abs(offset) > 1e-9 else 0.0)


def _named() -> list[Divergence]:
    kinds = [kind for kind in CATALOGUE.values() if not issubclass(kind, OneParameter)]
    return [entry for entry in (kind() for kind in kinds) if entry.smooth]


def _kin(d: Divergence) -> Iterator[Divergence]:
    """Yield the members of d's own family that can be its dual."""
    if isinstance(d, OneParameter):
        for value in (1 - d.value, -1 - d.value):
            yield from _made(type(d), value)


def _powers(order: float | None) -> Iterator[Divergence]:
    if order is not None and math.isfinite(order):
        yield from _made(CATALOGUE["alpha"], round(order, 6))


def _made(kind: type[Divergence], value: float) -> Iterator[Divergence]:
    try:
        member = kind(round(value, 12) + 0.0)  # type: ignore[arg-type]
    except FganError:
        return
    if member.smooth:
        yield member
