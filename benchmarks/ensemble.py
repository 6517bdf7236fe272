"""Divergences × seeds of the classic script's networks on MNIST: one ensemble against a plain loop run for each.

    python benchmarks/ensemble.py [--divergences NAME ...] [--seeds 4] [--blocks 7] [--device cpu] [--chunks 1 2 4 ...]

All run in this process, in turns; a figure is the median of the ratios of neighbouring blocks. The plain loop is the
one of `plain_loop.py`, run for each member in turn; "one by one" are our own trainers, each alone. Real MNIST is used
where $FGAN_DATA has it, else random bytes of the same size: the time is the same. Before that, the members' losses
after 200 steps are compared with those of the same runs alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from collections.abc import Callable, Sequence

import torch
from plain_loop import load, plain_step, seconds_a_step

import fgan
from fgan.data import Dataset
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer

SEVEN = ["kl", "reverse-kl", "pearson", "squared-hellinger", "total-variation", "js", "gan"]


def configs_of(divergences: Sequence[str], seeds: int, device: str) -> list[fgan.TrainConfig]:
    return [
        fgan.preset("original", "mnist", divergence=name, seed=seed, device=device)
        for name in divergences
        for seed in range(seeds)
    ]


def worst_difference(configs: Sequence[fgan.TrainConfig], data: Dataset, steps: int = 200) -> float:
    members, alone = ([Trainer(config, data) for config in configs] for _ in range(2))
    ensembles = [Ensemble(members), *(Ensemble([trainer]) for trainer in alone)]
    for _ in range(steps):
        for trainer in (*members, *alone):
            trainer.reset_metrics()
        for ensemble in ensembles:
            ensemble.step()
    pairs = [
        (one.metrics()[name], other.metrics()[name])
        for one, other in zip(members, alone, strict=True)
        for name in one.metrics()
    ]
    return max(abs(a - b) / max(abs(b), 1e-2) for a, b in pairs)


def all_of(steps: Sequence[Callable[[], object]]) -> Callable[[], None]:
    def step() -> None:
        for one in steps:
            one()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--divergences", nargs="+", default=SEVEN)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--blocks", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20, help="steps of every member in a block")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--chunks", type=int, nargs="+", default=[], help="members at once; all unless told")
    arguments = parser.parse_args()

    torch.set_flush_denormal(True)
    data = load()
    configs = configs_of(arguments.divergences, arguments.seeds, arguments.device)
    worst = worst_difference(configs, data)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {arguments.device}, {data.name}")
    print(f"{len(configs)} members; losses after 200 steps differ from those alone by at most {worst:.1e}")

    steps = {
        "plain": all_of([plain_step(data, fgan.divergence(c.divergence), c.device) for c in configs]),
        "one by one": all_of([Ensemble([Trainer(config, data)]).step for config in configs]),
    }
    for size in arguments.chunks or [len(configs)]:
        members = [Trainer(dataclasses.replace(config), data) for config in configs]
        chunks = [Ensemble(members[i : i + size]) for i in range(0, len(members), size)]
        steps[f"{size} at once"] = all_of([chunk.step for chunk in chunks])
    for step in steps.values():
        seconds_a_step(step, 5)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(arguments.blocks):
        for name, step in steps.items():
            times[name].append(seconds_a_step(step, arguments.steps))
    for name in steps:
        ratios = [plain / ours for plain, ours in zip(times["plain"], times[name], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"plain loops / {name:<12} {middle:.2f} (quartiles {low:.2f} to {high:.2f})", flush=True)


if __name__ == "__main__":
    main()
