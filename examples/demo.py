"""Train an f-GAN on scikit-learn's scans of handwritten digits with each of the classic five divergences.

    python examples/demo.py [--steps 5000] [--out runs/demo]

Prints one table and writes one picture. What was trained before is not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

import fgan
from fgan.data import save_picture
from fgan.data.dataset import as_float
from fgan.reporting import side_by_side

DIVERGENCES = ("total-variation", "kl", "reverse-kl", "pearson", "squared-hellinger")
SAMPLES = 1797  # as many as there are scans

HEADING = ("divergence", "bound", "digits", "sample->scan", "scan->sample", "seconds")
LEGEND = """
bound         the critic's lower bound on the divergence, mean of the last 100 steps
digits        how many of the ten appear in at least 1% of the samples, by a nearest-neighbour classifier
sample->scan  mean distance from a sample to the nearest training scan  } 1.00 is what
scan->sample  mean distance from a held-out scan to the nearest sample  } held-out scans have"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--out", type=Path, default=Path("runs/demo"))
    arguments = parser.parse_args()
    torch.set_flush_denormal(True)

    data = fgan.load_data("digits")
    judge = Judge(as_float(data.train.values), as_float(data.held_out.values))
    panels, rows = {"real scans": as_float(data.held_out.values[:36])}, []
    for name in DIVERGENCES:
        print(f"{name}: {arguments.steps} steps ...", flush=True)
        run = fgan.RunDirectory(arguments.out / name)
        summary = fgan.train(
            data,
            run.path,
            resume=run.config_path.exists(),
            say=lambda line: None,
            divergence=name,
            steps=arguments.steps,
            sample_every=0,
        )
        samples = run.sample(SAMPLES)
        panels[name] = samples[:36]
        rows.append((name, f"{summary.bound:.3f}", *judge(samples), f"{summary.seconds:.0f}"))

    print()
    for row in (HEADING, *rows):
        print("{:<18} {:>7} {:>7} {:>13} {:>13} {:>8}".format(*row))
    print(LEGEND)
    picture = arguments.out / "digits.png"
    save_picture(side_by_side(panels), picture)
    print(f"\nThe samples side by side: {picture}")


class Judge:
    """Three simple questions to a set of samples; FID and its kin are for larger images than 8x8."""

    def __init__(self, train: torch.Tensor, held_out: torch.Tensor) -> None:
        self.held_out = held_out.flatten(1).numpy()
        self.scans = NearestNeighbors(n_neighbors=1).fit(train.flatten(1).numpy())
        self.floor = self.scans.kneighbors(self.held_out)[0].mean()
        pixels, labels = load_digits(return_X_y=True)
        self.classifier = KNeighborsClassifier(n_neighbors=3).fit(pixels / 16, labels)

    def __call__(self, samples: torch.Tensor) -> tuple[str, str, str]:
        flat = samples.flatten(1).numpy()
        shares = np.bincount(self.classifier.predict(flat), minlength=10) / len(flat)
        there = self.scans.kneighbors(flat)[0].mean() / self.floor
        back = NearestNeighbors(n_neighbors=1).fit(flat).kneighbors(self.held_out)[0].mean() / self.floor
        return f"{(shares >= 0.01).sum()}/10", f"{there:.2f}", f"{back:.2f}"


if __name__ == "__main__":
    main()
