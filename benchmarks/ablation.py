"""What each part that steadies training is worth on MNIST: none, R1, R1+R2, both fading, noise, spectral norm.

    python benchmarks/ablation.py [--divergences NAME ...] [--parts NAME ...] [--steps 5000]

The default preset in all else, networks of the classic script's sizes, judged as by mnist.py. A cell is the distance
in multiples of real against real, and how many of the ten classes have at least 3% of the samples. "diverged": the
numbers left the finite ones even after the learning rate had been halved three times. Divergences of one
part train as ensembles; what was trained before, under runs/ablation, is not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from judge import Judge
from many import trained
from mnist import CLASSIC_SIZES

import fgan

PARTS = {
    "none": {"penalties": "none"},
    "R1": {"penalties": "r1:0.2"},
    "R1+R2": {"penalties": "r1:0.2,r2:0.2"},
    "R1+R2 fading": {},
    "noise": {"penalties": "noise:0.1"},
    "SN": {"penalties": "none", "spectral_norm": True},
    "every 4": {"penalties": "r1:0.2:every=4:fade=2000,r2:0.2:every=4:fade=2000"},
    "approx": {"penalties": "r1-approx:0.2:fade=2000,r2-approx:0.2:fade=2000"},
}
DIVERGENCES = (
    "gan", "kl", "reverse-kl", "jeffreys", "pearson", "neyman", "squared-hellinger", "total-variation"
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--divergences", nargs="+", default=DIVERGENCES)
    parser.add_argument("--parts", nargs="+", default=list(PARTS)[:6], choices=PARTS)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=None, help="runs at once")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    arguments = parser.parse_args()

    judge, cells = Judge(), {}
    for part in arguments.parts:
        settings = {**CLASSIC_SIZES, "steps": arguments.steps, "device": "cpu", **PARTS[part]}
        configs = {
            name.replace(":", "_"): fgan.preset("default", "mnist", divergence=name, **settings)
            for name in arguments.divergences
            if part != "noise" or fgan.divergence(name).identifies_ratio
        }
        folder = part.lower().replace(" ", "-")
        for name, run, outcome in trained(configs, arguments.out / folder, arguments.jobs):
            cell = (configs[name].divergence, part)
            if outcome.state == "finished":
                multiple, shares = judge.multiple(run.sample(10_000, seed=1))
                cells[cell] = f"{multiple:.0f} ({(shares >= 0.03).sum()})"
            else:
                cells[cell] = outcome.state
            print(*cell, cells[cell], flush=True)
    print(f"\n| divergence | {' | '.join(arguments.parts)} |\n|---|{'---|' * len(arguments.parts)}")
    for name in arguments.divergences:
        print(f"| {name} | {' | '.join(cells.get((name, part), '–') for part in arguments.parts)} |")


if __name__ == "__main__":
    main()
