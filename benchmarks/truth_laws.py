"""Pairs of distributions whose f-divergences are known: samples, log-ratios, exact values, the width of an oracle.

Each law carries points that stand for its log-ratio: masses under P and under Q on a grid. Shifted normals reduce to
one dimension; a product of equal pairs is the convolution of one pair's log-ratio with itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

import fgan

NAMES = ("kl", "reverse-kl", "js", "squared-hellinger", "total-variation")
NORMALS = tuple((d, kl) for d in (1, 5, 20) for kl in (0.1, 1.0, 3.0))
STUDENT = 5.0
CATEGORIES = 50
GRID = 2_000_000
BINS = 2**15
Z = 1.959964


@dataclass(frozen=True)
class Law:
    """A pair of distributions.

    Args:
        name: of the row.
        draw: n samples of P and n of Q.
        log_ratio: log(p/q) of samples (n, d) or of categories (n,).
        points: masses of P and of Q and the log-ratio there, each (k,).
    """

    name: str
    draw: Callable[[int, torch.Generator], tuple[Tensor, Tensor]]
    log_ratio: Callable[[Tensor], Tensor]
    points: tuple[Tensor, Tensor, Tensor]

    def truth(self, name: str) -> float:
        """Return D_f = E_P[f'(r)] - E_Q[f*(f'(r))], r = p/q."""
        p, q, log_ratio = self.points
        divergence = fgan.divergence(name)
        return float(p @ divergence.real_at(log_ratio) - q @ divergence.fake_at(log_ratio))

    def oracle_width(self, name: str, n: int) -> float:
        """Return the width of a 95% interval from n + n samples for who knows log(p/q): f'(r) on P, f*(f'(r)) on Q."""
        p, q, log_ratio = self.points
        divergence = fgan.divergence(name)
        sides = ((p, divergence.real_at(log_ratio)), (q, divergence.fake_at(log_ratio)))
        variance = sum(float(mass @ (terms - mass @ terms).square()) for mass, terms in sides)
        return 2 * Z * math.sqrt(variance / n)


def uniform(n: int, d: int, random: torch.Generator) -> Tensor:
    return torch.rand(n, d, generator=random, dtype=torch.float64)


def normal(n: int, d: int, random: torch.Generator) -> Tensor:
    return torch.randn(n, d, generator=random, dtype=torch.float64)


def on_a_line(
    log_p: Callable[[Tensor], Tensor], log_q: Callable[[Tensor], Tensor], low: float, high: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return points of two log-densities of one variable by the midpoint rule."""
    step = (high - low) / GRID
    x = low + step * (torch.arange(GRID, dtype=torch.float64) + 0.5)
    p, q = log_p(x), log_q(x)
    masses = [(one.exp() * step) for one in (p, q)]
    return masses[0] / masses[0].sum(), masses[1] / masses[1].sum(), p - q


