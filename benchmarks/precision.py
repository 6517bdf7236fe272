"""What a step takes that multiplies bfloat16, against one that multiplies float32.

    FGAN_DATA=... python benchmarks/precision.py [--blocks 15] [--threads 1 2]

Both steps in turns, in this process; medians. On processors without matrix units for bfloat16 it is the slower one.
"""

from __future__ import annotations

import argparse
import os
import statistics

import torch
from speed import Bench, Work, begin_as_commands_do

from fgan.cores import usable_cores
from fgan.device import multiplies_bfloat16
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer

STEPS = [("default", "mnist", "on"), ("default", "mnist", "off"), ("mnist-dcgan", "mnist", "off")]
PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=15)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, usable_cores()}))
    arguments = parser.parse_args()
    torch.set_flush_denormal(True)
    begin_as_commands_do()
    bench = Bench("cpu", dry=False)
    print(f"torch {torch.__version__}, load {os.getloadavg()[0]:.1f}, units: {multiplies_bfloat16('cpu')}\n")
    print(
        "| step | compiled | threads | float32, ms | bfloat16, ms | float32 / bfloat16 |\n|---|---|---|---|---|---|"
    )
    for preset, data, compiled in STEPS:
        for threads in arguments.threads:
            torch.set_num_threads(threads)
            works = [
                bench.warm(Work(Ensemble([trainer]).step))
                for precision in PRECISIONS
                for config in [bench.config(preset, data, compiled, precision=precision)]
                for trainer in [Trainer(config, bench.data(data))]
            ]
            steps = max(1, round(0.2 / bench.timed(works[0], 3)))
            times = [[bench.timed(work, steps) for work in works] for _ in range(arguments.blocks)]
            exact, coarse = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
            ratio = statistics.median(one / other for one, other in times)
            print(
                f"| {preset} {data} | {compiled} | {threads} | {exact:.1f} | {coarse:.1f} | {ratio:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
