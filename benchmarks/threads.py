"""From how many operations a step on a second thread pays: what `OPERATIONS_A_THREAD` in src/fgan/cores.py is read off.

    FGAN_DATA=... python benchmarks/threads.py [--blocks 15] [--threads 2]

Steps of many sizes by one thread and by several, in turns, in this process; on an idle machine. Threads sleep while
they wait, as fgan lets them.
"""

from __future__ import annotations

import argparse
import os
import statistics
from typing import Any

import torch
from speed import Bench, Work, begin_as_commands_do

from fgan.cores import usable_cores
from fgan.training.ensemble import Ensemble
from fgan.training.operations import operations_of
from fgan.training.trainer import Trainer

SIZES: list[tuple[str, str, dict[str, Any]]] = [
    ("original", "ring8", {}),
    ("original", "mnist", {"width": 32}),
    ("original", "mnist", {}),
    ("original", "mnist", {"batch_size": 64}),
    ("original", "mnist", {"batch_size": 128}),
    ("original", "mnist", {"batch_size": 256}),
    ("default", "ring8", {"width": 64}),
    ("default", "ring8", {"width": 128}),
    ("default", "ring8", {"penalties": "none"}),
    ("default", "ring8", {}),
    ("default", "digits", {}),
    ("mnist-dcgan", "mnist", {"width": 4, "batch_size": 16}),
    ("mnist-dcgan", "mnist", {"width": 8}),
    ("mnist-dcgan", "mnist", {}),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=15)
    parser.add_argument("--threads", type=int, default=min(2, usable_cores()))
    arguments = parser.parse_args()
    torch.set_flush_denormal(True)
    begin_as_commands_do()
    bench = Bench("cpu", dry=False)
    numbers = 1, arguments.threads
    rows = []
    for preset, data, changes in SIZES:
        trainer = Trainer(bench.config(preset, data, "off", **changes), bench.data(data))
        operations, work = operations_of(trainer), bench.warm(Work(Ensemble([trainer]).step))
        steps = max(1, round(0.2 / bench.timed(work, 3)))
        times: dict[int, list[float]] = {number: [] for number in numbers}
        for _ in range(arguments.blocks):
            for number in numbers:
                torch.set_num_threads(number)
                work.times(1)
                times[number].append(bench.timed(work, steps))
        ratios = [one / several for one, several in zip(times[1], times[arguments.threads], strict=True)]
        rows.append(
            (
                operations,
                preset,
                data,
                changes,
                statistics.median(times[1]),
                statistics.quantiles(ratios, n=4),
            )
        )
    print(f"torch {torch.__version__}, load {os.getloadavg()[0]:.1f} before and during\n")
    print(f"| millions of operations | step | ms by 1 thread | 1 thread / {arguments.threads} threads |")
    print("|---|---|---|---|")
    for operations, preset, data, changes, seconds, (low, middle, high) in sorted(
        rows, key=lambda row: row[0]
    ):
        told = " ".join([preset, data, *(f"{name}={value}" for name, value in changes.items())])
        print(
            f"| {operations / 1e6:.1f} | {told} | {seconds * 1e3:.2f} | {middle:.2f} ({low:.2f}–{high:.2f}) |"
        )


if __name__ == "__main__":
    main()
