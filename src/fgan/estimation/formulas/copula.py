"""Mutual information of a normal copula: the dependence of normal scores, in closed form."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.estimation.critics.joint import covariances_of
from fgan.estimation.critics.normal_scores import normal_scores_of
from fgan.estimation.formulas.gaussian import Normal, divergence_of_normals
from fgan.estimation.formulas.resampling import jackknifed
from fgan.estimation.prices import Mean
from fgan.estimation.weights import Weight, Weights


def copula_information(
    divergence: Divergence, x: Tensor, y: Tensor, weights: Weights = (None, None)
) -> Mean | None:
    """Return the divergence of a normal copula from the product of its margins; None if it has no closed form.

    Args:
        divergence: whose.
        x, y: samples that belong together (n, dx), (n, dy), in an order that says nothing.
        weights: of the samples, twice the same.

    >>> from fgan.divergences import KL
    >>> random = torch.Generator().manual_seed(1)
    >>> x, noise = torch.randn(2, 2000, 1, generator=random)
    >>> abs(copula_information(KL(), x.exp(), (x + noise) ** 3).value - 0.35) < 0.05  # ½ log 2, whatever the scales
    True
    """
    n, columns = len(x), x.shape[1] + y.shape[1]
    if columns > n / 2:
        raise FganError(
            f'method "copula" needs at least two rows per column; got {n} rows and {columns} columns. Use '
            "more rows or fewer columns."
        )
    z = torch.cat([normal_scores_of(side, weights[0])(side) for side in (x, y)], 1)

    def value(z: Tensor, weight: Weight) -> float | None:
        joint, apart = covariances_of(z, x.shape[1], weight=weight)
        zero = joint.new_zeros(len(joint))
        return divergence_of_normals(divergence, Normal(zero, joint), Normal(zero, apart))

    return jackknifed(value, z, weights[0])
