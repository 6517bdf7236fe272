"""The comparisons behind docs/guides/choose.md: what does the divergence that a generator follows do to what it generates?

    python benchmarks/guide.py [--parts blobs ring mnist] [--seeds 3] [--out runs/guide]

Every part trains one critic's game (GAN) and lets the generator follow one divergence or another by the critic's
log-ratio, so that nothing else differs:

- blobs: two Gaussians, 70% and 30%, and a generator that can make one Gaussian only. Beside what was trained stands
  the best Gaussian by quadrature. Once with the default's penalties, once with none.
- ring: eight modes, and a generator of four hidden units, too small for them.
- mnist: the classic script's network sizes, judged by the digits' classifier. Needs $FGAN_DATA.

Runs that are finished are neither trained nor judged again.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize

import fgan
from fgan.evaluation.jackknife import student
from fgan.experiments.compare import compare_members
from fgan.experiments.comparison import plan
from fgan.experiments.paper.quadrature import exact_divergence, log_normal

FOLLOWED = ("neyman", "reverse-kl", "squared-hellinger", "js", "jeffreys", "kl", "pearson")
"""From the one that heeds small ratios p/q most to the one that heeds large ones most; Jeffreys' heeds both."""
WEIGHTS, CENTERS, SIGMA = (0.7, 0.3), (-1.5, 1.5), 0.4


def blobs(path: Path) -> Path:
    rng = np.random.default_rng(0)
    n = 20_000
    x = rng.normal(scale=SIGMA, size=(n, 2))
    x[:, 0] += rng.choice(CENTERS, p=WEIGHTS, size=n)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, x.astype(np.float32))
    return path


def log_blobs(x: torch.Tensor) -> torch.Tensor:
    """Return log p along x of the blobs, elementwise."""
    parts = [math.log(w) + log_normal(x, c, SIGMA) for w, c in zip(WEIGHTS, CENTERS, strict=True)]
    return torch.logaddexp(*parts)


def best_gaussian(name: str, wide: bool = False) -> str:
    """Write the mean and spread along x of the best Gaussian; along y it has the data's.

    Args:
        wide: the local optimum that a Gaussian over both blobs leads to, where it is not the best of all.
    """
    divergence = fgan.divergence(name)

    def value(at: Sequence[float]) -> float:
        return exact_divergence(divergence, at[0], math.exp(at[1]), log_blobs)

    starts = [(-0.6, math.log(1.4))] if wide else [(-0.6, math.log(1.4)), (CENTERS[0], math.log(SIGMA))]
    starts = [start for start in starts if math.isfinite(value(start))]
    if not starts:  # a Gaussian over both has heavier tails than the blobs
        return "infinite"
    found = min((minimize(value, start, method="Nelder-Mead") for start in starts), key=lambda one: one.fun)
    return f"{found.x[0]:.2f}, {math.exp(found.x[1]):.2f}"


def text(values: Sequence[float], digits: int = 2) -> str:
    """Return a mean over seeds with the half width of its 95% interval."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    mean = statistics.fmean(values)
    half = student(len(values) - 1, 0.95) * statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def part_blobs(out: Path, seeds: int) -> None:
    data = fgan.load_data(str(blobs(out / "blobs.npy")))
    for penalties in (None, "none"):
        changes = {"penalties": penalties} if penalties else {}
        config = fgan.preset(
            "default", data.name, depth=0, latent=2, critic_width=64, critic_depth=2, steps=6000, lr_fade=1000.0,
            sample_every=0, device="cpu", **changes,
        )  # fmt: skip
        members = plan(config, ["gan"], FOLLOWED, seeds)
        folder = out / f"blobs-{penalties or 'default'}"
        compare_members(
            members, data, folder, resume=folder.exists(), metrics=("prdc",), rank_by="recall", n=1000
        )
        columns = ("the best", "the best near both blobs", "mean", "spread", "in the large", "in the small")
        print(f"\npenalties {config.penalties}\n")
        print(f"| the generator follows | {' | '.join(columns)} |\n{'|---' * (1 + len(columns))}|")
        for name in FOLLOWED:
            runs = [fgan.RunDirectory(folder / m.name) for m in members if m.group == f"gan {name}"]
            samples = [run.sample(20_000, seed=1)[:, 0] for run in runs]
            exact = f"{best_gaussian(name)} | {best_gaussian(name, wide=True)}"
            near = [[float(((x - c).abs() < 3 * SIGMA).float().mean()) for x in samples] for c in CENTERS]
            print(
                f"| {name} | {exact} | {text([float(x.mean()) for x in samples])} | "
                f"{text([float(x.std()) for x in samples])} | {text(near[0])} | {text(near[1])} |"
            )


def table(found, columns: Sequence[str]) -> None:
    print("\n| the generator follows | " + " | ".join(columns) + " |")
    print("|---" * (1 + len(columns)) + "|")
    for place in sorted(found.places, key=lambda place: FOLLOWED.index(place.group.split()[-1])):
        cells = [place.metrics[name].text() if name in place.metrics else "-" for name in columns]
        print(f"| {place.group.split()[-1]} | " + " | ".join(cells) + " |")


def part_ring(out: Path, seeds: int) -> None:
    data = fgan.load_data("ring8")
    config = fgan.preset(
        "default", "ring8", width=4, depth=1, latent=2, critic_width=64, critic_depth=2, steps=6000,
        sample_every=0, device="cpu",
    )  # fmt: skip
    folder = out / "ring"
    found = compare_members(
        plan(config, ["gan"], FOLLOWED, seeds), data, folder, resume=folder.exists(),
        metrics=("modes", "within-3-sigma", "modes-kl", "prdc"), rank_by="recall", n=5000,
    )  # fmt: skip
    table(found, ["precision", "recall", "modes", "within-3-sigma", "modes-kl"])


def part_mnist(out: Path, seeds: int) -> None:
    data = fgan.load_data("mnist")
    config = fgan.preset(
        "default", "mnist", steps=6000, sample_every=0, device="cpu", latent=10, width=128, depth=1
    )
    folder = out / "mnist"
    found = compare_members(
        plan(config, ["gan"], FOLLOWED, seeds), data, folder, resume=folder.exists(),
        metrics=("fid", "prdc", "modes-kl"), rank_by="fid", n=10_000,
    )  # fmt: skip
    table(found, ["fid", "precision", "recall", "density", "coverage", "modes-kl"])


PARTS = {"blobs": part_blobs, "ring": part_ring, "mnist": part_mnist}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/guide"))
    arguments = parser.parse_args()
    for name in arguments.parts:
        print(f"\n## {name}")
        PARTS[name](arguments.out, arguments.seeds)


if __name__ == "__main__":
    main()