def powered(points: tuple[Tensor, Tensor, Tensor], copies: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the points of so many independent copies: the log-ratios' sum, convolved on a grid."""
    p, q, log_ratio = points
    low, high = log_ratio.min(), log_ratio.max()
    at = (log_ratio - low) / (high - low) * BINS
    left = at.floor().long().clamp(max=BINS - 1)
    right = at - left

    def convolved(mass: Tensor) -> Tensor:
        bins = torch.zeros(BINS + 1, dtype=torch.float64)
        bins.index_add_(0, left, mass * (1 - right)).index_add_(0, left + 1, mass * right)
        spectrum = torch.fft.rfft(bins, n=copies * BINS + 1)
        return torch.fft.irfft(spectrum**copies, n=copies * BINS + 1).clamp(min=0.0)

    total = torch.linspace(copies * float(low), copies * float(high), copies * BINS + 1, dtype=torch.float64)
    of_p, of_q = convolved(p), convolved(q)
    # One side's rounding errors would count e^|l| times under the other: the larger mass gives both.
    larger = total > 0
    return (
        torch.where(larger, of_p, of_q * total.exp()),
        torch.where(larger, of_p * (-total).exp(), of_q),
        total,
    )


def log_normal(x: Tensor, mean: float = 0.0, spread: float = 1.0) -> Tensor:
    return -(((x - mean) / spread) ** 2) / 2 - math.log(spread * math.sqrt(2 * math.pi))


def shifted_normals(d: int, kl: float) -> Law:
    shift, along = math.sqrt(2 * kl / d), math.sqrt(2 * kl)
    return Law(
        f"normal, d = {d}, KL {kl:g}",
        lambda n, r: (shift + normal(n, d, r), normal(n, d, r)),
        lambda x: (shift * x - shift**2 / 2).sum(1),
        on_a_line(lambda x: log_normal(x, along), log_normal, -14, 14 + along),
    )


def laplace_pairs(d: int, shift: float = 0.6) -> Law:
    def sample(n: int, r: torch.Generator) -> Tensor:
        u = uniform(n, d, r) - 0.5
        return -u.sign() * (1 - 2 * u.abs()).log()

    def log_laplace(x: Tensor, mean: float = 0.0) -> Tensor:
        return -(x - mean).abs() - math.log(2)

    one = on_a_line(lambda x: log_laplace(x, shift), log_laplace, -40, 40 + shift)
    return Law(
        f"Laplace, d = {d}",
        lambda n, r: (shift + sample(n, r), sample(n, r)),
        lambda x: (x.abs() - (x - shift).abs()).sum(1),
        powered(one, d) if d > 1 else one,
    )


def gammas() -> Law:
    """Of shape 3 and scale 1, and of shape 2 and scale 1.5."""

    def log_gamma(x: Tensor, shape: int, scale: float) -> Tensor:
        return (shape - 1) * x.log() - x / scale - math.lgamma(shape) - shape * math.log(scale)

    def sample(n: int, shape: int, scale: float, r: torch.Generator) -> Tensor:
        return -scale * (1 - uniform(n, shape, r)).log().sum(1, keepdim=True)

    return Law(
        "gamma",
        lambda n, r: (sample(n, 3, 1.0, r), sample(n, 2, 1.5, r)),
        lambda x: (log_gamma(x, 3, 1.0) - log_gamma(x, 2, 1.5))[:, 0],
        on_a_line(lambda x: log_gamma(x, 3, 1.0), lambda x: log_gamma(x, 2, 1.5), 0, 80),
    )


def students(shift: float = 1.0) -> Law:
    """Of five degrees of freedom, one of them shifted."""
    constant = math.lgamma((STUDENT + 1) / 2) - math.lgamma(STUDENT / 2) - math.log(STUDENT * math.pi) / 2

    def log_student(x: Tensor) -> Tensor:
        return constant - (STUDENT + 1) / 2 * (x**2 / STUDENT).log1p()

    def sample(n: int, r: torch.Generator) -> Tensor:
        chi = normal(n, int(STUDENT), r).square().sum(1, keepdim=True)
        return normal(n, 1, r) * (STUDENT / chi).sqrt()

    return Law(
        "Student t (5)",
        lambda n, r: (shift + sample(n, r), sample(n, r)),
        lambda x: (log_student(x - shift) - log_student(x))[:, 0],
        on_a_line(lambda x: log_student(x - shift), log_student, -300, 300),
    )


def two_blobs(far: float = 2.0) -> Law:
    """Two normals ±2, and one as wide."""
    spread = math.sqrt(1 + far**2)

    def log_p(x: Tensor) -> Tensor:
        return torch.logaddexp(log_normal(x, -far), log_normal(x, far)) - math.log(2)

    def log_q(x: Tensor) -> Tensor:
        return log_normal(x, 0.0, spread)

    return Law(
        "two blobs and one",
        lambda n, r: (
            normal(n, 1, r) + 2 * far * (uniform(n, 1, r) < 0.5).double() - far,
            spread * normal(n, 1, r),
        ),
        lambda x: (log_p(x) - log_q(x))[:, 0],
        on_a_line(log_p, log_q, -12 * spread, 12 * spread),
    )


def three_blobs(far: float = 3.0) -> Law:
    """Three normals in two dimensions, on a line, whose shares differ."""
    shares = torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]], dtype=torch.float64)
    along = torch.tensor([0.6, 0.8], dtype=torch.float64)

    def log_mixture(x: Tensor, side: int) -> Tensor:
        parts = [log_normal(x, far * (k - 1)) + shares[side, k].log() for k in range(3)]
        return torch.stack(parts).logsumexp(0)

    def sample(n: int, side: int, r: torch.Generator) -> Tensor:
        blob = torch.multinomial(shares[side], n, replacement=True, generator=r)
        return normal(n, 2, r) + far * (blob - 1.0)[:, None] * along

    return Law(
        "three blobs, other shares, d = 2",
        lambda n, r: (sample(n, 0, r), sample(n, 1, r)),
        lambda x: log_mixture(x @ along, 0) - log_mixture(x @ along, 1),
        on_a_line(lambda x: log_mixture(x, 0), lambda x: log_mixture(x, 1), -14 - far, 14 + far),
    )


def categories() -> Law:
    """Equal shares of 50 categories, and shares that fall to a twelfth."""
    p = torch.full((CATEGORIES,), 1 / CATEGORIES, dtype=torch.float64)
    q = torch.exp(-torch.arange(CATEGORIES, dtype=torch.float64) / 20)
    q = q / q.sum()
    log_ratio = p.log() - q.log()
    return Law(
        "50 categories",
        lambda n, r: tuple(torch.multinomial(one, n, replacement=True, generator=r) for one in (p, q)),
        lambda x: log_ratio[x],
        (p, q, log_ratio),
    )


MAKERS: dict[str, Callable[[], Law]] = {
    **{f"normal, d = {d}, KL {kl:g}": lambda d=d, kl=kl: shifted_normals(d, kl) for d, kl in NORMALS},
    "Laplace, d = 1": lambda: laplace_pairs(1),
    "Laplace, d = 8": lambda: laplace_pairs(8),
    "gamma": gammas,
    "Student t (5)": students,
    "two blobs and one": two_blobs,
    "three blobs, other shares, d = 2": three_blobs,
    "50 categories": categories,
}
"""Laws by their names, each made when it is wanted."""
