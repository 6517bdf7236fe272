"""What `fgan.estimate` promises, measured against known truths: coverage, accuracy, equals, time.

    python benchmarks/estimation.py [coverage accuracy null time] [--repeats 200] [--n 1000] [--jobs 2]

coverage: how often the 95% interval of the bound holds the bound of the fitted critics (from fresh samples), that of
the value holds the divergence, and the 95% lower bound exceeds the divergence (5% would be exact). accuracy: the
value's mean and root mean square error at n = 10,000, beside that of an oracle that knows log(p/q) and averages the
bound's terms over the same samples. null: P = Q. time: seconds of estimates, of mutual
information and of an evaluation of MNIST samples, n = 10,000, in one table.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# Before torch is loaded: repeats run side by side, a core each.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import Tensor

import fgan
from fgan.estimation.prices import caps
from fgan.experiments.members import usable_cores

NAMES = ("kl", "js", "squared-hellinger", "reverse-kl", "jeffreys", "total-variation")
FRESH = 100_000


@dataclass(frozen=True)
class Truth:
    """A pair of distributions with a known log-ratio, and weights p, q and log-ratios of points that stand for them."""

    name: str
    sample: Callable[[int, torch.Generator], tuple[Tensor, Tensor]]
    log_ratio: Callable[[Tensor], Tensor]
    points: tuple[Tensor, Tensor, Tensor]

    def divergence(self, name: str) -> float:
        """Return D_f = E_P[f'(u)] - E_Q[f*(f'(u))]."""
        p, q, log_ratio = self.points
        divergence = fgan.divergence(name)
        return float((p * divergence.real_at(log_ratio) - q * divergence.fake_at(log_ratio)).sum())


def gaussians(dimension: int, kl: float) -> Truth:
    """N(μ, I) and N(0, I) with so many nats between them; along μ they are N(s, 1) and N(0, 1)."""
    shift = math.sqrt(2 * kl / dimension)

    def sample(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        return shift + torch.randn(n, dimension, generator=random), torch.randn(
            n, dimension, generator=random
        )

    s = math.sqrt(2 * kl)
    x = torch.linspace(-12, 12 + s, 100_001, dtype=torch.float64)
    p, q = (torch.exp(-((x - mean) ** 2) / 2) / math.sqrt(2 * math.pi) * (x[1] - x[0]) for mean in (s, 0.0))
    return Truth(
        f"gauss d={dimension} kl={kl}",
        sample,
        lambda x: shift * x.sum(1) - dimension * shift**2 / 2,
        (p, q, s * x - s**2 / 2),
    )


def exponentials(a: float, b: float) -> Truth:
    """Rates a and b."""

    def sample(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        u = torch.rand(2, n, 1, generator=random, dtype=torch.float64)
        return -(-u[0]).log1p() / a, -(-u[1]).log1p() / b

    step = 1e-3
    x = (torch.arange(100_000, dtype=torch.float64) + 0.5) * step
    p, q = (rate * torch.exp(-rate * x) * step for rate in (a, b))
    return Truth(
        f"exponential {a} {b}",
        sample,
        lambda x: math.log(a / b) - (a - b) * x[:, 0],
        (p, q, math.log(a / b) - (a - b) * x),
    )


def categories(p: tuple[float, ...], q: tuple[float, ...]) -> Truth:
    """Shares of categories."""
    shares = torch.tensor([p, q], dtype=torch.float64)
    log_ratio = (shares[0] / shares[1]).log()

    def sample(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        drawn = torch.multinomial(shares, n, replacement=True, generator=random)
        return drawn[0], drawn[1]

    return Truth(f"discrete {len(p)}", sample, lambda x: log_ratio[x], (shares[0], shares[1], log_ratio))


COVERAGE = {
    truth.name: truth
    for truth in (
        gaussians(1, 0.5),
        gaussians(5, 0.5),
        gaussians(5, 2.0),
        exponentials(1.0, 0.5),
        exponentials(0.5, 1.0),
        categories((0.4, 0.3, 0.15, 0.1, 0.05), (0.2, 0.2, 0.2, 0.2, 0.2)),
    )
}
ACCURACY = {f"gauss d={d} kl={kl}": gaussians(d, kl) for d in (1, 5, 20) for kl in (0.1, 0.5, 1.0, 3.0)}


def one_coverage(job: tuple[str, int, int]) -> dict[str, tuple[float, ...]]:
    """Estimate once; return for each divergence the value, its interval, the bound's, the critics' bound, the least."""
    torch.set_num_threads(1)
    name, n, seed = job
    truth = COVERAGE[name]
    random = torch.Generator().manual_seed(seed)
    found = fgan.estimate(*truth.sample(n, random), NAMES, seed=seed)
    assert isinstance(found, fgan.estimation.Estimates)
    fresh = truth.sample(FRESH, random)
    critics = next(iter(found.values())).source.critics
    says = [
        [critic(side.double() if side.is_floating_point() else side).double() for critic in critics]
        for side in fresh
    ]
    results = {}
    for one, estimated in found.items():
        divergence = fgan.divergence(one)
        low, high = caps(divergence, n, n)
        bound = sum(float(divergence.real_at(said.clamp(low, high)).mean()) for said in says[0])
        bound -= sum(float(divergence.fake_at(said.clamp(low, high)).mean()) for said in says[1])
        assert estimated.bound is not None and estimated.lower_bound is not None
        results[one] = (
            estimated.value,
            *estimated.interval,
            *estimated.bound.interval(),
            bound / len(critics),
            estimated.lower_bound,
        )
    return results


def coverage(repeats: int, n: int, pool: multiprocessing.pool.Pool) -> None:
    print(
        f"coverage, n = {n}, {repeats} repeats: critics' bound in its interval | D in the value's | lower bound > D"
    )
    for name, truth in COVERAGE.items():
        runs = pool.map(one_coverage, [(name, n, seed) for seed in range(repeats)], chunksize=1)
        for one in NAMES:
            exact = truth.divergence(one)
            rows = [run[one] for run in runs]
            held = sum(low <= bound <= high for _, _, _, low, high, bound, _ in rows) / repeats
            value = sum(low <= exact <= high for _, low, high, *_ in rows) / repeats
            above = sum(row[-1] > exact for row in rows) / repeats
            print(f"  {name:22} {one:18} {exact:7.4f}  {held:6.1%} {value:6.1%} {above:6.1%}", flush=True)


def one_accuracy(job: tuple[str, int, int]) -> dict[str, tuple[float, float]]:
    """Estimate once; return for each divergence the value and the oracle's."""
    torch.set_num_threads(1)
    name, n, seed = job
    truth = ACCURACY[name]
    p, q = truth.sample(n, torch.Generator().manual_seed(seed))
    found = fgan.estimate(p, q, NAMES, seed=seed)
    assert isinstance(found, fgan.estimation.Estimates)
    results = {}
    for one, estimated in found.items():
        divergence = fgan.divergence(one)
        on_p, on_q = (truth.log_ratio(side).double() for side in (p, q))
        oracle = float(divergence.real_at(on_p).mean() - divergence.fake_at(on_q).mean())
        results[one] = (estimated.value, oracle)
    return results


