r"""Two normal distributions fitted to the samples: a quadratic log-ratio, and divergences in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.formulas.powers import formula_of
from fgan.estimation.formulas.resampling import jackknifed
from fgan.estimation.prices import Mean
from fgan.estimation.weights import Weight, Weights, mean_of

SINGULAR = 1e-10


@dataclass(frozen=True)
class Normal:
    """A normal distribution.

    Args:
        mean: float64 (d,).
        covariance: float64 (d, d).
    """

    mean: Tensor
    covariance: Tensor

    @classmethod
    def fitted_to(cls, x: Tensor, weight: Weight = None) -> Normal:
        """Return the one with the mean and covariance of samples (n, d), which may have weights (n,).

        Raises:
            FganError: where a coordinate is constant, or follows from others.
        """
        if len(x) <= x.shape[1]:  # before a matrix of all coordinates is made
            raise FganError(_dependent(x))
        covariance = torch.atleast_2d(torch.cov(x.T, aweights=weight))
        beyond = ~covariance.diagonal().isfinite()
        if bool(beyond.any()):
            column = int(beyond.double().argmax())
            far = x[x[:, column].abs().argmax(), column]
            raise FganError(
                f"a variance exceeds double precision: coordinate {column} has the value {float(far):g}. "
                "Repair or remove that "
                "row, or use another method."
            )
        scale = covariance.diagonal().sqrt()
        varies = bool((scale > 0).all())
        if not varies or float(torch.linalg.eigvalsh(covariance / scale.outer(scale)).min()) < SINGULAR:
            raise FganError(_dependent(x))
        return cls(mean_of(x, weight), covariance)

    def log_density(self, x: Tensor) -> Tensor:
        """Return log p(x) (n,) up to the constant that all normal distributions share."""
        factor = torch.linalg.cholesky(self.covariance)
        z = torch.linalg.solve_triangular(factor, (x - self.mean).T, upper=False)
        return -z.square().sum(0) / 2 - factor.diagonal().log().sum()


def _dependent(x: Tensor) -> str:
    return (
        f"the covariance of {len(x)} samples with {x.shape[1]} coordinates is singular: some coordinates are "
        "constant or "
        "linear combinations of others. Leave these out, or use another method."
    )


@dataclass(frozen=True)
class NormalRatio:
    """The log-ratio of two normal distributions."""

    p: Normal
    q: Normal
    description: str = "two normal distributions"

    def __call__(self, x: Tensor) -> Tensor:
        """Return log(p/q) (n,) of samples (n, d)."""
        x = x.double()
        return self.p.log_density(x) - self.q.log_density(x)


def fit_normals(jobs: list[Job]) -> list[Critic]:
    """Return the ratio of two fitted normal distributions for each job; there is nothing to stop or to select."""
    critics: list[Critic] = []
    for job in jobs:
        p, q = (Normal.fitted_to(x.double(), weight) for x, weight in job.whole)
        critics.append(NormalRatio(p, q))
    return critics


def divergence_of_normals(divergence: Divergence, p: Normal, q: Normal) -> float | None:
    r"""Return D_f of two normal distributions where it has a closed form: KL, its kin, and all α-divergences.

    .. math:: \int p^\alpha q^{1-\alpha} = |\Sigma_p|^{(1-\alpha)/2} |\Sigma_q|^{\alpha/2} |\Sigma_\alpha|^{-1/2}
        e^{-\frac12 \alpha (1-\alpha) \delta^T \Sigma_\alpha^{-1} \delta}, \quad
        \Sigma_\alpha = \alpha \Sigma_q + (1 - \alpha) \Sigma_p

    >>> from fgan.divergences import KL
    >>> one = torch.eye(1, dtype=torch.float64)
    >>> divergence_of_normals(KL(), Normal(one[0], one), Normal(one[0] - 1, one))
    0.5
    """
    formula = formula_of(divergence, _kl, _overlap)
    return formula(p, q) if formula else None


def normal_value(
    divergence: Divergence, p: Tensor, q: Tensor, weights: Weights = (None, None)
) -> Mean | None:
    """Return the divergence of two fitted normal distributions, less its bias by the jackknife; None if not closed.

    Args:
        divergence: whose.
        p, q: samples (n, d), in an order that says nothing.
        weights: of the samples.
    """

    def value(p: Tensor, q: Tensor, of_p: Weight, of_q: Weight) -> float | None:
        return divergence_of_normals(divergence, Normal.fitted_to(p, of_p), Normal.fitted_to(q, of_q))

    return jackknifed(value, p.double(), q.double(), *weights)


def _kl(p: Normal, q: Normal) -> float:
    factor_p, factor_q = torch.linalg.cholesky(p.covariance), torch.linalg.cholesky(q.covariance)
    whitened = torch.linalg.solve_triangular(factor_q, factor_p, upper=False)
    shift = torch.linalg.solve_triangular(factor_q, (p.mean - q.mean)[:, None], upper=False)
    logs = factor_q.diagonal().log().sum() - factor_p.diagonal().log().sum()
    return float((whitened.square().sum() + shift.square().sum() - len(p.mean)) / 2 + logs)


def _overlap(alpha: float, p: Normal, q: Normal) -> float:
    """Return the integral of p^α q^(1-α); +inf where it diverges."""
    mixed, bad = torch.linalg.cholesky_ex(alpha * q.covariance + (1 - alpha) * p.covariance)
    if int(bad):
        return math.inf
    shift = torch.linalg.solve_triangular(mixed, (p.mean - q.mean)[:, None], upper=False).square().sum()
    log_p, log_q = (torch.linalg.cholesky(one.covariance).diagonal().log().sum() for one in (p, q))
    logs = (
        (1 - alpha) * log_p + alpha * log_q - mixed.diagonal().log().sum() - alpha * (1 - alpha) * shift / 2
    )
    return float(logs.exp())
