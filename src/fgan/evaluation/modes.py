"""Which modes of a known mixture the samples cover."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.data import Modes
from fgan.evaluation.classes import coverage_of
from fgan.evaluation.jackknife import Uncertain, proportion


@dataclass(frozen=True)
class ModeCoverage:
    """The result of `mode_coverage`.

    Args:
        covered: number of modes with at least one sample within three standard deviations.
        total: number of modes.
        high_quality: share of samples within three standard deviations of some mode. A perfect sampler of a
            two-dimensional mixture reaches 0.989; 1 means that the clusters are too tight.
        shares: share of each mode among these samples, (K,).
    """

    covered: int
    total: int
    high_quality: float
    shares: Tensor


def mode_coverage(samples: Tensor, modes: Modes) -> ModeCoverage:
    """Count the modes that samples (n, D) cover, by the 3σ rule.

    Source: Srivastava et al., "VEEGAN" (2017), §4.1; Lin et al., "PacGAN" (2018), §4.1.

    >>> modes = Modes(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), sigma=0.1)
    >>> mode_coverage(torch.tensor([[0.0, 0.1], [0.5, 0.0]]), modes).covered
    1
    """
    nearest = mode_of(samples, modes)
    counts = torch.bincount(nearest + 1, minlength=len(modes.centers) + 1)[1:]
    return ModeCoverage(
        covered=int((counts > 0).sum()),
        total=len(modes.centers),
        high_quality=(nearest >= 0).double().mean().item(),
        shares=counts / counts.sum().clamp(min=1),
    )


def mode_of(samples: Tensor, modes: Modes) -> Tensor:
    """Return the mode within 3σ of each sample (n, D), int64 (n,); -1 where there is none."""
    distance, nearest = torch.cdist(samples, modes.centers.to(samples.device)).min(dim=1)
    return torch.where(distance <= 3 * modes.sigma, nearest, -1)


def mixture_coverage(samples: Tensor, reference: Tensor, modes: Modes) -> dict[str, Uncertain]:
    """Return how many modes samples (n, D) reach, KL(their shares ‖ those of the reference), and within 3σ the share.

    >>> modes = Modes(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), sigma=0.1)
    >>> found = mixture_coverage(torch.zeros(20, 2), modes.centers.repeat(20, 1), modes)
    >>> found["modes"].value, found["within-3-sigma"].value
    (1.0, 1.0)
    """
    ours, theirs = mode_of(samples, modes), mode_of(reference, modes)
    return coverage_of(ours, theirs, len(modes.centers)) | {"within-3-sigma": proportion(ours >= 0)}
