"""`fgan.estimate` and `fgan.mutual_information` beside other packages: the same samples, the same run.

    python benchmarks/truth.py peers [--repeats 10] [--n 1000 10000] [--laws Laplace] [--jobs 1] [--file FILE]

Peers: iwpc (its generic network, as in its examples: half of the samples train, batches of 256, its early stopping,
at most 100 epochs), nearest neighbours (Wang, Kulkarni and Verdú 2009, k = 5, scipy's tree), densratio's uLSIF by
default (the mean of log r over P), and for information scikit-learn's mutual_info_regression or mutual_info_classif.
Those that are not installed are said to be skipped. A cell is the root mean square error of KL over the repeats, and
median processor seconds; the last lines count the rows in which fgan's error is smaller.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib.util
import io
import logging
import math
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.spatial import cKDTree
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from torch import Tensor
from truth_coverage import chosen
from truth_laws import MAKERS, Law
from truth_store import Key, Row, generator, read, top_up
from truth_weights import CASES

import fgan
from fgan.output import silent

Peer = Callable[[Tensor, Tensor, int], "float | None"]
"""KL of two samples, or information of X and Y, with a seed; None where it does not take them."""
NEIGHBOURS = 5
OURS = "fgan"
TWICE = 2.0
BETWEEN = " by "


def ours(p: Tensor, q: Tensor, seed: int) -> float:
    return fgan.estimate(p, q, seed=seed, say=silent).value  # pyright: ignore


def ours_of_pairs(x: Tensor, y: Tensor, seed: int) -> float:
    return fgan.mutual_information(x, y, seed=seed, say=silent).value  # pyright: ignore


def iwpc(p: Tensor, q: Tensor, seed: int) -> float | None:
    if p.ndim == 1:
        return None
    from iwpc.data_modules.numpy_data_module import BinaryNumpyDataModule
    from iwpc.divergences import KLDivergence
    from iwpc.divergences.calculate_divergence import calculate_divergence
    from iwpc.divergences.naive import GenericNaiveVariationalFDivergenceEstimator

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = (
        "1"  # it pickles its own classes into the checkpoint that it reads
    )
    torch.manual_seed(seed)
    np.random.seed(seed)
    settings = {"batch_size": 256, "num_workers": 0}
    data = BinaryNumpyDataModule(p.numpy(), q.numpy(), dataloader_kwargs=settings)
    module = GenericNaiveVariationalFDivergenceEstimator(p.shape[1], KLDivergence())
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = calculate_divergence(
            module, data, log_dir=folder, trainer_kwargs={"max_epochs": 100, **quiet}
        )
    return float(found.divergence)


def neighbours(p: Tensor, q: Tensor, seed: int) -> float | None:
    """Return d mean(log ν/ρ) + log(m/(n - 1)) of the distances to the k-th neighbour in Q and in P."""
    if p.ndim == 1:
        return None
    x, y = p.numpy(), q.numpy()
    within = cKDTree(x).query(x, NEIGHBOURS + 1)[0][:, -1]
    across = cKDTree(y).query(x, NEIGHBOURS)[0][:, -1]
    return float(x.shape[1] * np.log(across / within).mean() + math.log(len(y) / (len(x) - 1)))


def ulsif(p: Tensor, q: Tensor, seed: int) -> float | None:
    if p.ndim == 1:
        return None
    from densratio import densratio

    np.random.seed(seed)
    x = p.numpy()
    ratio = densratio(x, q.numpy(), verbose=False).compute_density_ratio(x)
    return float(np.log(np.maximum(ratio, 1e-12)).mean())


def sklearn(x: Tensor, y: Tensor, seed: int) -> float | None:
    """Return information between a label or a number and a number; no other does it take."""
    if x.ndim == 1 and y.ndim == 1:
        return float(mutual_info_classif(x[:, None].numpy(), y.numpy(), discrete_features=True)[0])
    if y.shape[1] > 1:
        return None
    if x.ndim == 1:
        return float(mutual_info_classif(y.numpy(), x.numpy(), random_state=seed)[0])
    if x.shape[1] > 1:
        return None
    return float(mutual_info_regression(x.numpy(), y[:, 0].numpy(), random_state=seed)[0])


def of_pairs(peer: Peer) -> Peer:
    """Return an estimator of information by a divergence: pairs against pairs whose y were shuffled."""

    def value(x: Tensor, y: Tensor, seed: int) -> float | None:
        if x.ndim == 1 and y.ndim == 1:
            return None
        x, y = (one.double().reshape(len(one), -1) for one in (x, y))
        order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
        return peer(torch.cat([x, y], 1), torch.cat([x, y[order]], 1), seed)

    return value


DIVERGENCES: dict[str, Peer] = {
    OURS: ours, "iwpc": iwpc, "nearest neighbours": neighbours, "uLSIF": ulsif,
}  # fmt: skip
INFORMATION: dict[str, Peer] = {
    OURS: ours_of_pairs, "iwpc": of_pairs(iwpc), "nearest neighbours": of_pairs(neighbours),
    "uLSIF": of_pairs(ulsif), "scikit-learn": sklearn,
}  # fmt: skip
PACKAGES = {"iwpc": "iwpc", "uLSIF": "densratio"}
PAIRS: dict[str, Callable[[], Law]] = {
    name: lambda name=name: CASES[name]().law for name in CASES if name.startswith("mutual information")
}
ROWS = [*MAKERS, *PAIRS]


@functools.cache
def law_of(name: str) -> Law:
    return (PAIRS.get(name) or MAKERS[name])()


def installed(name: str) -> bool:
    return name not in PACKAGES or importlib.util.find_spec(PACKAGES[name]) is not None


def repeat(key: Key) -> Row:
    """Return what one peer says of the samples that all peers get, and its processor seconds."""
    both, n, seed = key
    name, peer = both.split(BETWEEN)
    pair = law_of(name).draw(n, generator((name, n, seed)))
    value = (INFORMATION if name in PAIRS else DIVERGENCES)[peer]
    start = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        found = value(*pair, seed)
    return {"law": both, "n": n, "seed": seed, "value": found, "seconds": time.process_time() - start}


def table(rows: list[Row]) -> str:
    """Return the Markdown table of root mean square errors and seconds, and how often fgan's are smaller."""
    peers = [peer for peer in INFORMATION if any(row["law"].endswith(BETWEEN + peer) for row in rows)]
    lines = [f"| law | n | repeats | truth | {' | '.join(peers)} |", f"|{'---|' * (len(peers) + 4)}"]
    better: dict[str, list[tuple[bool, bool]]] = {peer: [] for peer in peers if peer != OURS}
    for n in sorted({row["n"] for row in rows}):
        for law in ROWS:
            of_law = {peer: of_peer(rows, law, peer, n) for peer in peers}
            if not of_law[OURS]:
                continue
            truth = law_of(law).truth("kl")
            scores = {peer: score(of_law[peer], truth) for peer in peers}
            own = scores[OURS]
            for peer, one in scores.items():
                if peer != OURS and one and own:
                    better[peer].append((own[0] < one[0], own[1] <= TWICE * one[1]))
            cells = [f"{one[0]:.3f} ({one[1]:.2f} s)" if one else "–" for one in scores.values()]
            lines.append(f"| {law} | {n:,} | {len(of_law[OURS])} | {truth:.3f} | {' | '.join(cells)} |")
    lines.append("")
    for peer, met in better.items():
        errors, seconds = (sum(one[place] for one in met) for place in (0, 1))
        lines.append(
            f"{peer}: {OURS}'s error is smaller in {errors} of {len(met)} rows, its seconds at most twice in {seconds}"
        )
    lines += [f"{peer}: skipped, not installed" for peer in PACKAGES if peer not in peers]
    return "\n".join(lines)


def of_peer(rows: list[Row], law: str, peer: str, n: int) -> list[Row]:
    return [row for row in rows if (row["law"], row["n"]) == (law + BETWEEN + peer, n)]


def score(rows: list[Row], truth: float) -> tuple[float, float] | None:
    """Return root mean square error and median seconds; None where the peer takes no such samples."""
    errors = [row["value"] - truth for row in rows if row["value"] is not None]
    if not errors:
        return None
    seconds = statistics.median(row["seconds"] for row in rows)
    return math.sqrt(statistics.fmean(error**2 for error in errors)), seconds


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--n", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--laws", nargs="+", default=[], help="parts of names; all unless told")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--file", type=Path, default=Path("runs/truth-peers.jsonl"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    names = chosen(ROWS, options.laws)
    keys = [
        (name + BETWEEN + peer, n, seed)
        for seed in range(options.repeats)
        for n in options.n
        for name in names
        for peer in (INFORMATION if name in PAIRS else DIVERGENCES)
        if installed(peer)
    ]
    top_up(options.file, keys, repeat, options.jobs)
    print(table(read(options.file)))
