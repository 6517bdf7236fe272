"""Mutual information of a binary label and a vector: how often the interval holds the truth, and what it costs.

    python benchmarks/labels.py coverage [--repeats 40] [--dimensions 1 20 50 100] [--apart 2]
    python benchmarks/labels.py time [--repeats 5]

The vector is standard normal but for one coordinate, whose mean is -apart or apart by the label; n = 2,000. The second
times whole processes, `import fgan` included, with two threads
unless OMP_NUM_THREADS says otherwise.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

import numpy as np
from many import in_parallel
from numpy.polynomial.hermite_e import hermegauss

import fgan

N = 2000
PROCESS = """
import numpy as np, fgan
random = np.random.default_rng(0)
y = random.integers(0, 2, 2000)
print(fgan.mutual_information(y, random.normal(size=2000) + 2 * (2 * y - 1)))
"""


def truth(apart: float) -> float:
    """Return log 2 - E[log(1 + e^(-2 m z))] over z of N(m, 1), the same for both labels."""
    x, weight = hermegauss(100)
    return float(weight @ (np.log(2) - np.logaddexp(0, -2 * apart * (x + apart))) / weight.sum())


def work(job: tuple[int, int, float]) -> tuple[float, float, float, float, float]:
    seed, dimension, apart = job
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, N)
    z = random.normal(size=(N, dimension))
    z[:, 0] += apart * (2 * label - 1)
    start = time.process_time()
    found = fgan.mutual_information(label, z, seed=seed)
    assert found.lower_bound is not None
    return found.value, *found.interval, found.lower_bound, time.process_time() - start


def coverage(repeats: int, dimensions: list[int], apart: float, jobs: int | None) -> None:
    exact = truth(apart)
    print(f"truth {exact:.4f}; {repeats} draws of {N} samples; nominal 95%")
    print(
        f"{'dimension':>9} {'covered':>8} {'mean value':>11} {'half width':>11} {'bound above':>12} {'seconds':>8}"
    )
    for dimension in dimensions:
        work_of = [(seed, dimension, apart) for seed in range(repeats)]
        found = np.array([one for _, one in in_parallel(work, work_of, jobs)])
        value, low, high, least, seconds = found.T
        covered = ((low <= exact) & (exact <= high)).mean()
        print(
            f"{dimension:>9} {covered:>8.1%} {value.mean():>11.4f} {(high - low).mean() / 2:>11.4f} "
            f"{(least > exact).mean():>12.1%} {seconds.mean():>8.2f}",
            flush=True,
        )


def whole_process(repeats: int) -> None:
    for _ in range(repeats):
        before, start = os.times(), time.perf_counter()
        subprocess.run([sys.executable, "-c", PROCESS], check=True, env={"OMP_NUM_THREADS": "2"} | os.environ)
        now = os.times()
        used = now.children_user + now.children_system - before.children_user - before.children_system
        print(f"{time.perf_counter() - start:.1f} s, {used:.1f} s of processor time", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("coverage", "time"))
    parser.add_argument("--repeats", type=int, default=None)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[1, 20, 50, 100])
    parser.add_argument("--apart", type=float, default=2.0)
    parser.add_argument("--jobs", type=int, default=None)
    arguments = parser.parse_args()
    if arguments.what == "time":
        whole_process(arguments.repeats or 5)
    else:
        coverage(arguments.repeats or 40, arguments.dimensions, arguments.apart, arguments.jobs)


if __name__ == "__main__":
    main()
