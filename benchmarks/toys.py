"""Modes of ring8 and grid25 that the default preset covers, for every divergence, three seeds each.

    python benchmarks/toys.py [--data ring8 grid25] [--divergences NAME ...] [--seeds 3] [--steps N] [--penalties P]

A mode counts as covered if one of 10,000 samples lies within three standard deviations of it. A minute a run and
core; what was trained before, under runs/toys, is not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from many import finished, in_parallel, trainable_divergences

import fgan
from fgan.errors import DivergedError
from fgan.evaluation import mode_coverage

HEADING = (
    f"{'data':<8} {'divergence':<30} {'seed':>4} {'modes':>7} {'within 3 sigma':>15} {'rarest mode':>12}"
)


def work(job: tuple[Path, fgan.TrainConfig]) -> tuple[int, int, float, float, int] | None:
    out, config = job
    try:
        run, summary = finished(config, out)
    except DivergedError:
        return None
    found = mode_coverage(run.sample(10_000, seed=1), fgan.load_data(config.data).modes)
    return found.covered, found.total, found.high_quality, found.shares.min().item(), summary.backoffs


def main() -> None:
    default = fgan.preset("default", "ring8")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["ring8", "grid25"], choices=("ring8", "grid25"))
    parser.add_argument("--divergences", nargs="+", default=trainable_divergences())
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=default.steps)
    parser.add_argument("--penalties", default=default.penalties)
    parser.add_argument("--jobs", type=int, default=None, help="runs at once")
    parser.add_argument("--out", type=Path, default=Path("runs/toys"))
    arguments = parser.parse_args()

    jobs = []
    for data in arguments.data:
        for name in arguments.divergences:
            for seed in range(arguments.seeds):
                changes = {"steps": arguments.steps, "penalties": arguments.penalties, "seed": seed}
                config = fgan.preset("default", data, divergence=name, device="cpu", **changes)
                jobs.append((arguments.out / f"{data}-{name.replace(':', '_')}-{seed}", config))
    print(f"{arguments.steps} steps of the default preset, penalties {arguments.penalties}")
    print(HEADING)
    for (_, config), done in in_parallel(work, jobs, arguments.jobs):
        if done is None:
            print(f"{config.data:<8} {config.divergence:<30} {config.seed:>4} diverged", flush=True)
            continue
        covered, total, quality, rarest, backoffs = done
        note = f"  went back {backoffs} times" if backoffs else ""
        print(
            f"{config.data:<8} {config.divergence:<30} {config.seed:>4} {covered:>4}/{total:<2} {quality:>15.3f} "
            f"{rarest:>12.4f}{note}",
            flush=True,
        )


if __name__ == "__main__":
    main()
