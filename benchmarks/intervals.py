"""How often the 95% intervals of evaluation hold what they are about, on repeated draws of a known pair.

    python benchmarks/intervals.py [--repeats 400] [--n 1000]

Samples are N(0.3, 1.2² I), the data N(0, I), in eight dimensions; each repeat draws both anew. A kernel distance has
its exact truth, and the classifiers of a two-sample test have their accuracy on 20,000 fresh samples; the others'
truth is their expectation with that many samples, the mean over all repeats.
"""

from __future__ import annotations

import argparse

import torch
from many import in_parallel

from fgan.evaluation.classes import class_coverage, classifier_score
from fgan.evaluation.copying import closeness, nearest_training
from fgan.evaluation.frechet import frechet_distance
from fgan.evaluation.jackknife import Uncertain
from fgan.evaluation.kernel import kernel_distance
from fgan.evaluation.neighbours import precision_recall
from fgan.evaluation.parzen import log_likelihood
from fgan.evaluation.two_sample import classifier_accuracy, cross_fitted

DIMENSION, SHIFT, SCALE = 8, 0.3, 1.2


def draw(n: int, random: torch.Generator, samples: bool = False) -> torch.Tensor:
    x = torch.randn(n, DIMENSION, generator=random)
    return SHIFT + SCALE * x if samples else x


def work(job: tuple[int, int]) -> tuple[dict[str, Uncertain], float]:
    seed, n = job
    random = torch.Generator().manual_seed(seed)
    x, y, validation = draw(n, random, samples=True), draw(n, random), draw(200, random)
    training = draw(4 * n, torch.Generator().manual_seed(10**6))
    near = [nearest_training(side, training)[0][:, 0] for side in (x, y)]
    fresh = [draw(20_000, random, samples) for samples in (True, False)]
    accuracy = sum(
        (classifier.predict(side.numpy()) == label).mean()
        for classifier in cross_fitted(x, y)
        for label, side in enumerate(fresh)
    )
    return {
        "fid": frechet_distance(x, y),
        "kid": kernel_distance(x, y),
        "is": classifier_score(3 * x),
        **precision_recall(x, y),
        "modes-kl": class_coverage(x, y)["modes-kl"],
        "kde": log_likelihood(x, y, validation)[0],
        "closer-to-training": closeness(near[0], near[1]),
        "c2st": classifier_accuracy(x, y),
    }, float(accuracy) / 4


def kernel_truth() -> float:
    """Return the kernel distance of the two distributions, from 4 million independent pairs of each kind."""
    random = torch.Generator().manual_seed(10**6 + 1)
    n = 4_000_000

    def expected(one: bool, other: bool) -> float:
        products = (draw(n, random, one).double() * draw(n, random, other).double()).sum(1)
        return float(((products / DIMENSION + 1) ** 3).mean())

    return expected(True, True) + expected(False, False) - 2 * expected(True, False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=None)
    arguments = parser.parse_args()
    jobs = [(seed, arguments.n) for seed in range(arguments.repeats)]
    done = [found for _, found in in_parallel(work, jobs, arguments.jobs)]
    results, accuracies = [found for found, _ in done], [accuracy for _, accuracy in done]
    print(f"{arguments.repeats} draws of {arguments.n} samples; nominal 95%")
    print(f"{'number':<20} {'truth':>10} {'covered':>8} {'spread':>10} {'mean standard error':>20}")
    for name in results[0]:
        values = torch.tensor([found[name].value for found in results], dtype=torch.float64)
        truth = kernel_truth() if name == "kid" else values.mean().item()
        truths = accuracies if name == "c2st" else [truth] * len(results)
        intervals = [found[name].interval() for found in results]
        pairs = zip(intervals, truths, strict=True)
        covered = sum(low <= truth <= high for (low, high), truth in pairs) / len(results)
        error = sum(found[name].standard_error for found in results) / len(results)
        print(
            f"{name:<20} {truth:>10.4f} {covered:>8.1%} {values.std().item():>10.4f} {error:>20.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
