"""Modes of ring8 and grid25 that the default preset covers, for every divergence, three seeds each.

    python benchmarks/toys.py [--data ring8 grid25] [--divergences NAME ...] [--seeds 0 1 2] [--steps N]
        [--penalties P] [--lr X] [--lr-fade N] [--cooldown C] [--ema D] [--link paper]

A mode counts as covered if one of 10,000 samples lies within three standard deviations of it. Runs that are alike train
as ensembles; what was trained before, under runs/toys, is not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from many import add_recipe_flags, folder_of, recipe_of, trainable_divergences, trained

import fgan
from fgan.evaluation import mode_coverage

HEADING = (
    f"{'data':<8} {'divergence':<30} {'seed':>4} {'modes':>7} {'within 3 sigma':>15} {'rarest mode':>12}"
)


def main() -> None:
    default = fgan.preset("default", "ring8")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["ring8", "grid25"], choices=("ring8", "grid25"))
    parser.add_argument("--divergences", nargs="+", default=trainable_divergences())
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=default.steps)
    add_recipe_flags(parser)
    parser.add_argument("--jobs", type=int, default=None, help="runs at once")
    parser.add_argument("--out", type=Path, default=Path("runs/toys"))
    arguments = parser.parse_args()

    changes = recipe_of(arguments)
    print(f"{arguments.steps} steps of the default preset, {changes or 'unchanged'}")
    print(HEADING)
    for data in arguments.data:
        configs = {
            f"{name.replace(':', '_')}-{seed}": fgan.preset(
                "default",
                data,
                divergence=name,
                seed=seed,
                steps=arguments.steps,
                device="cpu",
                **changes,
            )
            for name in arguments.divergences
            for seed in arguments.seeds
        }
        modes = fgan.load_data(data).modes
        for name, run, outcome in trained(configs, arguments.out / data / folder_of(changes), arguments.jobs):
            config = configs[name]
            start = f"{data:<8} {config.divergence:<30} {config.seed:>4}"
            if outcome.state != "finished":
                print(f"{start} {outcome.state}", flush=True)
                continue
            found = mode_coverage(run.sample(10_000, seed=1), modes)
            print(
                f"{start} {found.covered:>4}/{found.total:<2} {found.high_quality:>15.3f} "
                f"{found.shares.min().item():>12.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
