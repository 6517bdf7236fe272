"""Inputs of about mean 0 and spread 1, whatever their units and however far their outliers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

HUGE = 1e308
LINEAR = 6.0
"""How many spreads from the centre values are kept as they are; further out they grow by their logarithm."""
FAR = 1e4
"""From so many spreads on, values grow by their logarithm before anything is computed of them in double precision."""
NORMAL_IQR = 1.349


@dataclass(frozen=True)
class Outliers:
    """An increasing map that leaves values as they are, but draws in those that would overflow a variance.

    Args:
        center, spread: the median of each coordinate (d,), and how far others lie from it.
    """

    center: Tensor
    spread: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Return samples (n, d), float64."""
        x = x.double()
        away = ((x / 2 - self.center / 2) / (self.spread / 2)).clamp(-HUGE, HUGE)
        far = FAR * (1 + (away.abs() / FAR).log()) * away.sign()
        return torch.where(away.abs() > FAR, self.center + self.spread * far, x)


def outliers_of(x: Tensor) -> Outliers:
    """Return what draws in the outliers of samples (n, d): far from the median by the quartiles' distance.

    Where more than half of the values are equal, the median distance of the others counts.

    >>> x = torch.tensor([-1.0, 0.0, 1.0, 2.0, 1e300], dtype=torch.float64)[:, None]
    >>> outliers_of(x)(x).flatten()[:4].tolist()
    [-1.0, 0.0, 1.0, 2.0]
    >>> bool(outliers_of(x)(x).max() < 1e7)
    True
    """
    ranked = x.double().sort(0).values
    quarter, center = len(x) // 4, ranked[len(x) // 2]
    spread = (ranked[len(x) - 1 - quarter] / 2 - ranked[quarter] / 2) * (2 / NORMAL_IQR)
    others = (ranked / 2 - center / 2).abs() * 2
    others = torch.where(others > 0, others, torch.nan).nanmedian(0).values
    spread = torch.where(spread > 0, spread, others)
    return Outliers(center, torch.where(spread > 0, spread, 1.0).clamp(max=HUGE))


@dataclass(frozen=True)
class Scaling:
    """An increasing map of every coordinate; applied to both sides, it leaves log(p/q) what it is.

    Args:
        outliers: draws in what double precision cannot square.
        center, scale: of each coordinate (d,).
    """

    outliers: Outliers
    center: Tensor
    scale: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Return samples (n, d) in units of spreads, float32."""
        z = (self.outliers(x) - self.center).div_(self.scale)
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
    x = outliers(torch.cat(sides))
    ranked = x.sort(0).values
    quarter = len(x) // 4
    low, middle, high = ranked[quarter], ranked[len(x) // 2], ranked[len(x) - 1 - quarter]
    spread = (high - low) / NORMAL_IQR
    flat = spread <= 0
    deviation = x.std(0)
    deviation = torch.where(deviation > 0, deviation, 1.0)
    return Scaling(outliers, torch.where(flat, x.mean(0), middle), torch.where(flat, deviation, spread))
