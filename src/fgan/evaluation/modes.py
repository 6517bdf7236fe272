"""Which clusters of a known mixture the samples reach."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.data import Modes


@dataclass(frozen=True)
class ModeCoverage:
    """What `mode_coverage` found.

    Args:
        covered: modes with at least one sample within three standard deviations.
        total: modes in all.
        high_quality: share of samples within three standard deviations of some mode; a perfect sampler of a
            two-dimensional mixture has 0.989, and 1 means clusters that are too tight.
        shares: of each mode among the samples within three standard deviations, (K,).
    """

    covered: int
    total: int
    high_quality: float
    shares: Tensor


def mode_coverage(samples: Tensor, modes: Modes) -> ModeCoverage:
    """Count the modes that samples (n, D) reach, by the 3σ rule.

    Source: Srivastava et al., "VEEGAN" (2017), §4.1; Lin et al., "PacGAN" (2018), §4.1.

    >>> modes = Modes(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), sigma=0.1)
    >>> mode_coverage(torch.tensor([[0.0, 0.1], [0.5, 0.0]]), modes).covered
    1
    """
    distance, nearest = torch.cdist(samples, modes.centers).min(dim=1)
    close = distance <= 3 * modes.sigma
    counts = torch.bincount(nearest[close], minlength=len(modes.centers))
    return ModeCoverage(
        covered=int((counts > 0).sum()),
        total=len(modes.centers),
        high_quality=close.double().mean().item(),
        shares=counts / counts.sum().clamp(min=1),
    )
