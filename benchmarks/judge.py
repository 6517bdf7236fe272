"""How far generated digits are from MNIST: a small classifier's Fréchet distance, and what classes there are.

    python benchmarks/judge.py RUN [RUN ...] [--n 10000]

The distance is given as a multiple of the one between 10,000 training and the 10,000 test images, so 1 is as near
as real images are to each other. The classifier is trained on first use (a minute on two cores) and kept under
runs/. Needs MNIST, found as `fgan train mnist` finds it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import fgan
from fgan.data.dataset import as_float

WEIGHTS = Path("runs/judge/mnist-cnn.safetensors")
N = 10_000


class Classifier(nn.Module):
    """Two convolutions and 128 features, as such classifiers usually are."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 32, 3, padding=1), nn.Conv2d(32, 64, 3, padding=1)
        self.hidden, self.last = nn.Linear(64 * 49, 128), nn.Linear(128, 10)

    def features(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.first(x).relu(), 2)
        x = F.max_pool2d(self.second(x).relu(), 2)
        return self.hidden(x.flatten(1)).relu()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.features(x))


class Judge:
    """Judges grey 28x28 samples in [0, 1] against MNIST's 10,000 test images."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        data = fgan.load_data("mnist")
        self.test, labels = as_float(data.held_out.values), data.held_out.labels
        self.network = Classifier()
        if not weights.exists():
            print("training the judge ...", flush=True)
            train_classifier(self.network, as_float(data.train.values), data.train.labels)
            weights.parent.mkdir(parents=True, exist_ok=True)
            save_file(self.network.state_dict(), weights)
        self.network.load_state_dict(load_file(weights))
        self.network.eval().requires_grad_(False)
        features, predicted = self.look(self.test)
        self.accuracy = (predicted == labels).float().mean().item()
        self.moments = moments(features)
        self.floor = frechet(moments(self.look(as_float(data.train.values[:N]))[0]), self.moments)

    def look(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (n, 128) and classes (n,)."""
        features = torch.cat([self.network.features(part) for part in samples.split(1000)])
        return features, self.network.last(features).argmax(1)

    def multiple(self, samples: Tensor) -> tuple[float, Tensor]:
        """Return the Fréchet distance to the test images over the floor, and the share of each class."""
        features, classes = self.look(samples)
        shares = torch.bincount(classes, minlength=10) / len(samples)
        return frechet(moments(features), self.moments) / self.floor, shares


def train_classifier(network: Classifier, images: Tensor, labels: Tensor, epochs: int = 3) -> None:
    torch.manual_seed(0)
    for layer in network.children():
        layer.reset_parameters()
    steps, batch = epochs * len(images) // 128, 128
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for _ in range(steps):
        rows = torch.randint(len(images), (batch,))
        optimizer.zero_grad()
        F.cross_entropy(network(images[rows]), labels[rows]).backward()
        optimizer.step()
        schedule.step()


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    features = features.double()
    return features.mean(0), features.T.cov()


def frechet(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> float:
    """Return |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^(1/2) C2 C1^(1/2))^(1/2))."""
    (m1, c1), (m2, c2) = one, other
    values, vectors = torch.linalg.eigh(c1)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ c2 @ root).clamp(min=0).sqrt().sum()
    return float((m1 - m2).square().sum() + c1.trace() + c2.trace() - 2 * cross)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--n", type=int, default=N)
    arguments = parser.parse_args()
    judge = Judge()
    print(f"judge: accuracy {judge.accuracy:.4f}, real against real {judge.floor:.2f} = 1.0")
    print(f"{'run':<40} {'distance':>9} {'rarest class':>13}")
    for run in arguments.runs:
        multiple, shares = judge.multiple(fgan.RunDirectory(run).sample(arguments.n))
        print(f"{run!s:<40} {multiple:>9.1f} {shares.min():>13.3f}", flush=True)


if __name__ == "__main__":
    main()
