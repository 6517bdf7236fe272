"""Few pictures: how good samples are, and how many copy, by the number of pictures, the steps and the recipe.

    FGAN_DATA=... python benchmarks/small_data.py --data mnist|cifar|icons [--pictures 100 500 2000]
        [--steps 2000 5000 10000] [--preset mnist-dcgan] [--augment none color,translation,cutout]
        [--penalties preset r1:0.2,r2:0.2 ...] [--divergence kl] [--seeds 1] [--set width=16 batch_size=32 ...]
        [--out runs/small-data]

All settings and seeds of one number of pictures train as one ensemble, on the same pictures. With more --steps and the
same --out the runs go on. Samples are held against pictures that training did not see, in features of the classifiers
that ship with fgan; the rows "real" have as many real pictures in place of the samples. Of the icons (icons.py) also
the share of the rare shape is told, by a classifier of these features.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import time
from dataclasses import replace
from itertools import product
from pathlib import Path

import icons
import torch
from many import folder_of
from quality import setting
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fgan
from fgan.data import Dataset, TensorSource, draw_samples, save_picture
from fgan.data.dataset import as_uint8
from fgan.evaluation import evaluate
from fgan.evaluation.features import extractor_for
from fgan.output import silent
from fgan.training.run import Job, train_together

METRICS = ("fid", "precision", "recall", "coverage", "closer-to-training", "near-copies")
EXTRACTORS = {"mnist": "mnist-cnn", "cifar": "cifar-cnn", "icons": "cifar-cnn"}
PRESETS = {"mnist": "mnist-dcgan", "cifar": "color-small", "icons": "color-small"}
JUDGED, MOST = icons.HELD_OUT, 2000


def loaded(name: str) -> Dataset:
    """Return the data set from which a few pictures are taken."""
    if name == "icons":
        return icons.loaded(MOST)
    cifar = Path(os.environ.get("FGAN_DATA", ".")) / "cifar10/train.tar.gz"
    return fgan.load_data(name if name == "mnist" else str(cifar))


def few(data: Dataset, n: int, name: str) -> Dataset:
    """Return n pictures of a data set to learn from, with its test set held out."""
    if n > len(data.train.values):
        raise SystemExit(f"there are {len(data.train.values):,} pictures of {name}; got --pictures {n:,}")
    chosen = torch.randperm(len(data.train.values), generator=torch.Generator().manual_seed(0))[:n]
    small = replace(data, train=TensorSource(data.train.values[chosen]), classes=(), record=None, name=name)
    return replace(small, held_out=TensorSource(data.held_out.values))


def jobs_of(arguments: argparse.Namespace, folder: Path) -> list[Job]:
    """Return the runs on one number of pictures."""
    jobs = []
    for augment, penalties, seed in product(arguments.augment, arguments.penalties, range(arguments.seeds)):
        changes = arguments.set | {"augment": augment, "seed": seed, "divergence": arguments.divergence}
        changes |= {"penalties": penalties} if penalties != "preset" else {}
        config = fgan.preset(arguments.preset, arguments.data, **changes)
        config = replace(config, checkpoint_every=500, sample_every=0, keep_checkpoints=1)
        own = re.sub(r"[^\w.-]", "_", f"{augment}-{penalties}-{seed}")
        jobs.append(Job(config, folder / own, silent))
    return jobs


def measured(data: Dataset, pictures: int, arguments: argparse.Namespace) -> list[dict]:
    """Train all settings and seeds on a few pictures, and return the numbers of each run at each number of steps."""
    recipe = folder_of(arguments.set | {"divergence": arguments.divergence})
    folder = arguments.out / f"{arguments.data}-{arguments.preset}-{recipe}-{pictures}"
    small, rows, seconds = few(data, pictures, arguments.data), [], 0.0
    for steps in sorted(arguments.steps):
        jobs = [replace(job, config=replace(job.config, steps=steps)) for job in jobs_of(arguments, folder)]
        if any(max(fgan.RunDirectory(job.out).checkpoints().steps(), default=0) > steps for job in jobs):
            print(f"{pictures} pictures, {steps:,} steps: trained further already, left out", flush=True)
            continue
        began = time.process_time()
        for end in train_together(jobs, small, build_judge=lambda *_: None):
            if isinstance(end, fgan.FganError):
                raise end
        seconds += (time.process_time() - began) / len(jobs)
        for job in jobs:
            row = {"pictures": pictures, "steps": steps, "augment": job.config.augment}
            row |= {"penalties": job.config.penalties, "seed": job.config.seed, "seconds": seconds}
            row |= judged(job.out, small, EXTRACTORS[arguments.data], steps)
            row |= {"rare": rare(job.out, small)} if arguments.data == "icons" else {}
            print(json.dumps(row), flush=True)
            rows.append(row)
    return rows


def judged(out: Path, small: Dataset, extractor: str, steps: int) -> dict:
    """Return the numbers of a run's samples and of real pictures, and draw a grid of samples."""
    samples = fgan.load(out).sample(JUDGED, seed=1)
    save_picture(draw_samples(samples[:64]), out / f"grid-{steps}.png")
    found = evaluate(samples, small, metrics=METRICS, n=JUDGED, extractor=extractor, cache=False, say=silent)
    floor = {metric: found[metric].floor.value for metric in METRICS if found[metric].floor}
    return {metric: found[metric].value for metric in METRICS} | {"floor": floor}


