"""The f-GAN paper's protocol: log-likelihood of real samples under a kernel density estimate of the generator."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from fgan.evaluation.domain import Caveat, require_memory_of
from fgan.evaluation.jackknife import GROUPS, Jackknife, group_of, jackknife, leave_out, sum_by_group
from fgan.evaluation.neighbours import Points, bytes_of_points
from fgan.output import watched

BANDWIDTHS = 17
"""Candidates, evenly spaced on a logarithmic scale."""


def log_likelihood(
    samples: Tensor, reference: Tensor, validation: Tensor, block: int = 500
) -> tuple[Jackknife, float]:
    r"""Return the mean log-density of the reference (m, d) in nats, and the bandwidth h that was chosen.

    .. math:: \log \tfrac1n \sum_i N(x; s_i, h^2 I)

    h maximises the same on separate real samples (v, d). Known problems (Theis et al. 2016): in many dimensions it says
    little about sample quality, and cluster centres of the data score better than the data themselves. Use it only to
    compare with published figures.

    Args:
        samples, reference, validation: vectors; images as pixels in [0, 1].
        block: real samples looked at together.

    Source: Nowozin, Cseke, Tomioka, "f-GAN" (2016), §4.2; Breuleux, Bengio, Vincent (2011).

    >>> draw = torch.Generator().manual_seed(0)
    >>> x, y, v = torch.randn(3, 1000, 1, generator=draw)
    >>> 1.3 < -log_likelihood(x, y, v)[0].value < 1.5  # the entropy of N(0, 1) is 1.42
    True
    """
    counts = (len(samples), len(reference), len(validation))
    needed = bytes_of_points(*counts, d=samples.shape[1], block=block) + 12 * len(validation) * len(samples)
    require_memory_of("kde", needed, samples, reference)
    x = Points(samples)
    bandwidth = choose_bandwidth(x, Points(validation), block)
    grouped = Points(torch.cat([samples[group::GROUPS] for group in range(GROUPS)]))
    by_group = torch.cat(
        [_log_densities(part, bandwidth) for part in _squared_distances(grouped, Points(reference), block)]
    )
    n = leave_out(torch.bincount(group_of(len(x), samples.device)).double())
    everything = [by_group] + [by_group[:, torch.arange(GROUPS) != g] for g in range(GROUPS)]
    normal = x.exact.shape[1] / 2 * math.log(2 * math.pi * bandwidth**2)
    # Column f: without group f - 1 of the samples; row means without the same group of the reference.
    log_density = torch.stack([part.logsumexp(1) for part in everything], 1) - n.log() - normal
    sums, m = (leave_out(sum_by_group(part)) for part in (log_density, torch.ones_like(log_density[:, 0])))
    caveats = _caveats(x, validation)
    return jackknife(sums.diagonal() / m).with_caveats(*caveats), bandwidth


def _caveats(x: Points, validation: Tensor) -> Iterator[Caveat]:
    """Warn if no bandwidth is best: the density grows without bound where samples repeat real ones."""
    if bool((x.exact == x.exact[0]).all()):
        yield Caveat("all samples are identical, so they have no density", unusable=True)
        return
    known = {row.tobytes() for row in x.exact.cpu().numpy()}
    again = sum(row.tobytes() in known for row in validation.double().cpu().numpy())
    if 2 * again >= len(validation):
        yield Caveat(
            f"{again} of {len(validation)} real samples that choose the bandwidth equal a generated sample, "
            "so the "
            "likelihood grows without bound for narrow kernels",
            unusable=True,
        )


def choose_bandwidth(x: Points, validation: Points, block: int = 500) -> float:
    """Return the h of a grid, from the nearest neighbour's scale outwards, that fits the validation samples best."""
    distances = torch.empty(len(validation), len(x), device=x.quick.device)
    nearest = torch.empty(len(validation), 1, dtype=torch.float64, device=x.quick.device)
    for rows in watched(torch.arange(len(validation), device=x.quick.device).split(block), "kde"):
        quick = validation.quick_distances(rows, x)
        nearest[rows, 0] = validation.pair_distances(x, rows, quick.argmin(1))
        distances[rows] = quick.sub_(nearest[rows]).clamp_(min=0)
    memory = torch.empty_like(distances)
    typical = nearest.mean().sqrt().clamp(
        min=1e-3 * x.exact.std(0).mean().clamp(min=1e-6)
    ).item() / math.sqrt(x.exact.shape[1])
    grid = [typical * 10 ** (-1.5 + 3 * step / (BANDWIDTHS - 1)) for step in range(BANDWIDTHS)]
    chosen = typical
    for _ in range(2):  # the second grid lies between the first one's neighbours of the best
        scores = [
            float(
                torch.mul(distances, _slope(h) / math.log(2), out=memory).exp2_().sum(1).log().mean()
                - (nearest / (2 * h * h)).mean()
            )
            - x.exact.shape[1] * math.log(h)
            for h in grid
        ]
        best = max(range(len(grid)), key=scores.__getitem__)
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        chosen = grid[best]
        grid = [low * (high / low) ** (step / 8) for step in range(9)]
    return chosen


def _squared_distances(x: Points, y: Points, block: int) -> Iterator[Tensor]:
    for rows in watched(torch.arange(len(y), device=y.exact.device).split(block), "kde"):
        yield y.distances(rows, x)


def _log_densities(distances: Tensor, bandwidth: float) -> Tensor:
    """Return log Σ exp(-d²/2h²) over each group of samples, for rows of distances (r, n): (r, B)."""
    sizes = group_of(distances.shape[1]).bincount().tolist()
    return torch.stack([_log_density(part, bandwidth) for part in distances.split(sizes, 1)], 1)


def _log_density(distances: Tensor, bandwidth: float) -> Tensor:
    # Relative to the nearest float32 is enough. Powers of two take a tenth of the time of exp, which is slow near zero.
    least = distances.amin(1, keepdim=True)
    relative = (distances - least).mul_(_slope(bandwidth) / math.log(2)).float().exp2_()
    return relative.sum(1).double().log_() + _slope(bandwidth) * least[:, 0]


def _slope(bandwidth: float) -> float:
    """Return by how much the logarithm of a normal density changes with the squared distance."""
    return -0.5 / bandwidth**2
