"""The Fréchet distance between two sets of features, known as FID where the features are Inception's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from fgan.evaluation.domain import Caveat, require_memory_of
from fgan.evaluation.jackknife import GROUPS, Jackknife, group_of, jackknife, leave_out, sum_by_group
from fgan.output import watched

COLUMNS = 2**22
"""Numbers of features that are held in float64 at once where products are added up over features."""
DOUBLE = 8
"""Bytes of a number in float64."""
SMALL = 1024
"""Rows of a matrix that one thread decomposes as fast as several."""


def frechet_distance(samples: Tensor, reference: Tensor) -> Jackknife:
    r"""Return ‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁^½ Σ₂ Σ₁^½)^½), of features (n, d) and (m, d).

    The units are squared units of the features. It is biased upwards, more so for fewer samples: compare it with the
    real-vs-real baseline of the same size. The cheaper of two exact float64 forms is used:

    - from covariances (d, d), whose root is taken of a symmetric matrix, exact where covariances are singular;
    - for fewer samples than features from the centred products of samples, the trace of the root being the nuclear
      norm of X₁X₂ᵀ / √((n-1)(m-1)), (n, m).

    Raises:
        FganError: for fewer than 20 samples in either set.
        MemoryLimitError: if not even the cheaper form fits into memory.

    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (2017), eq. 6; Dowson and Landau (1982).

    >>> x = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    >>> round(frechet_distance(x + 2, x).value, 6)
    12.0
    """
    (n, d), m = samples.shape, len(reference)
    by_products = n * m * min(n, m) < d**3
    # Products, centred copies and workspace; or covariances of all and of each group, of a fold, and workspace.
    needed = 5 * n * m + 4 * COLUMNS if by_products else (2 * (GROUPS + 2) + 12) * d**2 + 2 * (n + m) * d
    require_memory_of("fid", needed * DOUBLE, samples, reference)
    folds = _folds_of_products if by_products else _folds_of_covariances
    found = jackknife(list(watched(folds(samples, reference), "fid", 1 + GROUPS)))
    return found.with_caveats(*_caveats(found, n, m, d))


def _caveats(found: Jackknife, n: int, m: int, d: int) -> Iterator[Caveat]:
    """Warn if bias is most of the value, or a part that the jackknife finds."""
    bias = found.bias
    if min(n, m) <= d:
        yield Caveat(
            f"fid of {min(n, m)} samples with {d} features each is mostly bias; use kid, which is unbiased, "
            "or more samples"
        )
    elif bias >= found.value / 2 > 0:
        yield Caveat(
            f"about {bias:.2g} of it is bias from only {n} samples against {m}; use kid, which is unbiased, "
            "or more samples"
        )


def _folds_of_covariances(samples: Tensor, reference: Tensor) -> Iterator[float]:
    # About a common centre, sums of squares lose no digits.
    center = reference.double().mean(0)
    both = (moments(samples.double() - center), moments(reference.double() - center))
    for (m1, c1), (m2, c2) in zip(*both, strict=True):
        yield distance_of_moments(m1, c1, m2, c2)


def moments(features: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield mean (d,) and covariance (d, d) of float64 features (n, d): of all, then without each group."""
    n = leave_out(sum_by_group(torch.ones(len(features), dtype=torch.float64, device=features.device)))
    mean = leave_out(sum_by_group(features)) / n[:, None]
    group = group_of(len(features), features.device)
    parts = (features[group == g] for g in range(GROUPS))
    outer = torch.stack([part.T @ part for part in parts])
    total = outer.sum(0)
    for fold in range(1 + GROUPS):
        products = total - outer[fold - 1] if fold else total
        spread = products - n[fold] * mean[fold][:, None] * mean[fold][None, :]
        yield mean[fold], spread / (n[fold] - 1).clamp(min=1)


