"""How long a step takes on N ranks: what is computed, what is sent, and from where on it pays.

    python benchmarks/ranks.py [--ranks 2] [--blocks 5]

Starts itself under torchrun. Measures an all-reduce by its size, a step of one process by its batch, and the same
step shared by all ranks; fits

    t(N) = a + b B/N + messages * ((N - 1) latency + 2 (N - 1)/N * bytes/bandwidth)

and prints it beside what was measured, and for more ranks. Every process has one thread.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist

import fgan
from fgan import torchrun
from fgan.data import Dataset, as_dataset
from fgan.training.ensemble import Ensemble
from fgan.training.ranks import ALONE, Ranks, joined
from fgan.training.trainer import Trainer

SIZES = [10**3, 10**4, 10**5, 10**6]


@dataclass(frozen=True)
class Case:
    """A recipe."""

    data: str
    preset: str
    batch: int


CASES = [
    Case("ring8", "default", 128),
    Case("ring8", "default", 1024),
    Case("digits", "default", 128),
    Case("mnist", "mnist-dcgan", 64),
    Case("mnist", "mnist-dcgan", 256),
]


def seconds(work: Callable[[], object], times: int, blocks: int) -> float:
    """The median over blocks of the mean time of a piece of work."""
    work()
    found = []
    for _ in range(blocks):
        began = time.perf_counter()
        for _ in range(times):
            work()
        found.append((time.perf_counter() - began) / times)
    return statistics.median(found)


def fitted(x: list[float], y: list[float]) -> tuple[float, float]:
    """The line c + d x that is nearest to y, each point by its share."""
    weights = 1 / np.array(y)
    columns = np.stack([np.ones(len(x)), np.array(x)], 1)
    (c, d), *_ = np.linalg.lstsq(columns * weights[:, None], np.ones(len(x)), rcond=None)
    return max(float(c), 0.0), max(float(d), 1e-15)


def data_of(name: str) -> Dataset:
    """The data, or random bytes of MNIST's size: the time is the same."""
    if name != "mnist":
        return fgan.load_data(name)
    images = np.random.default_rng(0).integers(0, 256, (2000, 28, 28), dtype=np.uint8)
    return as_dataset(images, say=lambda line: None)


def step_of(case: Case, data: Dataset, batch: int, ranks: Ranks) -> tuple[Callable[[], None], Trainer]:
    config = fgan.preset(case.preset, case.data, batch_size=batch, device="cpu")
    trainer = Trainer(config, data, ranks)
    return Ensemble([trainer]).step, trainer


@dataclass(frozen=True)
class Talk:
    """What an all-reduce costs: so long for each hop, and so long for each byte."""

    latency: float
    by_byte: float

    @staticmethod
    def measured(ranks: Ranks, blocks: int) -> tuple[Talk, list[float]]:
        times = [seconds(lambda n=n: dist.all_reduce(torch.ones(n)), 20, blocks) for n in SIZES]
        latency, by_byte = fitted([4.0 * n for n in SIZES], times)
        return Talk(latency / (ranks.size - 1), by_byte / (2 * (ranks.size - 1) / ranks.size)), times

    def seconds(self, n: int, messages: int, sent: float) -> float:
        """What n ranks in a ring need for so many messages of so many bytes in all."""
        return messages * (n - 1) * self.latency + 2 * (n - 1) / n * sent * self.by_byte


def row(case: Case, ranks: Ranks, talk: Talk, blocks: int) -> str:
    """Measure a recipe; rank 0 measures what one process takes while the others wait."""
    data, batch, taken = data_of(case.data), case.batch, []
    batches = [max(batch // 4, 1), batch // 2, batch, 2 * batch]
    for n in batches:
        taken.append(0.0 if ranks.rank else seconds(step_of(case, data, n, ALONE)[0], 10, blocks))
        dist.barrier()
    step, trainer = step_of(case, data, batch, ranks)
    shared = seconds(step, 10, blocks)
    if ranks.rank:
        return ""
    a, b = fitted([float(n) for n in batches], taken)
    players, counts = (trainer.critic, trainer.generator), (trainer.config.n_critic, 1)
    sizes = [4.0 * sum(p.numel() for p in player.parameters) for player in players]
    sent = sum(size * count for size, count in zip(sizes, counts, strict=True))
    model = {n: a + b * batch / n + talk.seconds(n, sum(counts), sent) for n in (1, ranks.size, 4, 8, 16)}
    # Two ranks save half of the samples' time, which must be more than what they tell each other.
    pays = 2 * talk.seconds(2, sum(counts), sent) / b
    cells = [
        f"{case.data} {case.preset}, {batch}",
        f"{1e3 * a:.2f}",
        f"{1e6 * b:.1f}",
        f"{sent / 1e6:.2f}",
        f"{1e3 * taken[2]:.2f}",
        f"{1e3 * shared:.2f} ({1e3 * model[ranks.size]:.2f})",
        f"{taken[2] / shared:.2f}",
        ", ".join(f"{model[1] / model[n]:.2f}" for n in (4, 8, 16)),
        f"{pays:,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def measure(ranks: Ranks, blocks: int) -> None:
    say = (lambda line: None) if ranks.rank else print
    talk, times = Talk.measured(ranks, blocks)
    listed = ", ".join(f"{n:,} numbers {1e3 * t:.2f} ms" for n, t in zip(SIZES, times, strict=True))
    say(f"all-reduce, {ranks.size} ranks: {listed}")
    say(f"latency {1e6 * talk.latency:.0f} µs, bandwidth {1e-9 / talk.by_byte:.2f} GB/s\n")
    heads = [
        "recipe, batch",
        "a, ms",
        "b, µs a sample",
        "MB sent",
        "alone, ms",
        f"{ranks.size} ranks, ms (model)",
    ]
    heads += ["times faster", "model for 4, 8, 16 ranks", "pays from batch"]
    say(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for case in CASES:
        say(row(case, ranks, talk, blocks))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=5)
    arguments = parser.parse_args()
    if torchrun.size() == 1:
        start = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(arguments.ranks)]
        raise SystemExit(subprocess.run([*start, *sys.argv]).returncode)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    measure(joined(), arguments.blocks)


if __name__ == "__main__":
    main()