def accuracy(repeats: int, n: int, pool: multiprocessing.pool.Pool) -> None:
    print(
        f"accuracy, n = {n}, {repeats} repeats, relative (TV absolute): bias, root mean square | the oracle's"
    )
    for name, truth in ACCURACY.items():
        runs = pool.map(one_accuracy, [(name, n, seed) for seed in range(repeats)], chunksize=1)
        for one in NAMES:
            exact = truth.divergence(one)
            unit = 1.0 if one == "total-variation" else exact
            texts = []
            for place in (0, 1):
                errors = [(run[one][place] - exact) / unit for run in runs]
                texts.append(f"{statistics.fmean(errors):+8.2%} {rms(errors):7.2%}")
            print(f"  {name:20} {one:18} {exact:7.4f}  {texts[0]} | {texts[1]}", flush=True)


EQUAL = {
    **{f"normal, d = {d}": lambda n, random, d=d: torch.randn(n, d, generator=random) for d in (1, 5, 20)},
    **{
        f"{k} categories": lambda n, random, k=k: torch.randint(k, (n,), generator=random)
        for k in (5, 20, 50)
    },
}
"""Draws of one distribution, by its name."""


def one_null(job: tuple[str, int, int]) -> dict[str, tuple[bool, float, float]]:
    """Return whether 0 lies in the interval, the value, and the p-value, for two sets of one distribution."""
    torch.set_num_threads(1)
    name, n, seed = job
    random = torch.Generator().manual_seed(seed)
    p, q = (EQUAL[name](n, random) for _ in range(2))
    found = fgan.estimate(p, q, ["kl", "total-variation"], permutations=999, seed=seed)
    assert isinstance(found, fgan.estimation.Estimates)
    results = {}
    for one, estimated in found.items():
        assert estimated.p_value is not None, "it was asked for"
        results[one] = (estimated.interval[0] <= 0, estimated.value, estimated.p_value)
    return results


