"""Synthetic tables against CTGAN's: the same processor seconds, three data sets of scikit-learn, three seeds.

    pip install ctgan
    python benchmarks/tables.py [--seconds 40] [--data cancer diabetes made] [--seeds 0 1 2] [--only fgan]
        [--steps N] [--epochs]

Half of each table trains, the other half judges: how far synthetic rows are from rows that no generator has seen, by
the Jensen-Shannon divergence of `fgan.estimate`; how often its critic tells them apart; the mean over columns of the
same divergence of each. CTGAN fits as its defaults say, but stops at the last epoch within the seconds, which count the
fitting of its transformer; with --epochs its default number of them is judged as well. fgan counts all that
`fgan.train` does; two short runs that nobody counts tell how many steps that is, unless --steps says it. Ratios are of
means over the seeds, fgan to CTGAN: below 1 fgan is nearer to the data.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import fgan

MOST_ROWS = 3000
"""Synthetic rows that are judged, at most."""
ROWS_EACH = 5
"""Synthetic rows for each held-out one."""
TRIAL = 100
"""Steps of the run that tells how long one takes."""
RECIPE: dict[str, Any] = {"divergence": "js"}


@dataclass(frozen=True)
class Judged:
    data: str
    who: str
    seed: int
    seconds: float
    joint: float
    interval: tuple[float, float]
    accuracy: float
    columns: float


def cancer() -> pd.DataFrame:
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer(as_frame=True)
    return found.data.assign(diagnosis=np.array(["malignant", "benign"])[found.target])


def diabetes() -> pd.DataFrame:
    from sklearn.datasets import load_diabetes

    found = load_diabetes(as_frame=True, scaled=False)
    whole = found.data[["age", "s1", "s5", "s6"]]
    rounded = {name: whole[name].astype(int) for name in whole if (whole[name] == whole[name].round()).all()}
    sex = np.where(found.data["sex"] == 1, "a", "b")
    return found.data.assign(**rounded, sex=sex, progression=found.target.astype(int))


def made() -> pd.DataFrame:
    """Numbers, whole numbers and categories that hang together, as of a survey of land."""
    from sklearn.datasets import make_classification

    x, kind = make_classification(
        6000, 6, n_informative=5, n_redundant=1, n_classes=4, n_clusters_per_class=1, random_state=0
    )
    random = np.random.default_rng(0)
    soil = np.array(["sand", "clay", "peat", "loam", "rock"])[
        np.digitize(x[:, 0] + random.normal(size=len(x)), [-2, -1, 0, 1.5])
    ]
    return pd.DataFrame(
        {
            "elevation": np.round(2500 + 300 * x[:, 1]).astype(int),
            "slope": np.round(np.exp(2 + 0.4 * x[:, 2]), 1),
            "to_water": np.where(random.random(len(x)) < 0.2, 0, np.round(np.exp(4 + 0.7 * x[:, 3]))).astype(
                int
            ),
            "aspect": np.round(random.uniform(0, 360, len(x)) / 2 + 30 * np.abs(x[:, 4])).astype(int),
            "shade": np.round(x[:, 5], 3),
            "soil": soil,
            "cover": np.array(["spruce", "pine", "aspen", "fir"])[kind],
            "protected": random.random(len(x)) < 1 / (1 + np.exp(-x[:, 1])),
        }
    )


DATA = {"cancer": cancer, "diabetes": diabetes, "made": made}


def halves(table: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    order = np.random.default_rng(seed).permutation(len(table))
    train, held_out = np.array_split(order, 2)
    return table.iloc[train].reset_index(drop=True), table.iloc[held_out].reset_index(drop=True)


def judged(
    data: str, who: str, seed: int, seconds: float, held_out: pd.DataFrame, rows: pd.DataFrame
) -> Judged:
    found = fgan.estimate(held_out, rows, "js", seed=seed, say=lambda line: None)
    assert found.diagnostics is not None
    columns = [
        fgan.estimate(held_out[[name]], rows[[name]], "js", seed=seed, say=lambda line: None).value
        for name in held_out
    ]
    accuracy = found.diagnostics.accuracy
    return Judged(data, who, seed, seconds, found.value, found.interval, accuracy, statistics.fmean(columns))


def by_ctgan(train: pd.DataFrame, n: int, seed: int, seconds: float | None) -> tuple[pd.DataFrame, float]:
    """Rows of CTGAN, and the seconds of its fit; its default epochs where none are given."""
    try:
        from ctgan import CTGAN
        from ctgan.synthesizers import ctgan as module
    except ImportError:
        raise SystemExit(
            "this compares with CTGAN, which is no part of fgan. Do: pip install ctgan"
        ) from None

    began = time.process_time()

    def until(epochs: range, **_: object) -> Iterator[int]:
        """Count epochs until the time is over."""
        count = 0
        while time.process_time() - began < seconds:  # pyright: ignore[reportOperatorIssue]
            yield count
            count += 1

    torch.manual_seed(seed)
    np.random.seed(seed)
    words = [name for name in train if train[name].dtype.kind not in "if"]
    model = CTGAN(enable_gpu=False)
    usual = module.tqdm
    module.tqdm = until if seconds is not None else usual
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(train, words)
    finally:
        module.tqdm = usual
    return model.sample(n), time.process_time() - began


def by_fgan(
    train: pd.DataFrame, n: int, seed: int, seconds: float, steps: int | None, recipe: dict[str, Any]
) -> tuple[pd.DataFrame, float]:
    """Rows of fgan, and the seconds of its training; it takes these steps, or as many as fit into the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        if steps is None:
            steps = _steps_in(seconds, train, seed, Path(folder), recipe)
        began = time.process_time()
        run = _trained(train, seed, steps, Path(folder) / "run", recipe)
        seconds = time.process_time() - began
        print(f"    {steps} steps", flush=True)
        return run.sample(n, seed=seed), seconds


