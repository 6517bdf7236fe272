"""Would a short race find a better learning rate and penalty weight than the default's?

    python benchmarks/race.py [--data moons ring8 grid25 digits] [--divergences js kl] [--steps 2000] [--seeds 5]

Nine pairs, rates 3e-4, 1e-3, 3e-3 with R1 and R2 of weight 0.05, 0.2, 1, train for a fifth of the steps, one seed. The
best by a metric, and the default, then train for all of them with seeds of their own. A line for each data set,
divergence and metric: the pair that won, the default's mean and the winner's, and Welch's p-value of the difference.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from scipy import stats

import fgan

RATES, WEIGHTS = (3e-4, 1e-3, 3e-3), (0.05, 0.2, 1.0)
DEFAULT = (1e-3, 0.2)
METRICS = {"fid": 1, "kid": 1, "coverage": -1}
"""Each with the sign by which less is better."""
JUDGED: dict[str, Any] = {"metrics": "fid,kid,prdc", "n": 2000}
RACE_SEED = 100

Pair = tuple[float, float]


def settings(pair: Pair) -> dict[str, Any]:
    rate, weight = pair
    penalties = f"r1:{weight}:fade=2000,r2:{weight}:fade=2000"
    return {"lr": rate, "penalties": penalties, "compile": "off", "device": "cpu", "say": lambda line: None}


def race(data: str, divergence: str, steps: int, folder: Path) -> dict[str, Pair]:
    """Return the best pair by each metric."""
    found = {}
    for pair in itertools.product(RATES, WEIGHTS):
        out = folder / f"race-{pair[0]}-{pair[1]}"
        run = fgan.train(data, divergence=divergence, steps=steps, seed=RACE_SEED, out=out, **settings(pair))
        found[pair] = run.evaluate(**JUDGED).metrics
    return {name: min(found, key=lambda one: sign * found[one][name].value) for name, sign in METRICS.items()}


def whole(
    data: str, divergence: str, pair: Pair, steps: int, seeds: int, folder: Path
) -> dict[str, list[float]]:
    """Return what whole runs score, a number a seed."""
    out = folder / f"whole-{pair[0]}-{pair[1]}"
    fgan.compare(data, [divergence], seeds=seeds, steps=steps, jobs=1, out=out, **JUDGED, **settings(pair))
    read = [json.loads(path.read_text())["metrics"] for path in sorted(out.glob("*/evaluation.json"))]
    return {name: [one[name]["value"] for one in read] for name in METRICS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["moons", "ring8", "grid25", "digits"])
    parser.add_argument("--divergences", nargs="+", default=["js", "kl"])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    for data, divergence in itertools.product(arguments.data, arguments.divergences):
        with tempfile.TemporaryDirectory() as folder:
            won = race(data, divergence, arguments.steps // 5, Path(folder))
            pairs = {DEFAULT, *won.values()}
            scores = {
                pair: whole(data, divergence, pair, arguments.steps, arguments.seeds, Path(folder))
                for pair in pairs
            }
        for name, pair in won.items():
            ours, theirs = scores[DEFAULT][name], scores[pair][name]
            p = stats.ttest_ind(ours, theirs, equal_var=False).pvalue if pair != DEFAULT else 1.0
            means = statistics.fmean(ours), statistics.fmean(theirs)
            print(
                f"{data} {divergence} {name}: rate {pair[0]:g}, weight {pair[1]:g} won; "
                f"default {means[0]:.4g}, winner {means[1]:.4g}, p {p:.2g}",
                flush=True,
            )


if __name__ == "__main__":
    main()
