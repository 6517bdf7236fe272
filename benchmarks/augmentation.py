"""Augmentation on 500 pictures of MNIST and of CIFAR-10: how good samples are with it and without, and how many copy.

    FGAN_DATA=... python benchmarks/augmentation.py [--data mnist cifar] [--steps 500] [--seeds 2]
        [--augment none translation color,translation,cutout] [--network dcgan|mlp] [--penalties none]
        [--pictures 500] [--out runs/augmentation]

All settings and seeds of a data set train as one ensemble, by small networks, on the same pictures. With more --steps
and the same --out the runs go on. Samples are held against pictures that training did not see, in features of the
classifier that ships for MNIST, and for CIFAR-10 in those of a small one that is trained here first on other pictures
(two minutes on a core). The defaults are quick; the table of the guide has its own commands. CIFAR-10 is
$FGAN_DATA/cifar10/train.tar.gz, or --cifar PATH.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import fgan
from fgan.data import Dataset, TensorSource, draw_samples, save_picture
from fgan.evaluation import evaluate
from fgan.training.run import Job, train_together

METRICS = ("fid", "kid", "precision", "recall", "coverage", "closer-to-training", "near-copies")
RECIPES = {
    "dcgan": {
        "network": "dcgan", "norm": "group", "latent": 64, "width": 16, "batch_size": 32,
        "penalties": "r1:0.1:every=4:fade=250,r2:0.1:every=4:fade=250",
    },
    "mlp": {"width": 128, "batch_size": 64},
}  # fmt: skip
JUDGED = 3000
TAUGHT, EPOCHS = 20_000, 4


def few(data: Dataset, n: int) -> tuple[Dataset, Dataset]:
    """Return n pictures of a data set to learn from, with others held out; and others again, to teach a judge."""
    order = torch.randperm(len(data.train.values), generator=torch.Generator().manual_seed(0))
    chosen, others = order[:n], order[n : n + TAUGHT]
    values, labels = data.train.values, data.train.labels
    small = replace(data, train=TensorSource(values[chosen]), held_out=TensorSource(data.held_out.values))
    small = replace(small, classes=(), record=None)
    return small, replace(data, train=TensorSource(values[others], labels[others]))


class Judge(nn.Module):
    """Four convolutions, whose last averages are the features."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        widths = (3, 32, 64, 128, 128)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, 1 if a == 3 else 2, 1), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in itertools.pairwise(widths)
        )
        self.last = nn.Linear(widths[-1], classes)

    def features(self, x: Tensor) -> Tensor:
        x = x.float() / 255 if x.dtype == torch.uint8 else x
        for layer in self.layers:
            x = layer(x)
        return x.mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.features(x))


def taught(data: Dataset, path: Path) -> Judge:
    """Return a judge of a data set, trained on first use."""
    torch.manual_seed(0)
    judge = Judge(len(data.classes))
    if path.is_file():
        judge.load_state_dict(torch.load(path))
    else:
        optimizer = torch.optim.Adam(judge.parameters(), 2e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, EPOCHS * TAUGHT // 128 + EPOCHS)
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(data.train.values)).split(128):
                x = data.train.values[rows].float() / 255
                x = x.flip(-1) if torch.rand(()) < 0.5 else x
                loss = F.cross_entropy(judge(x), data.train.labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(judge.state_dict(), path)
    judge.eval().requires_grad_(False)
    x, labels = data.held_out.values[:2000], data.held_out.labels[:2000]
    accuracy = (judge(x).argmax(1) == labels).float().mean().item()
    print(f"the judge names {accuracy:.0%} of held-out pictures rightly", flush=True)
    return judge


def measured(name: str, arguments: argparse.Namespace) -> list[dict]:
    """Train all settings and seeds on a few pictures of one data set, and return the numbers of each run."""
    data = fgan.load_data("mnist" if name == "mnist" else str(arguments.cifar))
    small, others = few(data, arguments.pictures)
    out = arguments.out / name
    extractor = "mnist-cnn" if name == "mnist" else taught(others, out / "judge.pt").features
    small = replace(small, name=name)
    recipe = RECIPES[arguments.network] | {"steps": arguments.steps, "checkpoint_every": 500}
    recipe |= {"sample_every": 0, "keep_checkpoints": 1}
    recipe |= {"penalties": arguments.penalties} if arguments.penalties else {}
    jobs, rows = [], []
    for augment in arguments.augment:
        for seed in range(arguments.seeds):
            folder = out / f"{augment.replace(',', '+').replace(':', '-')}-seed{seed}"
            config = fgan.TrainConfig(data=name, augment=augment, seed=seed, **recipe)
            jobs.append(Job(config, folder, lambda line: None))
            rows.append({"data": name, "augment": augment, "seed": seed})
    began = time.process_time()
    for end in train_together(jobs, small, build_judge=lambda *_: None):
        if isinstance(end, fgan.FganError):
            raise end
    seconds = (time.process_time() - began) / len(jobs)
    for job, row in zip(jobs, rows, strict=True):
        run = fgan.load(job.out)
        samples = run.sample(JUDGED, seed=1)
        save_picture(draw_samples(samples[:64]), job.out / f"grid-{arguments.steps}.png")
        found = evaluate(
            samples, small, metrics=METRICS, n=JUDGED, extractor=extractor, cache=False, say=lambda line: None
        )
        row |= {"seconds": seconds} | {metric: found[metric].value for metric in METRICS}
        row["floor"] = {metric: floor.value for metric in METRICS if (floor := found[metric].floor)}
        print(json.dumps(row), flush=True)
    return rows


def table(rows: list[dict]) -> str:
    """Return the mean over seeds of each number, and its smallest and largest value, in Markdown."""
    lines = ["| data | augment | " + " | ".join(METRICS) + " |", "|---" * (2 + len(METRICS)) + "|"]
    for key in dict.fromkeys((row["data"], row["augment"]) for row in rows):
        own = [row for row in rows if (row["data"], row["augment"]) == key]
        cells = []
        for metric in METRICS:
            values = [row[metric] for row in own]
            cells.append(f"{statistics.mean(values):.3g} ({min(values):.3g}–{max(values):.3g})")
        lines.append(f"| {key[0]} | {key[1]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=("mnist", "cifar"), choices=("mnist", "cifar"))
    parser.add_argument("--augment", nargs="+", default=("none", "color,translation,cutout"))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--network", default="dcgan", choices=RECIPES)
    parser.add_argument("--penalties", help="others than the recipe's")
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument(
        "--cifar", type=Path, default=Path(os.environ.get("FGAN_DATA", ".")) / "cifar10/train.tar.gz"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/augmentation"))
    arguments = parser.parse_args()
    rows = [row for name in arguments.data for row in measured(name, arguments)]
    print(table(rows))


if __name__ == "__main__":
    main()
