"""Train with thirty functions f that people write down, and with three entries of the catalogue, on three toys.

    python benchmarks/own_f.py [--data four ring8 moons] [--steps N] [--seeds 0] [--only f ...] [--link log-ratio]

A mode counts as covered if one of 10,000 samples lies within three standard deviations of it; of the moons these are
sixteen arcs. The functions are in own_f.txt. What was trained before, under runs/own-f, is not trained again.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from many import trained
from torch import Tensor

import fgan
from fgan.data.dataset import Modes
from fgan.evaluation import mode_coverage

ENTRIES = ("kl", "js", "pearson")
STEPS = {"four": 300, "ring8": 1500, "moons": 1000}
FOUR = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
SPREAD = 0.1
ARCS = 16
Found = tuple[int, int, float, float]
"""Modes covered, all modes, the share of samples near any, and the smallest share of a mode times their number."""


def functions() -> list[str]:
    """Return the functions as names of divergences."""
    lines = Path(__file__).with_name("own_f.txt").read_text(encoding="utf-8").splitlines()
    return [f"f(u)={line}" for line in lines if not line.startswith("#")]


def data_of(name: str, out: Path) -> str:
    """Return what to train on: a toy, or a file of four broad normals."""
    if name != "four":
        return name
    path = out / "four.npy"
    random = np.random.default_rng(0)
    x = FOUR.numpy()[random.integers(4, size=50_000)] + SPREAD * random.normal(size=(50_000, 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, x.astype(np.float32))
    return str(path)


def judged(data: str, samples: Tensor) -> Found:
    """Return how samples cover a toy."""
    if data == "moons":
        return arcs(samples)
    modes = Modes(FOUR, SPREAD) if data == "four" else fgan.load_data(data).modes
    assert modes, "ring8 has modes"
    found = mode_coverage(samples, modes)
    return found.covered, found.total, found.high_quality, found.shares.min().item() * found.total


def arcs(samples: Tensor) -> Found:
    """Return how samples cover sixteen arcs of the moons."""
    t = torch.linspace(0, math.pi, 801)
    moons = torch.cat([torch.stack([t.cos(), t.sin()], 1), torch.stack([1 - t.cos(), 0.5 - t.sin()], 1)])
    distance, place = torch.cdist(samples.float(), moons).min(1)
    near = distance <= 3 * 0.05
    counts = torch.bincount(place[near] * ARCS // len(moons), minlength=ARCS)
    shares = counts / len(samples)
    return int((counts > 0).sum()), ARCS, near.float().mean().item(), shares.min().item() * ARCS


def refusal(name: str, link: str | None) -> str:
    """Return why a function is refused before the first step; empty if it is not."""
    try:
        fgan.GANLoss(name, link=link)
    except fgan.FganError as error:
        return str(error)
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=list(STEPS), choices=list(STEPS))
    parser.add_argument("--steps", type=int, default=None, help="default: 300, 1500 and 1000")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", default=[*ENTRIES, *functions()])
    parser.add_argument("--link", default=None)
    parser.add_argument("--jobs", type=int, default=None, help="runs at once")
    parser.add_argument("--out", type=Path, default=Path("runs/own-f"))
    arguments = parser.parse_args()

    refused = {name: why for name in arguments.only if (why := refusal(name, arguments.link))}
    for name, why in refused.items():
        print(f"{name} is refused: {why}")
    names = [name for name in arguments.only if name not in refused]
    print(
        f"{'data':<6} {'f':<32} {'link':<10} {'seed':>4} {'modes':>6} {'within 3 sigma':>15} {'rarest':>7}  bound"
    )
    for data in arguments.data:
        source, steps = data_of(data, arguments.out), arguments.steps or STEPS[data]
        configs = {
            f"{number}-{seed}": fgan.preset(
                "default", source, divergence=name, link=arguments.link, seed=seed, steps=steps, device="cpu"
            )
            for number, name in enumerate(names)
            for seed in arguments.seeds
        }
        folder = arguments.out / f"{data}-{steps}-{arguments.link or 'default'}"
        for key, run, outcome in trained(configs, folder, arguments.jobs):
            config = configs[key]
            link = fgan.GANLoss(config.divergence, link=config.link).divergence.link
            start = f"{data:<6} {config.divergence.removeprefix('f(u)='):<32} {link:<10} {config.seed:>4}"
            if outcome.state != "finished":
                print(f"{start} {outcome.state}: {outcome.reason[:60]}", flush=True)
                continue
            covered, total, near, rarest = judged(data, run.sample(10_000, seed=1))
            bound = run.metrics()[-1]["bound"]
            print(f"{start} {covered:>3}/{total:<2} {near:>15.3f} {rarest:>7.2f}  {bound:.3g}", flush=True)


if __name__ == "__main__":
    main()
