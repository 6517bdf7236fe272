"""Which numbers see what can fail: made samples of known faults, beside perfect ones.

    python benchmarks/judges.py                # a few minutes on two cores

Each row is the mean over --repeats draws of 10,000 samples, with their standard deviation. A judge that is
fit for a comparison puts every fault far from "perfect"; `fid` of points sees means and covariances only.
"""

from __future__ import annotations

import argparse
import math
import statistics

import torch
from torch import Tensor

import fgan
from fgan.data import load_data
from fgan.output import aligned, silent

RING, MOONS = load_data("ring8"), load_data("moons")
Draw = torch.Generator


def octagon(n: int, draw: Draw) -> Tensor:
    """Return points on the edges between the ring's centres, scaled to the ring's covariance."""
    corners = RING.modes.centers
    k, t = torch.randint(8, (n,), generator=draw), torch.rand(n, 1, generator=draw)
    points = corners[k] * (1 - t) + corners[(k + 1) % 8] * t
    # E|x|² of an edge between neighbours is (2 + cos 45°) / 3 of that of its corners.
    return points * math.sqrt(3 / (2 + math.cos(math.pi / 4)))


def without_a_mode(n: int, draw: Draw) -> Tensor:
    """Return samples of seven modes."""
    x, labels = RING.train.draw_labelled(2 * n, draw)
    return x[labels != 3][:n]


def two_of_the_ring(n: int, draw: Draw) -> Tensor:
    """Return samples of two modes that face each other."""
    x, labels = RING.train.draw_labelled(8 * n, draw)
    return x[labels % 4 == 0][:n]


def normal(n: int, draw: Draw) -> Tensor:
    """Return a normal distribution with the moments of the moons."""
    x = MOONS.train.draw(100_000, draw)
    return x.mean(0) + torch.randn(n, 2, generator=draw) @ torch.linalg.cholesky(torch.cov(x.T)).T


def cut_moons(n: int, draw: Draw) -> Tensor:
    """Return moons that lack the first tenth of each half circle."""
    t = math.pi * (0.1 + 0.9 * torch.rand(n, 1, generator=draw))
    upper = torch.rand(n, 1, generator=draw) < 0.5
    x = torch.where(upper, t.cos(), 1 - t.cos())
    y = torch.where(upper, t.sin(), 0.5 - t.sin())
    return torch.cat([x, y], 1) + 0.05 * torch.randn(n, 2, generator=draw)


CASES = {
    "ring8: perfect": (RING, RING.train.draw),
    "ring8: an octagon": (RING, octagon),
    "ring8: one mode missing": (RING, without_a_mode),
    "ring8: two modes of eight": (RING, two_of_the_ring),
    "moons: perfect": (MOONS, MOONS.train.draw),
    "moons: a normal distribution": (MOONS, normal),
    "moons: a tenth missing": (MOONS, cut_moons),
}
NUMBERS = ("fid", "modes", "within-3-sigma", "modes-kl", "js")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--n", type=int, default=10_000)
    settings = parser.parse_args()
    rows = [("samples", *NUMBERS)]
    for name, (data, made) in CASES.items():
        found: dict[str, list[float]] = {number: [] for number in NUMBERS}
        wanted = tuple(number for number in NUMBERS if data.modes or number in ("fid", "js"))
        for repeat in range(settings.repeats):
            samples = made(settings.n, Draw().manual_seed(1000 + repeat))
            judged = fgan.evaluate(samples, data, metrics=wanted, n=settings.n, say=silent)
            for number in wanted:
                found[number].append(judged[number].value)
        rows.append((name, *(_text(found[number]) for number in NUMBERS)))
    print("\n".join(aligned(rows)))


def _text(values: list[float]) -> str:
    if not values:
        return "-"
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.3g} ± {spread:.1g}"


if __name__ == "__main__":
    main()
