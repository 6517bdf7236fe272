"""Modes of stacked MNIST: of the 1,000 triples of digits, how many 26,000 samples reach, and how evenly.

    FGAN_DATA=... python benchmarks/stacked_mnist.py [--divergences NAME ...] [--steps N ...] [--set width=64 ...]
        [--device cuda] [--out runs/stacked]

The judge of judge.py reads each channel as a digit. KL is that of the samples' 1,000 shares to uniform ones; 26,000
draws from a perfect sampler have about 999 / 52,000 = 0.019. With several --steps each run is judged after each of
them. Runs lie under --out and go on from there; seconds are those of this call.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from judge import Judge
from many import finished, folder_of
from quality import setting

import fgan

DATA, SAMPLES = "stacked-mnist", 26_000
DIVERGENCES = (
    "gan", "kl", "reverse-kl", "js", "pearson", "squared-hellinger", "jeffreys", "total-variation", "triangular",
    "softened-reverse-kl",
)  # fmt: skip


def coverage(judge: Judge, samples: torch.Tensor) -> tuple[int, float]:
    """Return the modes reached and the KL to uniform shares, of samples (n, 3, 28, 28)."""
    _, digits = judge.look(samples.flatten(0, 1).unsqueeze(1))
    triples = digits.view(-1, 3) @ torch.tensor([100, 10, 1])
    shares = torch.bincount(triples, minlength=1000).double() / len(samples)
    return int((shares > 0).sum()), float(torch.special.xlogy(shares, shares * 1000).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--divergences", nargs="+", default=DIVERGENCES)
    parser.add_argument("--steps", type=int, nargs="+", default=[fgan.preset(DATA, DATA).steps])
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("runs/stacked"))
    arguments = parser.parse_args()
    changes = dict(map(setting, arguments.set))
    judge = Judge()
    data = fgan.load_data(DATA)
    real = coverage(judge, data.held_out.draw(SAMPLES, torch.Generator().manual_seed(0)))
    print(f"real images: {real[0]} modes, KL {real[1]:.3f}")
    print(f"{'divergence':<22} {'steps':>7} {'seconds':>8} {'modes':>6} {'KL':>7}")
    for name in arguments.divergences:
        seconds = 0.0
        for steps in sorted(arguments.steps):
            config = fgan.preset(DATA, DATA, divergence=name, steps=steps, device=arguments.device, **changes)
            out = arguments.out / folder_of(changes) / name
            if max(fgan.RunDirectory(out).checkpoints().steps(), default=0) > steps:
                print(f"{name:<22} {steps:>7,} trained further already, left out", flush=True)
                continue
            run, summary = finished(config, out)
            seconds += summary.seconds
            modes, kl = coverage(judge, run.sample(SAMPLES, seed=1))
            print(f"{name:<22} {steps:>7,} {seconds:>8.0f} {modes:>6} {kl:>7.3f}", flush=True)


if __name__ == "__main__":
    main()
