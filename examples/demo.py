"""Train an f-GAN on scikit-learn's scans of handwritten digits with each of the classic five divergences.

    python examples/demo.py [--steps 4000] [--out DIR]

Trains all five as one program, judges them, prints one table, draws one picture and writes one HTML report.
All of it lies in runs/demo, with other --steps in runs/demo-STEPS. What was trained before is not trained again.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch

import fgan
from fgan.data import Dataset, save_picture
from fgan.data.dataset import as_float
from fgan.output import aligned
from fgan.reporting import side_by_side

DIVERGENCES = ("total-variation", "kl", "reverse-kl", "pearson", "squared-hellinger")
STEPS = 4000
SAMPLES = 1797  # as many as there are scans

HEADING = ("divergence", "FID [95%]", "digits", "sample->scan", "scan->sample")
LEGEND = """
FID           Fréchet distance between features of samples and of scans (docs/guides/evaluation.md)
digits        how many of the ten appear in at least 1% of the samples, by a nearest-neighbour classifier
sample->scan  mean distance from a sample to the nearest training scan  } 1.00 is what
scan->sample  mean distance from a held-out scan to the nearest sample  } held-out scans have
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    out = arguments.out or Path("runs/demo" if arguments.steps == STEPS else f"runs/demo-{arguments.steps}")
    began = time.perf_counter()

    print(f"{', '.join(DIVERGENCES)}: {arguments.steps} steps each, all five at once ...", flush=True)
    found = fgan.compare(
        "digits",
        DIVERGENCES,
        out=out,
        resume=(out / "comparison.json").exists(),
        jobs=1,  # one program, with all cores
        steps=arguments.steps,
        # Half the default recipe's width, and eight times its learning rate, which fades: as good here, and sooner.
        width=128,
        lr=8e-3,
        lr_fade=1000,
        ema=0.998,
        sample_every=0,
        say=print,
    )
    if len(found.ended("finished")) < len(DIVERGENCES):
        sys.exit(f"{found.table()}\nThe same command goes on with what was stopped.")
    report = fgan.report(found)

    data = fgan.load_data("digits")
    judge = Judge(data)
    panels, rows = {"real scans": as_float(data.held_out.values[:36])}, [HEADING]
    for name, run in zip(DIVERGENCES, found.runs.values(), strict=True):
        samples = run.sample(SAMPLES)
        panels[name] = samples[:36]
        fid = next(place.metrics["fid"].text() for place in found.places if place.group == name)
        rows.append((name, fid, *judge(samples)))
    picture = out / "digits.png"
    save_picture(side_by_side(panels), picture)

    print("\n" + "\n".join(aligned(rows)))
    print(LEGEND)
    print(f"samples side by side  {picture}")
    print(f"everything, to open   {report}")
    print(f"\n{time.perf_counter() - began:.0f} seconds")


class Judge:
    """Three simple questions to a set of samples."""

    def __init__(self, data: Dataset) -> None:
        self.scans, self.labels = as_float(data.train.values).flatten(1), data.train.labels
        self.held_out = as_float(data.held_out.values).flatten(1)
        self.floor = nearest(self.held_out, self.scans)

    def __call__(self, samples: torch.Tensor) -> tuple[str, str, str]:
        flat = samples.flatten(1)
        three = torch.cdist(flat, self.scans).topk(3, largest=False).indices
        shares = self.labels[three].mode().values.bincount(minlength=10) / len(flat)
        there, back = nearest(flat, self.scans) / self.floor, nearest(self.held_out, flat) / self.floor
        return f"{(shares >= 0.01).sum()}/10", f"{there:.2f}", f"{back:.2f}"


def nearest(points: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
    """Return the mean distance from each point to the nearest of some others."""
    return torch.cdist(points, among).amin(1).mean()


if __name__ == "__main__":  # the runs train in a process that imports this file
    try:
        main()
    except fgan.FganError as error:
        sys.exit(str(error))
