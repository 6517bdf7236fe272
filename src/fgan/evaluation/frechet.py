"""The Fréchet distance between two sets of features, known as FID where the features are Inception's."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.evaluation.jackknife import Jackknife, group_of, jackknife, leave_out, sum_by_group


def frechet_distance(samples: Tensor, reference: Tensor) -> Jackknife:
    r"""Return ‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁^½ Σ₂ Σ₁^½)^½), of features (n, d) and (m, d).

    In squared units of the features. It is biased upwards, more so for fewer samples: compare with real against
    real of the same size. The root is taken of a symmetric matrix, which stays exact where covariances are
    singular.

    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (2017), eq. 6; Dowson and Landau (1982).

    >>> x = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    >>> round(frechet_distance(x + 2, x).value, 6)
    12.0
    """
    # About a common centre, sums of squares lose no digits.
    center = reference.double().mean(0)
    (m1, c1), (m2, c2) = moments(samples.double() - center), moments(reference.double() - center)
    return jackknife([distance_of_moments(*fold) for fold in zip(m1, c1, m2, c2, strict=True)])


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and covariance of float64 features (n, d): of all, then without each group, (1 + B, ...)."""
    n = leave_out(sum_by_group(torch.ones(len(features), dtype=torch.float64, device=features.device)))
    mean = leave_out(sum_by_group(features)) / n[:, None]
    group = group_of(len(features), features.device)
    parts = (features[group == g] for g in range(len(n) - 1))
    outer = leave_out(torch.stack([part.T @ part for part in parts]))
    spread = outer - n[:, None, None] * mean[:, :, None] * mean[:, None, :]
    return mean, spread / (n - 1).clamp(min=1)[:, None, None]


def distance_of_moments(m1: Tensor, c1: Tensor, m2: Tensor, c2: Tensor) -> float:
    """Return the Fréchet distance between two normal distributions, from float64 means and covariances."""
    values, vectors = torch.linalg.eigh(c2)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ c1 @ root).clamp(min=0).sqrt().sum()
    return max(float((m1 - m2).square().sum() + c1.trace() + c2.trace() - 2 * cross), 0.0)
