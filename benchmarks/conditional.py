"""Whether conditional members make the class that is asked for, by the classifier that ships for the data set.

    FGAN_DATA=... python benchmarks/conditional.py digits [mnist] [--divergences gan kl reverse-kl] [--steps 10000]
        [--seeds 1] [--preset default] [--set n_critic=3 ...] [--out runs/conditional]

Each member draws as many samples of every class; the share that is classified as asked, the class with the lowest
share, and the share of held-out real samples that is classified as labelled. A grid of each member is left in --out,
a row for each class.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import torch
from quality import setting
from torch import Tensor

import fgan
from fgan.data import TensorSource, draw_samples, save_picture
from fgan.data.dataset import as_uint8
from fgan.evaluation.features.shipped import ShippedCNN
from fgan.output import silent

CLASSES = 10


def accuracies(judge: ShippedCNN, pictures: Tensor, labels: Tensor) -> list[float]:
    """Return the share of each class that is classified as labelled."""
    with torch.no_grad():
        found = torch.cat([judge.logits(judge(part)).argmax(1) for part in as_uint8(pictures).split(1000)])
    return [float((found[labels == label] == label).float().mean()) for label in range(CLASSES)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", choices=("digits", "mnist"))
    parser.add_argument("--divergences", nargs="+", default=["gan", "kl", "reverse-kl"])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE")
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--out", type=Path, default=Path("runs/conditional"))
    arguments = parser.parse_args()
    print(f"{arguments.steps:,} steps of the preset {arguments.preset}\n")
    print("| data | divergence | seed | as asked | lowest class | real samples |\n|---|---|---|---|---|---|")
    for name in arguments.data:
        data, judge = fgan.load_data(name, say=silent), ShippedCNN(f"{name}-cnn")
        held_out = data.held_out
        assert isinstance(held_out, TensorSource) and held_out.labels is not None
        real = statistics.fmean(accuracies(judge, held_out.values, held_out.labels))
        for divergence in arguments.divergences:
            for seed in range(arguments.seeds):
                run = fgan.train(
                    name,
                    arguments.out / f"{name}-{divergence}-{seed}".replace(":", "_"),
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
                samples = run.sample(arguments.n)
                shares = accuracies(judge, samples, torch.arange(arguments.n) % CLASSES)
                rows = (
                    samples[: CLASSES * CLASSES]
                    .unflatten(0, (CLASSES, CLASSES))
                    .transpose(0, 1)
                    .flatten(0, 1)
                )
                save_picture(draw_samples(rows), run.path / "classes.png")
                mean, lowest = statistics.fmean(shares), min(shares)
                print(
                    f"| {name} | {divergence} | {seed} | {mean:.1%} | {lowest:.1%} | {real:.1%} |", flush=True
                )


if __name__ == "__main__":
    main()
