"""The two toys of benchmarks/guide.py, whose generator can only make one Gaussian, and the best Gaussian for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import torch
from scipy.optimize import minimize

import fgan
from fgan.experiments.paper.quadrature import exact_divergence, log_normal

FOLLOWED = ("neyman", "reverse-kl", "squared-hellinger", "js", "jeffreys", "kl", "pearson")
"""From the one that weighs small ratios p/q most to the one that weighs large ratios most; Jeffreys weighs both."""
PENALTIES = {"none": {"penalties": "none"}, "default": {}}
"""The two recipes: without penalties, and with those of the default preset."""
SHARES = (0.0, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05)
"""Shares of outliers for which the best Gaussian is computed."""
Fits = dict[str, list[NormalDist]]
"""By followed divergence, the Gaussian of each seed."""


@dataclass(frozen=True)
class Mixture:
    """Two Gaussians along x; along y there is one."""

    name: str
    weights: tuple[float, float]
    centers: tuple[float, float]
    sigma: float = 0.4

    def save(self, path: Path) -> Path:
        random = np.random.default_rng(0)
        n = 20_000
        x = random.normal(scale=self.sigma, size=(n, 2))
        x[:, 0] += random.choice(self.centers, p=self.weights, size=n)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, x.astype(np.float32))
        return path

    def log_density(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p along x, elementwise."""
        parts = [
            math.log(weight) + log_normal(x, center, self.sigma)
            for weight, center in zip(self.weights, self.centers, strict=True)
            if weight
        ]
        return torch.logsumexp(torch.stack(parts), dim=0)

    def moments(self) -> NormalDist:
        """Return the Gaussian with the mean and spread of the data, which is the best for KL."""
        mean = sum(weight * center for weight, center in zip(self.weights, self.centers, strict=True))
        square = sum(weight * center**2 for weight, center in zip(self.weights, self.centers, strict=True))
        return NormalDist(mean, math.sqrt(square - mean**2 + self.sigma**2))

    def best(self, name: str, wide: bool = False) -> NormalDist | None:
        """Return the best Gaussian along x, or None where the divergence is infinite.

        Args:
            name: the divergence.
            wide: return the local optimum found from a Gaussian over both parts, even if it is not the best of all.
        """
        divergence, both = fgan.divergence(name), self.moments()

        def value(at: Sequence[float]) -> float:
            return exact_divergence(divergence, at[0], math.exp(at[1]), self.log_density)

        starts = [(both.mean, math.log(both.stdev))]
        if not wide:
            starts.append((self.centers[0], math.log(self.sigma)))
        starts = [start for start in starts if math.isfinite(value(start))]
        if not starts:  # a Gaussian over both parts has heavier tails than the data
            return None
        found = min(
            (minimize(value, start, method="Nelder-Mead") for start in starts), key=lambda one: one.fun
        )
        return NormalDist(float(found.x[0]), math.exp(found.x[1]))


BLOBS = Mixture("blobs", (0.7, 0.3), (-1.5, 1.5))
OUTLIERS = Mixture("outliers", (0.97, 0.03), (0.0, 4.0))


def near(fit: NormalDist, center: float, sigma: float = BLOBS.sigma) -> float:
    """Return the share of a Gaussian within 3σ of a centre."""
    return fit.cdf(center + 3 * sigma) - fit.cdf(center - 3 * sigma)


def outlier_curves() -> dict[str, list[NormalDist | None]]:
    """Return the best Gaussian for each share of outliers, by divergence."""
    laws = [replace(OUTLIERS, weights=(1 - share, share)) for share in SHARES]
    return {name: [law.best(name) for law in laws] for name in FOLLOWED}
