"""What lazy and approximate R1 and R2 cost: modes covered, share of good samples, divergence to the data, milliseconds.

    python benchmarks/lazy.py [--data ring8 grid25] [--divergences NAME ...] [--seeds 3] [--steps 30000] [--width N]
        [--recipes NAME ...] [--every STEPS]

The default preset in all else. All runs of a recipe are one ensemble; the recipes take turns in blocks of 100 steps, so
that the times compare also where the machine is busy. A mode is covered if one of 10,000 samples lies within three
standard deviations of it, and such samples are the good ones. JS is the exact one, in nats, between the shares of
samples at each mode and at none, and the data's; 1.386 is the most.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time

import torch
from many import trainable_divergences

import fgan
from fgan.data.dataset import Modes
from fgan.evaluation import mode_coverage
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer

RECIPES = {
    "default": "r1:0.2:fade=2000,r2:0.2:fade=2000",
    "every 2": "r1:0.2:every=2:fade=2000,r2:0.2:every=2:fade=2000",
    "every 4": "r1:0.2:every=4:fade=2000,r2:0.2:every=4:fade=2000",
    "every 8": "r1:0.2:every=8:fade=2000,r2:0.2:every=8:fade=2000",
    "approx": "r1-approx:0.2:fade=2000,r2-approx:0.2:fade=2000",
    "approx, every 4": "r1-approx:0.2:every=4:fade=2000,r2-approx:0.2:every=4:fade=2000",
}
BLOCK = 100
SAMPLES = 10_000
BEYOND = math.exp(-4.5)
"""The share of a normal law in the plane that is farther than three standard deviations from its middle."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["ring8", "grid25"], choices=("ring8", "grid25"))
    parser.add_argument("--divergences", nargs="+", default=trainable_divergences())
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--width", type=int, default=None)
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=RECIPES)
    parser.add_argument(
        "--every", type=int, default=None, help="steps between two tables; only the last if not given"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    for data in arguments.data:
        measure(data, arguments)


def measure(data: str, arguments: argparse.Namespace) -> None:
    """Train all recipes on one data set, a block each in turn, and print their tables."""
    dataset = fgan.load_data(data)
    ensembles = {
        recipe: Ensemble([
            Trainer(
                fgan.preset(
                    "default", data, divergence=name, seed=seed, device="cpu", width=arguments.width,
                    penalties=RECIPES[recipe],
                ),
                dataset,
            )
            for name in arguments.divergences
            for seed in range(arguments.seeds)
        ])
        for recipe in arguments.recipes
    }  # fmt: skip
    times: dict[str, list[float]] = {recipe: [] for recipe in ensembles}
    for done in range(BLOCK, arguments.steps + 1, BLOCK):
        for recipe, ensemble in ensembles.items():
            start = time.process_time()
            for _ in range(BLOCK):
                ensemble.step()
            times[recipe].append((time.process_time() - start) / BLOCK * 1e3)
        if done == arguments.steps or (arguments.every and done % arguments.every == 0):
            for recipe, ensemble in ensembles.items():
                report(f"{data} {done} {recipe}", ensemble, dataset.modes, statistics.median(times[recipe]))


def report(start: str, ensemble: Ensemble, modes: Modes, milliseconds: float) -> None:
    """Print what the members of an ensemble have reached, the mean and the worst of each divergence's seeds."""
    print(f"{start}: {milliseconds:.1f} ms a step of {len(ensemble.trainers)} members, processor time")
    found: dict[str, list[tuple[float, float, float]]] = {}
    for trainer in ensemble.trainers:
        coverage = mode_coverage(trainer.sample_in_turn(SAMPLES, torch.Generator().manual_seed(1)), modes)
        good = coverage.high_quality
        shares = [*(good * coverage.shares.double()).tolist(), 1 - good]
        truth = [*[(1 - BEYOND) / coverage.total] * coverage.total, BEYOND]
        js = fgan.between(shares, truth, "js")
        found.setdefault(trainer.config.divergence, []).append((coverage.covered, good, js))
    for name, rows in found.items():
        covered, good, js = zip(*rows, strict=True)
        print(
            f"  {name:<30} modes {statistics.mean(covered):5.2f} (least {min(covered)}), "
            f"good {statistics.mean(good):.3f} (least {min(good):.3f}), JS {statistics.mean(js):.4f}"
        )
    rows = [row for of_name in found.values() for row in of_name]
    covered, good, js = (statistics.mean(column) for column in zip(*rows, strict=True))
    print(f"  {'all':<30} modes {covered:5.2f}, good {good:.3f}, JS {js:.4f}", flush=True)


if __name__ == "__main__":
    main()
