"""Blow-ups: data and settings that training cannot bear, at random; what is said of them, and whether it helps."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torture_forks import Outcome, run, warm
from torture_small import ON_CPU, flags
from torture_tally import LIGHT, Tally, until

FLAGS = {
    "steps": 150, "width": 32, "log-every": 15, "checkpoint-every": 50, "sample-every": 0, "sample-count": 0,
    **ON_CPU,
}  # fmt: skip
SETTINGS: dict[str, list[Any]] = {
    "lr": [1e-3, 1e-3, 0.03, 1.0, 10.0, 1e6, 1e30],
    "penalties": ["r1:0.2,r2:0.2", "none", "r1:1e10", "gp:1e6", "r1:1e30,r2:1e30"],
    "divergence": ["gan", "js", "kl", "reverse-kl", "pearson", "neyman", "total-variation", "alpha:5"],
    "generator-loss": ["non-saturating", "saturating"],
    "objective": ["plain", "plain", "relativistic", "wasserstein", "hinge", "least-squares"],
    "batch-size": [128, 2, 2048],
    "width": [32, 1],
    "link": [None, None, "log-ratio"],
    "beta2": [0.99, 0.01],
    "gradient-clip": [0.0, 1e-9, 10.0],
}
"""Values of each setting, the usual first."""
CHANGED_AT_ONCE = 3
SEVERAL = 10.0
"""Samples this many times as far out, or as narrow, as the data are no success."""


def torture(seconds: float, seed: int) -> Tally:
    """Try for some seconds; in its light form, advice is not tried."""
    end = time.monotonic() + seconds
    warm()
    tally, random_ = Tally("blowups"), random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = _data(folder)
        for _ in until(end - time.monotonic()):
            what = random_.choice(["normal", *data])
            changed = random_.sample(sorted(SETTINGS), random_.randrange(CHANGED_AT_ONCE + 1))
            changes = {key: random_.choice(SETTINGS[key]) for key in changed}
            _try(tally, folder, what, changes, light=seconds < LIGHT)
            tally.faults += 1
    return tally


def _data(folder: Path) -> list[str]:
    x = np.random.default_rng(0).normal(size=(400, 3))
    data = {
        "normal": x,
        "1e20": 1e20 * x,
        "1e-30": 1e-30 * x,
        "1e37": 1e37 * x,
        "1e300": 1e300 * x,
        "two": x[:2],
    }
    data |= {"one": x[:1], "equal": np.ones((400, 3)), "few": x[:10], "constant": x * [1, 0, 1] + 5}
    data |= {"outlier": np.where(np.arange(1200).reshape(400, 3) == 601, 1e9, x)}
    for name, values in data.items():
        np.save(folder / f"{name}.npy", values)
    return list(data)


def _try(tally: Tally, folder: Path, data: str, changes: dict[str, Any], *, light: bool) -> None:
    words, out = f"{data} {changes}", folder / "run"
    found = _trained(folder, data, out, changes)
    if _is_unforeseen(tally, words, found):
        pass
    elif found.code == 2:
        if out.exists():
            tally.bad("silent", f"{words}: refused after it began: {found.last}")
    else:
        _same_words(tally, words, found, out)
        if found.code == 0 and "warning" not in found.last:
            _is_success(tally, words, folder / f"{data}.npy", out)
        elif "the data" not in found.last and not light:
            _advice_helps(tally, words, folder, data, changes, out)
    shutil.rmtree(out, ignore_errors=True)


def _trained(folder: Path, data: str, out: Path, changes: dict[str, Any]) -> Outcome:
    return run(["train", str(folder / f"{data}.npy"), "--out", str(out), *flags({**FLAGS, **changes})])


def _is_unforeseen(tally: Tally, words: str, found: Outcome) -> bool:
    if found.code is None:
        tally.bad("hang", words)
    elif found.traceback:
        tally.bad("traceback", f"{words}: {found.last}")
    elif found.code not in (0, 2, 3):
        tally.bad("silent", f"{words}: exit code {found.code}: {found.last}")
    return found.code not in (0, 2, 3) or found.traceback


def _same_words(tally: Tally, words: str, found: Outcome, out: Path) -> None:
    """The last line, the status, the list of runs and the report must agree."""
    status = json.loads((out / "status.json").read_text())
    state, reason = status["state"], status["reason"]
    if state != ("diverged" if found.code == 3 else "finished") or (reason and reason not in found.last):
        tally.bad("silent", f"{words}: exit code {found.code}, but the status is {state}: {reason}")
    listed = run(["runs", str(out.parent)])
    if reason not in listed.text or state not in listed.text:
        tally.bad("silent", f"{words}: `fgan runs` does not say: {reason}")


def _is_success(tally: Tally, words: str, data: Path, out: Path) -> None:
    """A run without a warning must have samples about where the data are, and about as wide."""
    made = out / "made.npy"
    if run(["sample", str(out), "--n", "300", "--out", str(made)]).code:
        tally.bad("silent", f"{words}: cannot be sampled")
        return
    real, fake = np.load(data).astype(float), np.load(made).astype(float)
    low, middle, high = np.quantile(real, [0.05, 0.5, 0.95], axis=0)
    width = np.where(high > low, high - low, np.maximum(np.abs(middle), 1.0))
    away = np.median(np.abs(fake - middle) / width)
    if not away < SEVERAL:
        tally.bad("silent", f"{words}: finished, but samples are {away:.3g} widths of the data away")
    if (high > low).any() and not (fake.std(0) / width)[high > low].max() > 1e-4:
        tally.bad("silent", f"{words}: finished, but all samples are the same")


def _advice_helps(
    tally: Tally, words: str, folder: Path, data: str, changes: dict[str, Any], out: Path
) -> None:
    """Try what is advised, and what is advised then, as a user would."""
    found = None
    for turn in range(2):
        told = run(call=partial(_tell_advice, out))
        changes = changes | {key.replace("_", "-"): value for key, value in json.loads(told.text).items()}
        again = folder / f"again-{turn}"
        found = _trained(folder, data, again, changes)
        shutil.rmtree(out, ignore_errors=True)
        out = again
        if found.code == 0 and "warning" not in found.last:
            shutil.rmtree(out, ignore_errors=True)
            return
    shutil.rmtree(out, ignore_errors=True)
    tally.bad("silent", f"{words}: what is advised does not help: {found and found.last}")


def _tell_advice(out: Path) -> None:
    from fgan.training.diagnosis import advice
    from fgan.training.run_directory import RunDirectory

    changes: dict[str, Any] = {}
    for one in advice(RunDirectory(out).config()):
        changes |= one.changes
    print(json.dumps(changes))
