"""The targets of a race. Each is a mixture of round Gaussians, so that its density is known exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.data import Dataset
from fgan.data.dataset import FunctionSource
from fgan.data.toys import LEFT, RIGHT
from fgan.frame import Frame
from fgan.lab.settings import Settings

AT_ONCE = 2**24
"""Distances in memory at a time."""
MARGIN = 0.25
"""How far the view reaches beyond the target, relative to its width."""


@dataclass(frozen=True)
class Target:
    r"""A mixture of round Gaussians: p(x) = Σ w_k N(x; c_k, σ_k² I).

    Args:
        name: its name.
        centers: c (P, D).
        sigmas: σ (P,).
        weights: w (P,), which sum to 1.
        modes: whether the pieces are modes worth counting.
    """

    name: str
    centers: Tensor
    sigmas: Tensor
    weights: Tensor
    modes: bool = True

    @property
    def dimension(self) -> int:
        """The number of coordinates, 1 or 2."""
        return self.centers.shape[1]

    @property
    def sigma(self) -> float:
        """The smallest σ."""
        return float(self.sigmas.min())

    def sample(self, n: int, random: torch.Generator) -> Tensor:
        """Draw n points (n, D)."""
        # Inverting the distribution function needs one uniform number a draw, however many pieces there are.
        share = torch.rand(n, generator=random, dtype=torch.float64)
        piece = torch.searchsorted(self.weights.double().cumsum(0), share).clamp(max=len(self.weights) - 1)
        noise = torch.randn(n, self.dimension, generator=random)
        return self.centers[piece] + self.sigmas[piece, None] * noise

    def log_density(self, x: Tensor, smoothing: float = 0.0) -> Tensor:
        """Return log p at x (n, D) in float64, of p convolved with a Gaussian of this standard deviation."""
        variance = self.sigmas.double().square() + smoothing**2
        offset = self.weights.double().log() - self.dimension / 2 * (2 * math.pi * variance).log()
        rows = max(AT_ONCE // len(self.centers), 1)
        parts = [
            (offset - torch.cdist(part, self.centers.double()).square() / (2 * variance)).logsumexp(1)
            for part in x.double().split(rows)
        ]
        return torch.cat(parts)

    def piece_of(self, x: Tensor) -> Tensor:
        """Return the nearest piece within 3σ of each point (n, D), int64 (n,); -1 where there is none."""
        distance, nearest = (torch.cdist(x, self.centers) / self.sigmas).min(1)
        return torch.where(distance <= 3, nearest, -1)

    @property
    def view(self) -> list[tuple[float, float]]:
        """The range of each coordinate to show."""
        low = (self.centers - 3 * self.sigmas[:, None]).amin(0)
        high = (self.centers + 3 * self.sigmas[:, None]).amax(0)
        # Both axes have one scale, or distances would mislead.
        half = float((high - low).max()) * (0.5 + MARGIN)
        middles = ((low + high) / 2).tolist()
        return [(middle - half, middle + half) for middle in middles]

    def dataset(self) -> Dataset:
        """Return it as data for training."""
        mean = (self.weights[:, None] * self.centers).sum(0)
        spread = self.weights[:, None] * (self.sigmas[:, None].square() + (self.centers - mean).square())
        frame = Frame(
            (self.dimension,), center=tuple(mean.tolist()), scale=tuple(spread.sum(0).sqrt().tolist())
        )
        source = FunctionSource(self.sample)
        return Dataset(self.name, frame, source, source)


def target_of(settings: Settings) -> Target:
    """Return the target of a race on points."""
    if settings.target in ("drawn", "rows"):
        return _of_points(settings.target, torch.tensor(settings.points))
    return MAKERS[settings.target]()


def _ring() -> Target:
    angle = torch.arange(8) * (math.pi / 4)
    return _uniform("ring", torch.stack([angle.cos(), angle.sin()], 1), 0.06)


def _grid() -> Target:
    at = torch.arange(5) - 2.0
    return _uniform("grid", torch.cartesian_prod(at, at), 0.1)


def _moons() -> Target:
    t = (torch.arange(40) + 0.5) / 40 * math.pi
    upper = torch.stack([t.cos(), t.sin()], 1)
    lower = torch.stack([1 - t.cos(), 0.5 - t.sin()], 1)
    return _uniform("moons", torch.cat([upper, lower]), 0.08, modes=False)


def _spiral() -> Target:
    # Equal steps in the square root of the angle are about equal steps along the spiral.
    angle = 3 * math.pi * ((torch.arange(120) + 0.5) / 120).sqrt()
    return _uniform(
        "spiral", angle[:, None] / 8 * torch.stack([angle.cos(), angle.sin()], 1), 0.06, modes=False
    )


def _blobs() -> Target:
    centers = torch.tensor([[-1.0, 0.0], [1.2, 0.3]])
    return Target("blobs", centers, torch.tensor([0.25, 0.45]), torch.tensor([0.75, 0.25]))


def _outliers() -> Target:
    centers = torch.tensor([[0.0, 0.0], [2.5, 1.8]])
    return Target("outliers", centers, torch.tensor([0.5, 0.1]), torch.tensor([0.95, 0.05]))


def _mixture() -> Target:
    weights, means, variances = (torch.tensor(part) for part in zip(LEFT, RIGHT, strict=True))
    return Target("mixture", means[:, None], variances.sqrt(), weights)


MAKERS: dict[str, Callable[[], Target]] = {
    "ring": _ring,
    "grid": _grid,
    "moons": _moons,
    "spiral": _spiral,
    "blobs": _blobs,
    "outliers": _outliers,
    "mixture": _mixture,
}
"""Targets by name; those that are made of points are not among them."""


def _uniform(name: str, centers: Tensor, sigma: float, *, modes: bool = True) -> Target:
    count = len(centers)
    return Target(name, centers, torch.full((count,), sigma), torch.full((count,), 1 / count), modes)


def _of_points(name: str, points: Tensor) -> Target:
    """Return points as a target, each blurred, since a density is needed: a drawing by a pen's width.

    Rows are standardised first, as the critics see data too, or one column's spread would hide the other; they are
    blurred by half of what Silverman's rule says for a normal distribution, which clusters are not.
    """
    if name == "rows":
        spread, mean = torch.std_mean(points.double(), 0)
        standard = ((points.double() - mean) / torch.where(spread > 0, spread, 1)).float()
        return _uniform(name, standard, 0.5 * len(points) ** (-1 / 6), modes=False)
    pen = 0.08 * float(points.std(0).mean())
    return _uniform(name, points, max(pen, 1e-6 * float(points.abs().max()), 1e-9), modes=False)
