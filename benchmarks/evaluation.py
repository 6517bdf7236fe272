"""Evaluation side by side with its peers: prdc and torchmetrics, on the same features, and how long it all takes.

    python benchmarks/evaluation.py [--n 10000] [--dimension 2048] [--repeats 3] [--device cpu]

Precision, recall, density and coverage against the prdc package, in turns, each in a process of its own so that its
peak of memory is its own; then fid and kid against torchmetrics; then all of `fgan evaluate` on MNIST, if it is at
hand. The first number is what published code gives for two standard normal sets.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import resource
import statistics
import time

import torch

WARM_UP = 500


def normal_sets(n: int, dimension: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, n, dimension, generator=random)
    return x, y


def ours(x: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    from fgan.evaluation.neighbours import precision_recall

    return {name: found.value for name, found in precision_recall(x, y).items()}


def theirs(x: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    import prdc

    with contextlib.redirect_stdout(io.StringIO()):
        return {name: float(value) for name, value in prdc.compute_prdc(y.numpy(), x.numpy(), 5).items()}


def measured(job: tuple[str, int, int, str]) -> tuple[dict[str, float], float, float]:
    who, n, dimension, device = job
    x, y = (side.to(device) for side in normal_sets(n, dimension))
    function = {"fgan": ours, "prdc": theirs}[who]
    function(x[:WARM_UP], y[:WARM_UP])
    began = time.perf_counter()
    found = function(x, y)
    seconds = time.perf_counter() - began
    return found, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def neighbours(n: int, dimension: int, repeats: int, device: str) -> None:
    seconds: dict[str, list[float]] = {"fgan": [], "prdc": []}
    memory, found = {}, {}
    for _ in range(repeats):
        for who in seconds:
            # A fresh process each: the peak of memory never falls within one.
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                where = device if who == "fgan" else "cpu"
                found[who], took, memory[who] = pool.apply(measured, ((who, n, dimension, where),))
            seconds[who].append(took)
    print(f"precision, recall, density, coverage of {n} against {n} of {dimension} dimensions")
    for who, values in found.items():
        numbers = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        print(
            f"  {who}: {numbers}  {statistics.median(seconds[who]):.1f} s, at most {memory[who]:.2f} GB in all"
        )
    ratios = sorted(b / a for a, b in zip(seconds["fgan"], seconds["prdc"], strict=True))
    print(
        f"  prdc / fgan, seconds: median {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
    )


def torchmetrics_agree(n: int, dimension: int) -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    from fgan.evaluation.frechet import frechet_distance
    from fgan.evaluation.kernel import kernel_distance

    class Features(torch.nn.Identity):
        num_features = dimension

    x, y = (side.double() for side in normal_sets(n, dimension))
    x = 1.1 * x.abs()
    for name, function, kind, options in (
        ("fid", frechet_distance, FrechetInceptionDistance, {}),
        ("kid", kernel_distance, KernelInceptionDistance, {"subsets": 1, "subset_size": n}),
    ):
        metric = kind(feature=Features(), **options)
        metric.update(y, real=True)
        metric.update(x, real=False)
        value = metric.compute()
        expected = float(value[0] if isinstance(value, tuple) else value)
        mine = function(x, y).value
        print(
            f"  {name}: fgan {mine:.10g}, torchmetrics {expected:.10g}, apart by {abs(mine / expected - 1):.1e}"
        )


def whole(device: str) -> None:
    import fgan

    data = fgan.load_data("mnist")
    blurred = torch.nn.functional.avg_pool2d(data.train.values[:10_000] / 255.0, 3, 1, 1)
    other = blurred.roll(1, dims=3)  # other samples, whose features nothing remembers
    for cache, what in ((False, "nothing remembered"), (True, "features of the real samples remembered")):
        if cache:
            fgan.evaluate(other, data, metrics=("fid", "copying"), device=device)
        began = time.perf_counter()
        found = fgan.evaluate(blurred, data, device=device, cache=cache)
        print(f"all of fgan.evaluate, 10,000 blurred digits, {what}: {time.perf_counter() - began:.0f} s")
    print(found.table())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--parts", nargs="+", default=["published", "prdc", "torchmetrics", "mnist"])
    arguments = parser.parse_args()
    if "published" in arguments.parts:
        print(
            "published for N(0, I) of 1,000 dimensions, 10,000 each: P .477, R .471, D 1.056, C .974; here:"
        )
        found = ours(*(side.to(arguments.device) for side in normal_sets(10_000, 1000)))
        print("  " + "  ".join(f"{name} {value:.3f}" for name, value in found.items()))
    if "prdc" in arguments.parts:
        neighbours(arguments.n, arguments.dimension, arguments.repeats, arguments.device)
    if "torchmetrics" in arguments.parts:
        torchmetrics_agree(2000, 64)
    if "mnist" in arguments.parts:
        whole(arguments.device)


if __name__ == "__main__":
    main()