def distance_of_moments(m1: Tensor, c1: Tensor, m2: Tensor, c2: Tensor) -> float:
    """Return the Fréchet distance between two normal distributions, from float64 means and covariances."""
    with threads_for(len(c2)):
        values, vectors = torch.linalg.eigh(c2)
        root = vectors * values.clamp(min=0).sqrt() @ vectors.T
        cross = torch.linalg.eigvalsh(root @ c1 @ root).clamp(min=0).sqrt().sum()
    return max(float((m1 - m2).square().sum() + c1.trace() + c2.trace() - 2 * cross), 0.0)


def _folds_of_products(samples: Tensor, reference: Tensor) -> Iterator[float]:
    """Yield the distance of all, then without each group of both, from one matrix of products (n, m)."""
    n, m, d = len(samples), len(reference), samples.shape[1]
    device = samples.device
    products = torch.zeros(n, m, dtype=torch.float64, device=device)
    squares = [torch.zeros(count, dtype=torch.float64, device=device) for count in (n, m)]
    # Squared distance of the means, and squared norms of both, for each fold.
    between, *norms = torch.zeros(3, 1 + GROUPS, dtype=torch.float64, device=device)
    counts = [leave_out(torch.bincount(group_of(count, device)).double()) for count in (n, m)]
    for columns in torch.arange(d, device=device).split(max(COLUMNS // (n + m), 1)):
        parts = [side[:, columns[0] : columns[-1] + 1].double() for side in (samples, reference)]
        center = parts[1].mean(0)
        x, y = (part - center for part in parts)
        products += x @ y.T
        means = [
            leave_out(sum_by_group(side)) / count[:, None] for side, count in zip((x, y), counts, strict=True)
        ]
        between += (means[0] - means[1]).square().sum(1)
        for side, mean, square, norm in zip((x, y), means, squares, norms, strict=True):
            square += side.square().sum(1)
            norm += mean.square().sum(1)
    totals = [leave_out(sum_by_group(square)) for square in squares]
    rows, others = group_of(n, device), group_of(m, device)
    for fold in range(1 + GROUPS):
        within = products[rows != fold - 1][:, others != fold - 1] if fold else products
        free = [(count[fold] - 1).clamp(min=1) for count in counts]
        spread = sum(
            (total[fold] - count[fold] * norm[fold]) / degrees
            for total, count, norm, degrees in zip(totals, counts, norms, free, strict=True)
        )
        norm = small_nuclear_norm(centered(within)) if fold else nuclear_norm(centered(within))
        cross = norm / (free[0] * free[1]).sqrt()
        yield max(float(between[fold] + spread - 2 * cross), 0.0)


def centered(products: Tensor) -> Tensor:
    """Return the products of two sets about their own means, from those about any point: (n, m)."""
    rows = products.mean(1, keepdim=True)
    return products - rows - (products.mean(0) - rows.mean())


def small_nuclear_norm(products: Tensor) -> Tensor:
    """Return the sum of singular values, each to 1e-8 of the largest: enough for folds, at a third of the time.

    >>> round(float(small_nuclear_norm(torch.tensor([[3.0, 0.0, 0.0], [0.0, -4.0, 0.0]]).double())), 6)
    7.0
    """
    wide = products if products.shape[0] <= products.shape[1] else products.T
    squared = wide @ wide.T
    with threads_for(len(squared)):
        return torch.linalg.eigvalsh(squared).clamp(min=0).sqrt().sum()


def nuclear_norm(products: Tensor) -> Tensor:
    """Return the sum of singular values."""
    with threads_for(min(products.shape)):
        return torch.linalg.svdvals(products).sum()


@contextmanager
def threads_for(size: int) -> Iterator[None]:
    """Decompose a small matrix in one thread: several gain nothing, and wait for each other at every column.

    On two cores that other programs used too, two threads took 0.9 s for 570 rows, one took 0.07 s.
    """
    before = torch.get_num_threads()
    if size > SMALL or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
