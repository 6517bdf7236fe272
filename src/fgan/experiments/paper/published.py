"""The numbers that the f-GAN paper published, to print next to ours; nothing is computed from them.

Recalled from the paper rather than copied from it, so a last digit may be wrong. Nowozin, Cseke, Tomioka, "f-GAN:
Training Generative Neural Samplers using Variational Divergence Minimization" (2016).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedFit:
    """A column of section 4.1's first table.

    Args:
        divergence: D_f(P‖Q) at the best Gaussian, by the paper's quadrature.
        bound: F at the trained critic and generator.
        best_mu, best_sigma: the best Gaussian.
        mu, sigma: the trained one.
    """

    divergence: float
    bound: float
    best_mu: float
    mu: float
    best_sigma: float
    sigma: float


FITS: dict[str, PublishedFit] = {
    "kl": PublishedFit(0.2831, 0.2801, 1.0100, 1.0335, 1.8308, 1.8236),
    "reverse-kl": PublishedFit(0.2480, 0.2415, 1.5782, 1.5624, 1.6319, 1.6403),
    "js": PublishedFit(0.1280, 0.1226, 1.3070, 1.2854, 1.7542, 1.7659),
    "jeffreys": PublishedFit(0.5705, 0.5151, 1.3218, 1.2295, 1.7034, 1.8087),
    "pearson": PublishedFit(0.6457, 0.6379, 0.5737, 0.6157, 1.9274, 1.9031),
}

_TESTED_BY = ("kl", "reverse-kl", "js", "jeffreys", "pearson")
_TRAINED_BY = {
    "kl": (0.2808, 0.3423, 0.1314, 0.5447, 0.7345),
    "reverse-kl": (0.3518, 0.2414, 0.1228, 0.5794, 1.3974),
    "js": (0.2871, 0.2760, 0.1210, 0.5260, 0.9216),
    "jeffreys": (0.2869, 0.2975, 0.1247, 0.5236, 0.8849),
    "pearson": (0.2970, 0.5466, 0.1665, 0.7085, 0.6480),
}
CROSS: dict[str, dict[str, float]] = {
    row: dict(zip(_TESTED_BY, cells, strict=True)) for row, cells in _TRAINED_BY.items()
}
"""Trained by the first name, priced by the second: estimates of critics trained for each cell."""

LOG_LIKELIHOOD: dict[str, tuple[float, float]] = {
    "kl": (416.0, 5.62),
    "reverse-kl": (319.0, 8.36),
    "pearson": (429.0, 5.53),
    "neyman": (300.0, 8.33),
    "squared-hellinger": (-708.0, 18.1),
    "jeffreys": (-2101.0, 29.9),
    "js": (367.0, 8.19),
    "gan": (305.0, 8.97),
}
"""Table 4: log-likelihood of the MNIST test images in nats, and its standard error."""
LOG_LIKELIHOOD_OF_TRAINING = (502.0, 5.99)
"""The same for a density of all 60,000 training images."""
