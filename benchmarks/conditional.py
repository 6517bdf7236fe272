"""Whether conditional members make the class that is asked for, by the classifier that ships for the data set.

    FGAN_DATA=... python benchmarks/conditional.py digits [mnist] [CIFAR_FOLDER] [--divergences gan kl reverse-kl]
        [--steps 10000] [--seeds 1] [--preset default] [--set n_critic=3 ...] [--out runs/conditional]
    FGAN_DATA=... python benchmarks/conditional.py mnist --runs RUN ...

Each member draws as many samples of every class; the share that is classified as asked, the class with the lowest
share, and the share of held-out real samples that is classified as labelled. A grid of each member is left in its
folder, a row for each class. With --runs those are judged, and nothing is trained.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import torch
from quality import setting
from torch import Tensor

import fgan
from fgan.data import TensorSource, draw_samples, save_picture
from fgan.data.dataset import as_uint8
from fgan.evaluation.features.choose import extractor_for
from fgan.evaluation.features.shipped import ShippedCNN
from fgan.output import silent

CLASSES = 10


def accuracies(judge: ShippedCNN, pictures: Tensor, labels: Tensor) -> list[float]:
    """Return the share of each class that is classified as labelled."""
    with torch.no_grad():
        found = torch.cat([judge.logits(judge(part)).argmax(1) for part in as_uint8(pictures).split(1000)])
    return [float((found[labels == label] == label).float().mean()) for label in range(CLASSES)]


def judge_of(data: fgan.Dataset) -> ShippedCNN:
    """Return the classifier that ships for these classes."""
    judge = extractor_for(None, data)
    if not isinstance(judge, ShippedCNN):
        raise SystemExit(
            f"no classifier ships for the classes of {data.name}; name digits, mnist or CIFAR-10's folder."
        )
    return judge


def trained(name: str, data: fgan.Dataset, arguments: argparse.Namespace) -> Iterator[fgan.Run]:
    """Train the members of a data set, one after the other."""
    for divergence, seed in product(arguments.divergences, range(arguments.seeds)):
        yield fgan.train(
            name,
            arguments.out / f"{Path(name).name}-{divergence}-{seed}".replace(":", "_"),
            preset=arguments.preset,
            divergence=divergence,
            conditional=True,
            steps=arguments.steps,
            seed=seed,
            sample_every=0,
            **dict(map(setting, arguments.set)),
            dataset=data,
            say=silent,
            bar=False,
        )


def loaded(runs: list[Path]) -> Iterator[fgan.Run]:
    """Open runs that learnt their classes."""
    for run in map(fgan.load, runs):
        if not run.config().conditional:
            raise SystemExit(f"{run.path} was trained without classes; train it with --conditional.")
        yield run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+")
    parser.add_argument("--divergences", nargs="+", default=["gan", "kl", "reverse-kl"])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE")
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--out", type=Path, default=Path("runs/conditional"))
    parser.add_argument("--runs", type=Path, nargs="+", help="runs to judge")
    arguments = parser.parse_args()
    if arguments.runs and len(arguments.data) > 1:
        parser.error("--runs are of one data set; name only that one.")
    print(
        "| data | divergence | seed | steps | as asked | lowest class | real samples |\n|---|---|---|---|---|---|---|"
    )
    for name in arguments.data:
        data = fgan.load_data(name, say=silent)
        judge, held_out = judge_of(data), data.held_out
        assert isinstance(held_out, TensorSource) and held_out.labels is not None
        real = statistics.fmean(accuracies(judge, held_out.values, held_out.labels))
        for run in loaded(arguments.runs) if arguments.runs else trained(name, data, arguments):
            samples, config = run.sample(arguments.n), run.config()
            shares = accuracies(judge, samples, torch.arange(arguments.n) % CLASSES)
            rows = samples[: CLASSES * CLASSES].unflatten(0, (CLASSES, CLASSES)).transpose(0, 1).flatten(0, 1)
            save_picture(draw_samples(rows), run.path / "classes.png")
            numbers = " | ".join(f"{share:.1%}" for share in (statistics.fmean(shares), min(shares), real))
            step = max(run.checkpoints().steps())
            print(f"| {name} | {config.divergence} | {config.seed} | {step:,} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