def _steps_in(seconds: float, train: pd.DataFrame, seed: int, folder: Path, recipe: dict[str, Any]) -> int:
    spent = []
    for steps in (TRIAL, 3 * TRIAL):
        began = time.process_time()
        _trained(train, seed, steps, folder / f"trial-{steps}", recipe)
        spent.append(time.process_time() - began)
    a_step = (spent[1] - spent[0]) / (2 * TRIAL)
    return max(TRIAL, int((seconds - spent[0]) / a_step) + TRIAL)


def _trained(train: pd.DataFrame, seed: int, steps: int, out: Path, recipe: dict[str, Any]) -> Any:
    settings = {"device": "cpu", "log_every": 500, "sample_every": 0, "checkpoint_every": steps, **recipe}
    return fgan.train(train, steps=steps, seed=seed, out=out, say=lambda line: None, **settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=40, help="of a processor, for each model")
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=list(DATA))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", choices=("fgan", "ctgan", "real"), help="one of the two")
    parser.add_argument("--epochs", action="store_true", help="judge CTGAN by its default epochs as well")
    parser.add_argument("--steps", type=int, help="of fgan, instead of as many as fit into the seconds")
    parser.add_argument("--recipe", type=json.loads, default={}, help="settings of fgan.train, as JSON")
    parser.add_argument("--json", type=Path, help="write every number to this file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found: list[Judged] = []
    print(f"{'data':<10} {'who':<14} {'seed':>4} {'seconds':>8} {'joint js':>9} {'95% interval':>18} "
          f"{'told apart':>10} {'columns js':>10}")  # fmt: skip
    for data in arguments.data:
        for seed in arguments.seeds:
            train, held_out = halves(DATA[data](), seed)
            n = min(MOST_ROWS, ROWS_EACH * len(held_out))
            for who, (rows, seconds) in models(arguments, train, n, seed):
                found.append(judged(data, who, seed, seconds, held_out, rows))
                one = found[-1]
                print(f"{one.data:<10} {one.who:<14} {one.seed:>4} {one.seconds:>8.1f} {one.joint:>9.3f} "
                      f"{f'[{one.interval[0]:.3f}, {one.interval[1]:.3f}]':>18} {one.accuracy:>10.1%} "
                      f"{one.columns:>10.4f}", flush=True)  # fmt: skip
    summary(found)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(one) for one in found], indent=1))


def models(
    arguments: argparse.Namespace, train: pd.DataFrame, n: int, seed: int
) -> Iterator[tuple[str, tuple[pd.DataFrame, float]]]:
    if arguments.only in (None, "real"):
        yield "real", (train, 0.0)
    if arguments.only in (None, "fgan"):
        yield (
            "fgan",
            by_fgan(train, n, seed, arguments.seconds, arguments.steps, {**RECIPE, **arguments.recipe}),
        )
    if arguments.only in (None, "ctgan"):
        yield "ctgan", by_ctgan(train, n, seed, arguments.seconds)
        if arguments.epochs:
            yield "ctgan, epochs", by_ctgan(train, n, seed, None)


def summary(found: list[Judged]) -> None:
    print("\n| data | fgan js | CTGAN js | ratio | told apart, fgan / CTGAN | columns js, fgan / CTGAN |")
    print("|---|---|---|---|---|---|")
    for data in dict.fromkeys(one.data for one in found):
        means = {
            (who, name): statistics.fmean(
                getattr(one, name) for one in found if (one.data, one.who) == (data, who)
            )
            for who in {one.who for one in found}
            for name in ("joint", "accuracy", "columns")
        }
        for who in ("ctgan", "ctgan, epochs"):
            if ("fgan", "joint") in means and (who, "joint") in means:
                a, b = means["fgan", "joint"], means[who, "joint"]
                told, parts = ((means["fgan", name], means[who, name]) for name in ("accuracy", "columns"))
                label = data if who == "ctgan" else f"{data}, CTGAN by its 300 epochs"
                print(f"| {label} | {a:.3f} | {b:.3f} | {a / b:.2f} | {told[0]:.1%} / {told[1]:.1%} | "
                      f"{parts[0]:.4f} / {parts[1]:.4f} |")  # fmt: skip


if __name__ == "__main__":
    main()
