"""Metrics of memorisation: does a generator repeat its training samples?"""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.evaluation.domain import Caveat, require_memory_of
from fgan.evaluation.jackknife import Jackknife, Uncertain, folds, group_of, proportion
from fgan.evaluation.neighbours import Points, bytes_of_points, nearest
from fgan.output import watched


def nearest_training(
    features: Tensor, training: Tensor, count: int = 1, block: int = 1000
) -> tuple[Tensor, Tensor]:
    """Return the squared distances of features (n, d) to the nearest of (t, d), and their rows, (n, count)."""
    needed = bytes_of_points(len(features), len(training), d=features.shape[1], block=block)
    require_memory_of("copying", needed, features, training)
    center = training.mean(0, dtype=torch.float64)
    x, t = Points(features - center), Points(training - center)
    parts = watched(torch.arange(len(x), device=features.device).split(block), "copying")
    found = [nearest(x, t, rows, count) for rows in parts]
    distances, rows = zip(*found, strict=True)
    return torch.cat(distances), torch.cat(rows)


def closeness(distances: Tensor, unseen: Tensor) -> Jackknife:
    """Return the probability that a sample is closer to the training set than an unseen real sample is.

    ½ for new samples of the same distribution, 1 for copies; below ½, samples lie away from the data.

    Args:
        distances: of samples to their nearest training samples (n,).
        unseen: of real samples that training never saw (m,).

    Source: Meehan, Chaudhuri, Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative Models"
    (2020), eq. 1.

    >>> closeness(torch.zeros(20), torch.ones(20)).value
    1.0
    """
    ours, theirs = group_of(len(distances), distances.device), group_of(len(unseen), unseen.device)

    def without(group: int | None) -> float:
        a, b = (distances, unseen) if group is None else (distances[ours != group], unseen[theirs != group])
        return probability_below(a, b)

    return folds(without).with_caveats(*repeats(unseen))


def repeats(unseen: Tensor) -> tuple[Caveat, ...]:
    """Return a caveat if unseen real samples are duplicates of training samples, from distances (m,)."""
    again = int((unseen == 0).sum())
    if not again:
        return ()
    text = f"{again} of {len(unseen)} unseen real samples are also in the training set, so copies look like new samples"
    return (Caveat(text, unusable=2 * again >= len(unseen)),)


def near_copies(distances: Tensor, unseen: Tensor) -> Uncertain:
    """Return the share of samples closer to the training set than 99% of the unseen real samples.

    About 0.01 for new samples. It detects a few copies among poor samples, where `closeness` may average to ½.

    Args:
        distances, unseen: as `closeness` takes them.

    >>> near_copies(torch.tensor([0.0] * 10 + [9.0] * 30), torch.arange(1.0, 101.0)).value
    0.25
    """
    near = torch.quantile(unseen, 0.01)
    found = proportion(distances < near)
    if near == 0:
        return found.with_caveats(
            Caveat(
                "at least 1% of the unseen real samples are training samples, so nothing can be closer", True
            )
        )
    if len(unseen) < 100:
        return found.with_caveats(
            Caveat(f"{len(unseen)} unseen real samples are too few for the 1% threshold")
        )
    return found


def probability_below(a: Tensor, b: Tensor) -> float:
    """Return P(a < b) + ½ P(a = b) over all pairs of numbers (n,) and (m,): Mann and Whitney's U / nm.

    >>> probability_below(torch.tensor([1.0, 3.0]), torch.tensor([2.0, 3.0]))
    0.625
    """
    ordered = b.sort().values
    at_most = torch.searchsorted(ordered, a.contiguous(), right=True)
    below = torch.searchsorted(ordered, a.contiguous(), right=False)
    return 1 - float((at_most + below).double().mean()) / (2 * len(b))


def repeated(values: Tensor, training: Tensor) -> Tensor:
    """Return which values (n, *shape) equal a training sample (t, *shape) in every number, bool (n,)."""
    known = {row.tobytes() for row in training.cpu().numpy()}
    return torch.tensor([row.tobytes() in known for row in values.cpu().numpy()])
