"""Small distributions with known moments, sampled afresh at every draw on the generator's own device."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from fgan.data.dataset import Dataset, FunctionSource, Modes
from fgan.frame import Frame

LabelledSampler = Callable[[int, torch.Generator], tuple[Tensor, Tensor]]

RING_SIGMA = 0.01
GRID_SIGMA = 0.05
MOONS_SIGMA = 0.05

# The mixture of section 4.1's kind: weight, mean and variance of each of the two components.
LEFT = (0.33, -1.0, 0.065)
RIGHT = (0.67, 2.0, 2.0)


def ring8() -> Dataset:
    """Eight Gaussians on a circle: x = (cos kπ/4, sin kπ/4) + σ ε, k uniform on 0..7, σ = 0.01.

    The class is k.

    >>> ring8().train.draw(5, torch.Generator().manual_seed(0)).shape
    torch.Size([5, 2])
    """
    return _uniform_mixture("ring8", 8, _ring_centers, RING_SIGMA)


def grid25() -> Dataset:
    """Twenty-five Gaussians on a 5×5 grid: x = (−4 + 2i, −4 + 2j) + σ ε, i, j uniform on 0..4, σ = 0.05.

    The class is 5i + j.

    >>> grid25().modes.centers.shape
    torch.Size([25, 2])
    """
    return _uniform_mixture("grid25", 25, _grid_centers, GRID_SIGMA)


def paper_mixture() -> Dataset:
    """Two Gaussians on the line: p(x) = 0.33 N(x; −1, 0.065) + 0.67 N(x; 2, 2), the second number a variance.

    >>> [round(one, 6) for one in paper_mixture().frame.center]
    [1.01]
    """
    (w0, m0, v0), (w1, m1, v1) = LEFT, RIGHT
    mean = w0 * m0 + w1 * m1
    variance = w0 * (v0 + m0**2) + w1 * (v1 + m1**2) - mean**2
    return _toy("paper-mixture", FunctionSource(_sample_paper_mixture), [mean], [variance])


def moons() -> Dataset:
    """Two interleaved half circles: (cos t, sin t) or (1 − cos t, ½ − sin t), plus σ ε.

    t is uniform on [0, π], either half circle equally likely, and σ = 0.05. The class is the half circle.

    >>> moons().frame.center
    (0.5, 0.25)
    """
    # E[sin t] = 2/π and E[sin² t] = E[cos² t] = ½ give both moments in closed form.
    variances = [3 / 4 + MOONS_SIGMA**2, 9 / 16 - 1 / math.pi + MOONS_SIGMA**2]
    return _toy("moons", _labelled(_sample_moons), [1 / 2, 1 / 4], variances, classes=("upper", "lower"))


def _toy(
    name: str,
    source: FunctionSource,
    mean: list[float],
    variance: list[float],
    modes: Modes | None = None,
    classes: tuple[str, ...] = (),
) -> Dataset:
    center = torch.tensor(mean)
    scale = torch.tensor([math.sqrt(v) for v in variance])
    return Dataset(
        name=name,
        frame=Frame((len(mean),), center=tuple(center.tolist()), scale=tuple(scale.tolist())),
        train=source,
        held_out=source,
        modes=modes,
        classes=classes,
    )


def _labelled(sample: LabelledSampler) -> FunctionSource:
    return FunctionSource(lambda n, generator: sample(n, generator)[0], sample)


def _uniform_mixture(name: str, count: int, centers_of: Callable[[Tensor], Tensor], sigma: float) -> Dataset:
    """Mix `count` equally likely Gaussians of spread `sigma`; `centers_of` maps k (n,) to centres (n, D)."""

    def sample(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        k = torch.randint(count, (n,), generator=generator, device=generator.device)
        centers = centers_of(k)
        return centers + sigma * _normal(centers.shape, generator), k

    centers = centers_of(torch.arange(count))
    variance = centers.double().var(dim=0, correction=0) + sigma**2
    mean = centers.double().mean(dim=0)
    names = tuple(str(k) for k in range(count))
    return _toy(name, _labelled(sample), mean.tolist(), variance.tolist(), Modes(centers, sigma), names)


def _ring_centers(k: Tensor) -> Tensor:
    angle = k * (math.pi / 4)
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def _grid_centers(k: Tensor) -> Tensor:
    return torch.stack([k // 5, k % 5], dim=1).float() * 2 - 4


def _sample_paper_mixture(n: int, generator: torch.Generator) -> Tensor:
    (w0, m0, v0), (_, m1, v1) = LEFT, RIGHT
    left = torch.rand(n, 1, generator=generator, device=generator.device) < w0
    z = _normal((n, 1), generator)
    return torch.where(left, m0 + math.sqrt(v0) * z, m1 + math.sqrt(v1) * z)


def _sample_moons(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    t = math.pi * torch.rand(n, generator=generator, device=generator.device)
    upper = torch.rand(n, generator=generator, device=generator.device) < 0.5
    x = torch.where(upper, t.cos(), 1 - t.cos())
    y = torch.where(upper, t.sin(), 0.5 - t.sin())
    return torch.stack([x, y], dim=1) + MOONS_SIGMA * _normal((n, 2), generator), (~upper).long()


def _normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, device=generator.device)
