r"""The divergence of the paper's mixture from a Gaussian, exactly, and the Gaussian for which it is least.

.. math:: D_f(P\|N(\mu, \sigma^2)) = \int q(x)\, f(e^{\log p(x) - \log q(x)})\, dx

by the trapezoidal rule, which for smooth functions that vanish at both ends errs by no more than rounding does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.data.toys import LEFT, RIGHT
from fgan.divergences import Divergence
from fgan.errors import FganError

REACH, STEP = 120.0, 0.02
"""How far from 0 the integral goes, and how finely; the narrow component's spread is 0.25."""
NEGLIGIBLE = 1e-9
"""Largest value of the integrand at either end, relative to the sum, for an integral that converges."""


@dataclass(frozen=True)
class Gaussian:
    """The best Gaussian, and the divergence from it."""

    mu: float
    sigma: float
    divergence: float


def log_normal(x: Tensor, mu: float, sigma: float) -> Tensor:
    """Return log N(x; μ, σ²), elementwise."""
    return -0.5 * ((x - mu) / sigma).square() - math.log(sigma) - 0.5 * math.log(2 * math.pi)


def log_mixture(x: Tensor) -> Tensor:
    """Return log p of `paper-mixture`, elementwise."""
    parts = [
        math.log(weight) + log_normal(x, mean, math.sqrt(variance))
        for weight, mean, variance in (LEFT, RIGHT)
    ]
    return torch.logaddexp(*parts)


def exact_divergence(
    divergence: Divergence, mu: float, sigma: float, log_p: Callable[[Tensor], Tensor] = log_mixture
) -> float:
    """Return D_f(P‖N(μ, σ²)) for P the paper's mixture, or another density on the line.

    Infinite where the integral does not converge, or only where p/q is too large or small for a float64: Neyman's
    from σ = 1.97 to 2, when it is above 10^10, and nearly all below σ = 0.2.

    Args:
        divergence: any.
        mu, sigma: mean and standard deviation of the Gaussian, the latter positive.
        log_p: log p(x), elementwise, of a P that is next to nothing beyond REACH and no narrower than the paper's.

    Source: Nowozin, Cseke, Tomioka, "f-GAN" (2016), §4.1.

    >>> from fgan.divergences import KL, Pearson
    >>> round(exact_divergence(KL(), 1.01, 1.8307), 4)
    0.2831
    >>> exact_divergence(Pearson(), 1.0, 0.9)  # the Gaussian's tails are too light
    inf
    """
    x = torch.arange(-REACH, REACH, STEP, dtype=torch.float64)
    log_q = log_normal(x, mu, sigma)
    integrand = log_q.exp() * divergence.f((log_p(x) - log_q).exp())
    # Where f(u) overflows q has long vanished, and so has the integrand, unless the integral diverges.
    integrand = integrand[integrand.isfinite()]
    total = integrand.sum()
    if len(integrand) == 0 or bool(integrand[[0, -1]].abs().max() > NEGLIGIBLE * total.abs()):
        return math.inf
    return float(total) * STEP


def best_gaussian(divergence: Divergence) -> Gaussian:
    """Return the Gaussian from which a divergence of the paper's mixture is least.

    Raises:
        FganError: where no minimum is found.

    >>> from fgan.divergences import Pearson
    >>> best = best_gaussian(Pearson())
    >>> round(best.mu, 4), round(best.sigma, 4)
    (0.5737, 1.9273)
    """
    from scipy.optimize import minimize

    found = minimize(
        lambda at: exact_divergence(divergence, at[0], math.exp(at[1])),
        # Between the best Gaussians of KL and reverse KL, where every divergence of the catalogue is finite.
        x0=(1.3, math.log(1.7)),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-12},
    )
    if not (found.success and math.isfinite(found.fun)):
        raise FganError(
            f'found no Gaussian that minimises "{divergence.name}" from the paper\'s mixture ({found.message}). '
            "Omit this divergence."
        )
    return Gaussian(float(found.x[0]), math.exp(found.x[1]), float(found.fun))
