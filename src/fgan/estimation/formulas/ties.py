"""Rounded numbers for methods of nearest neighbours: each is spread evenly over the values that round to it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from fgan.estimation.prices import Cautioned, Mean

TIED = 0.05
"""The share of samples that repeat another from which on a coordinate is rounded, if its values are evenly spaced."""
EVEN = 1e-6
"""How far from a whole multiple of the spacing a value may be."""


def untied(*sides: Tensor, seed: int = 0) -> tuple[list[Tensor], str]:
    """Return samples in which rounded coordinates have noise as wide as the rounding, and what must be said of it.

    A divergence of distributions on evenly spaced values is that of the same with independent uniform noise between
    them, for the noise tells nothing and hides nothing; so is mutual information.

    Args:
        sides: samples (n, d), of one set or of two with the same coordinates.
        seed: decides the noise.

    >>> sides, said = untied(torch.tensor([[1.0], [2.0], [2.0], [5.0]]))
    >>> sides[0].round().flatten()
    tensor([1., 2., 2., 5.], dtype=torch.float64)
    """
    together = torch.cat(sides).double()
    units = torch.tensor([_unit(column) for column in together.T], dtype=torch.float64)
    if not bool((units > 0).any()):
        return list(sides), ""
    noise = (
        torch.rand(together.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) - 0.5
    )
    spread = (together + noise * units).split([len(side) for side in sides])
    count = int((units > 0).sum())
    return list(spread), (
        f"{count} coordinate{'s are' if count > 1 else ' is'} rounded, so samples coincide. Seeded uniform "
        "noise within the "
        "rounding interval was added; it changes no divergence."
    )


def _unit(column: Tensor) -> float:
    """Return the spacing of a rounded coordinate, or 0 where values hardly recur or lie anywhere."""
    distinct = column.unique()
    if len(distinct) < 2 or 1 - len(distinct) / len(column) < TIED:
        return 0.0
    unit = float(distinct.diff().min())
    steps = (distinct - distinct[0]) / unit
    return unit if bool(((steps - steps.round()).abs() < EVEN * steps.clamp(min=1.0)).all()) else 0.0


def with_caveat(found: Mean | None, said: str) -> Mean | None:
    """Return an estimate with a caveat."""
    if found is None or not said:
        return found
    before = found.caveat if isinstance(found, Cautioned) else ""
    return replace(
        Cautioned(found.value, found.standard_error), caveat=" ".join(filter(None, [before, said]))
    )
