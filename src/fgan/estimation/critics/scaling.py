"""Inputs of about mean 0 and spread 1, whatever their units and however far their outliers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.estimation.inputs.outliers import NORMAL_IQR, Outliers, outliers_of, ranked_columns

LINEAR = 6.0
"""How many spreads from the centre values are kept as they are; further out they grow by their logarithm."""
VAST = 1e300
"""Spreads above it are near the largest number of double precision."""


@dataclass(frozen=True)
class Scaling:
    """An increasing map of every coordinate; applied to both sides, it leaves log(p/q) what it is.

    Args:
        outliers: draws in what double precision cannot square.
        center, scale: of each coordinate (d,), in its `_unit`.
    """

    outliers: Outliers
    center: Tensor
    scale: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Return samples (n, d) in units of spreads, float32."""
        z = (self.outliers(x) * _unit(self.outliers) - self.center).div_(self.scale)
        beyond = (z.abs() - LINEAR).clamp_(min=0.0)
        return (z.clamp(-LINEAR, LINEAR) + beyond.log1p() * z.sign()).float()


def scaling_of(*sides: Tensor) -> Scaling:
    """Return the scaling that suits these samples (n, d) together: median, and the quartiles' distance.

    A coordinate with more than half of its values equal takes its mean and standard deviation.

    >>> x = torch.arange(9.0)[:, None]
    >>> scaling_of(x)(x)[[0, 4, 8]].flatten()
    tensor([-1.3490,  0.0000,  1.3490])
    """
    outliers = outliers_of(torch.cat(sides))
    x = outliers(torch.cat(sides)) * _unit(outliers)
    ranked = ranked_columns(x)
    quarter = len(x) // 4
    low, middle, high = ranked[quarter], ranked[len(x) // 2], ranked[len(x) - 1 - quarter]
    spread = (high - low) / NORMAL_IQR
    flat = spread <= 0
    deviation = x.std(0)
    deviation = torch.where(deviation > 0, deviation, 1.0)
    return Scaling(outliers, torch.where(flat, x.mean(0), middle), torch.where(flat, deviation, spread))


def _unit(outliers: Outliers) -> Tensor:
    """Return a power of two for each coordinate (d,) in which no difference of two values overflows."""
    return torch.where(outliers.spread > VAST, 0.25, 1.0)
