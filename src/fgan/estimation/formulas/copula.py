"""Mutual information of a normal copula: the dependence of normal scores, in closed form and as a log-ratio."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.estimation.critics.normal_scores import normal_scores_of
from fgan.estimation.formulas.gaussian import Normal, divergence_of_normals
from fgan.estimation.formulas.resampling import jackknifed
from fgan.estimation.prices import Mean

RIDGE = 1e-6
"""Added to variances, for coordinates that follow from others."""


@dataclass(frozen=True)
class Copula:
    """The log-ratio of a normal distribution of (x, y) and the product of its margins.

    Args:
        form: (d, d), so that l is constant + ½ z form z.
        constant: a number.
    """

    form: Tensor
    constant: Tensor
    description: str = "normal copula"

    def __call__(self, z: Tensor) -> Tensor:
        """Return l (n,) of normal scores (n, d)."""
        return self.constant + ((z @ self.form) * z).sum(1) / 2


def covariances_of(z: Tensor, width: int, share: float = 1.0) -> tuple[Tensor, Tensor]:
    """Return the covariances of (x, y) together and apart, float64 (d, d), (d, d).

    Args:
        z: normal scores of samples that belong together (n, d), of which the first `width` are x.
        width: coordinates of x.
        share: of the correlations between x and y that is believed.
    """
    joint = torch.atleast_2d(torch.cov(z.double().T))
    joint = joint + RIDGE * torch.eye(len(joint), device=joint.device)
    apart = torch.block_diag(joint[:width, :width], joint[width:, width:])
    return share * joint + (1 - share) * apart, apart


def copula_of(z: Tensor, width: int, share: float) -> Copula:
    """Return the log-ratio of normal scores; arguments as `covariances_of`."""
    joint, apart = covariances_of(z, width, share)
    form = torch.linalg.inv(apart) - torch.linalg.inv(joint)
    constant = (torch.linalg.slogdet(apart)[1] - torch.linalg.slogdet(joint)[1]) / 2
    return Copula(form.float(), constant.float())


def copula_information(divergence: Divergence, x: Tensor, y: Tensor) -> Mean | None:
    """Return the divergence of a normal copula from the product of its margins; None if it has no closed form.

    Args:
        divergence: whose.
        x, y: samples that belong together (n, dx), (n, dy), in an order that says nothing.

    >>> from fgan.divergences import KL
    >>> random = torch.Generator().manual_seed(1)
    >>> x, noise = torch.randn(2, 2000, 1, generator=random)
    >>> abs(copula_information(KL(), x.exp(), (x + noise) ** 3).value - 0.35) < 0.05  # ½ log 2, whatever the scales
    True
    """
    n, columns = len(x), x.shape[1] + y.shape[1]
    if columns > n / 2:
        raise FganError(
            f'method "copula" needs two rows for each coordinate; got {n} rows of {columns}. Give more rows or fewer '
            "columns."
        )
    z = torch.cat([normal_scores_of(side)(side) for side in (x, y)], 1)

    def value(z: Tensor) -> float | None:
        joint, apart = covariances_of(z, x.shape[1])
        zero = joint.new_zeros(len(joint))
        return divergence_of_normals(divergence, Normal(zero, joint), Normal(zero, apart))

    return jackknifed(value, z)