def rare(out: Path, small: Dataset) -> float:
    """Return the share of samples that a classifier takes for the rare shape."""
    see = extractor_for("cifar-cnn", small)
    pictures, shapes = icons.drawn(JUDGED, seed=2)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(see(pictures), shapes)
    assert classifier.score(see(small.held_out.values), icons.drawn(JUDGED, seed=1)[1]) > 0.97
    samples = as_uint8(fgan.load(out).sample(JUDGED, seed=1))
    return float((classifier.predict(see(samples)) == icons.RARE).mean())


def table(rows: list[dict]) -> str:
    """Return the mean over seeds of each number, in Markdown, with a row of real pictures for each number of them."""
    keys = ("pictures", "steps", "augment", "penalties")
    numbers = ("seconds", *METRICS, *(name for name in ("rare",) if rows and name in rows[0]))
    lines = ["| " + " | ".join((*keys, *numbers)) + " |", "|---" * (len(keys) + len(numbers)) + "|"]
    for pictures in dict.fromkeys(row["pictures"] for row in rows):
        of_size = [row for row in rows if row["pictures"] == pictures]
        for key in dict.fromkeys(tuple(row[name] for name in keys) for row in of_size):
            own = [row for row in of_size if tuple(row[name] for name in keys) == key]
            means = [statistics.mean(row[name] for row in own) for name in numbers]
            lines.append("| " + " | ".join([*map(str, key), *(f"{mean:.3g}" for mean in means)]) + " |")
        floor = of_size[0]["floor"] | {"rare": icons.SHAPES["heart"]}
        floors = [f"{floor[name]:.3g}" if name in floor else "" for name in numbers]
        lines.append("| " + " | ".join([str(pictures), "", "real", "", *floors]) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, choices=EXTRACTORS)
    parser.add_argument("--pictures", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--steps", type=int, nargs="+", default=[2000, 5000, 10_000])
    parser.add_argument("--preset", help="default: small convolutions")
    parser.add_argument("--augment", nargs="+", default=["none", "color,translation,cutout"])
    parser.add_argument("--penalties", nargs="+", default=["preset"], help='"preset": those of the preset')
    parser.add_argument("--divergence", default="kl")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE")
    parser.add_argument("--out", type=Path, default=Path("runs/small-data"))
    arguments = parser.parse_args()
    arguments.preset = arguments.preset or PRESETS[arguments.data]
    arguments.set = dict(map(setting, arguments.set))
    data = loaded(arguments.data)
    rows = [row for pictures in arguments.pictures for row in measured(data, pictures, arguments)]
    print(table(rows))


if __name__ == "__main__":
    main()
