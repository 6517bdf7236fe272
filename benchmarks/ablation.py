"""What each part that steadies training is worth on MNIST: none, R1, R1+R2, both fading, noise, spectral norm.

    python benchmarks/ablation.py [--divergences NAME ...] [--steps 5000]

The default preset in all else, networks of the classic script's sizes, judged as by mnist.py. A cell is the distance
in multiples of real against real, and how many of the ten classes have at least 3% of the samples. "diverged": the
numbers left the finite ones even after the learning rate had been halved three times. About 15 seconds a cell and
core; what was trained before, under runs/ablation, is not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from judge import Judge
from many import finished, in_parallel
from mnist import CLASSIC_SIZES

import fgan
from fgan.errors import DivergedError

PARTS = {
    "none": {"penalties": "none"},
    "R1": {"penalties": "r1:0.2"},
    "R1+R2": {"penalties": "r1:0.2,r2:0.2"},
    "R1+R2 fading": {},
    "noise": {"penalties": "noise:0.1"},
    "SN": {"penalties": "none", "spectral_norm": True},
}
DIVERGENCES = (
    "gan", "kl", "reverse-kl", "jeffreys", "pearson", "neyman", "squared-hellinger", "total-variation"
)  # fmt: skip
CELL = tuple[str, str]


def work(job: tuple[CELL, Path, fgan.TrainConfig]) -> bool:
    _, out, config = job
    try:
        finished(config, out)
    except DivergedError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--divergences", nargs="+", default=DIVERGENCES)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=None, help="runs at once")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    arguments = parser.parse_args()

    jobs = []
    for name in arguments.divergences:
        for part, changes in PARTS.items():
            if part == "noise" and not fgan.divergence(name).identifies_ratio:
                continue
            settings = {**CLASSIC_SIZES, "steps": arguments.steps, "device": "cpu", **changes}
            config = fgan.preset("default", "mnist", divergence=name, **settings)
            jobs.append(
                (
                    (name, part),
                    arguments.out / f"{name}-{part}".lower().replace(":", "_").replace(" ", "-"),
                    config,
                )
            )
    judge, cells = Judge(), {}
    for (cell, out, _), trained in in_parallel(work, jobs, arguments.jobs):
        if trained:
            multiple, shares = judge.multiple(fgan.RunDirectory(out).sample(10_000, seed=1))
            cells[cell] = f"{multiple:.0f} ({(shares >= 0.03).sum()})"
        else:
            cells[cell] = "diverged"
        print(*cell, cells[cell], flush=True)
    print(f"\n| divergence | {' | '.join(PARTS)} |\n|---|{'---|' * len(PARTS)}")
    for name in arguments.divergences:
        print(f"| {name} | {' | '.join(cells.get((name, part), '–') for part in PARTS)} |")


if __name__ == "__main__":
    main()