def null(repeats: int, n: int, pool: multiprocessing.pool.Pool) -> None:
    from scipy.stats import kstest

    print(
        f"equals, n = {n}, {repeats} repeats: 0 in the interval, mean value, p-values against uniform (KS), p <= 0.05"
    )
    for name in EQUAL:
        runs = pool.map(one_null, [(name, n, seed) for seed in range(repeats)], chunksize=1)
        for one in ("kl", "total-variation"):
            inside, values, p_values = zip(*(run[one] for run in runs), strict=True)
            ks, small = kstest(p_values, "uniform").pvalue, sum(p <= 0.05 for p in p_values) / repeats
            print(
                f"  {name:16} {one:16} {sum(inside) / repeats:6.1%}  {statistics.fmean(values):.5f}  "
                f"KS {ks:.3f}  {small:.1%}",
                flush=True,
            )


def timed_samples(folder: Path, n: int = 10_000) -> dict[str, list[str]]:
    """Write samples; return by name the arguments of `fgan` that read them."""
    random = torch.Generator().manual_seed(0)
    verbs: dict[str, list[str]] = {}

    def save(name: str, verb: str, first: Tensor, second: Tensor) -> None:
        paths = [str(folder / f"{len(verbs)}-{side}.npy") for side in ("a", "b")]
        for path, side in zip(paths, (first, second), strict=True):
            np.save(path, side.numpy())
        verbs[name] = [verb, *paths, "--json"]

    def normal(d: int) -> Tensor:
        return torch.randn(n, d, generator=random, dtype=torch.float64)

    def laplace(d: int) -> Tensor:
        u = torch.rand(n, d, generator=random, dtype=torch.float64) - 0.5
        return -u.sign() * (1 - 2 * u.abs()).log()

    for d in (1, 5, 20):
        save(f"estimate, normal, d = {d}", "estimate", math.sqrt(2 / d) + normal(d), normal(d))
    for d in (1, 12):
        save(f"estimate, Laplace, d = {d}", "estimate", 0.5 + laplace(d), laplace(d))
    for d in (1, 5):
        x = normal(d)
        save(f"mi, normal, {d} + {d}", "mi", x, 0.8 * x + 0.6 * normal(d))
    x = normal(1)
    save("mi, y = x²", "mi", x, x**2)
    x = 2 * math.pi * torch.rand(n, 1, generator=random, dtype=torch.float64)
    save("mi, sine with noise", "mi", x, (2 * x).sin() + 0.3 * normal(1))
    return verbs


def seconds(repeats: int) -> None:
    """Print how long calls take where all is loaded, and whole processes with nothing remembered, in one table."""
    torch.set_num_threads(usable_cores())
    with tempfile.TemporaryDirectory() as folder:
        verbs = timed_samples(Path(folder))
        digits = fgan.load_data("mnist").train.values[:10_000]
        samples = f"{folder}/samples.npy"
        np.save(samples, torch.nn.functional.avg_pool2d(digits / 255.0, 3, 1, 1).numpy())
        verbs["evaluate, 10,000 MNIST samples"] = ["evaluate", samples, "--against", "mnist", "--json"]
        print(
            "| seconds, n = 10,000, medians | call | whole process | its processor time |\n|---|---|---|---|"
        )
        for what, arguments in verbs.items():
            rows = [once(arguments) for _ in range(repeats)]
            medians = [statistics.median(column) for column in zip(*rows, strict=True)]
            cells = ["–" if math.isnan(one) else f"{one:.1f}" for one in medians]
            print(f"| {what} | {' | '.join(cells)} |", flush=True)


def once(arguments: list[str]) -> tuple[float, float, float]:
    """Return the seconds of a call where all is loaded, of a whole process, and that one's user and system time."""
    verb, *paths = arguments[:3]
    function = {"estimate": fgan.estimate, "mi": fgan.mutual_information}.get(verb)
    call = math.nan
    if function is not None:
        first, second = (np.load(path) for path in paths)
        function(first[:100], second[:100])
        began = time.perf_counter()
        function(first, second)
        call = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as cache:  # nothing is remembered
        environment = {**os.environ, "FGAN_CACHE": cache}
        del environment["OMP_NUM_THREADS"]
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "fgan", *arguments]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        whole, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return call, whole, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rms(errors: Iterable[float]) -> float:
    return math.sqrt(statistics.fmean(error**2 for error in errors))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["coverage", "accuracy", "null", "time"])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--n", type=int, help="1000 for coverage and null, 10000 for accuracy, unless told")
    parser.add_argument(
        "--only", default="", help="coverage, accuracy and null of the laws whose name has this in it"
    )
    parser.add_argument("--jobs", type=int, default=usable_cores())
    options = parser.parse_args()
    for laws in (COVERAGE, ACCURACY, EQUAL):
        for name in [name for name in laws if options.only not in name]:
            del laws[name]
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for part, run, n in (
            ("coverage", coverage, 1000),
            ("accuracy", accuracy, 10_000),
            ("null", null, 1000),
        ):
            if part in options.parts:
                run(options.repeats, options.n or n, pool)
    if "time" in options.parts:
        seconds(min(options.repeats, 5))


if __name__ == "__main__":
    main()
