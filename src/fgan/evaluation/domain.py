"""Where metrics are valid: caveats, and the memory that they need."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from fgan.errors import FganError
from fgan.memory import require_memory

FEWER = (
    "Use fewer samples (--n, n=) or an extractor with fewer features (--extractor, extractor=), or leave the "
    "metric out."
)


@dataclass(frozen=True)
class Caveat:
    """A reason to trust a number less.

    Args:
        text: the reason, with figures.
        unusable: whether the number is meaningless.
    """

    text: str
    unusable: bool = False


LARGEST = 1e20
"""Largest feature whose sixth power, squared, is still finite."""
MOST_WITHOUT_BALL = 0.05
"""Largest share of neighbourhoods of radius 0 for which the metrics are still usable."""


def empty_balls(empty: Tensor, k: int, whose: str) -> tuple[Caveat, ...]:
    """Return a caveat for samples (n,) whose k-th neighbour is at distance 0.

    >>> import torch
    >>> empty_balls(torch.tensor([True, True, False]), 5, "real samples")[0].unusable
    True
    """
    count, n = int(empty.sum()), len(empty)
    if not count:
        return ()
    unusable = count > MOST_WITHOUT_BALL * n
    end = "these numbers are meaningless" if unusable else "these numbers may be off by that share"
    return (
        Caveat(
            f"{count} of {n} {whose} have at least {k} duplicates, so their neighbourhood is empty: {end}. "
            "Remove duplicates",
            unusable,
        ),
    )


def constant_features(samples: Tensor, reference: Tensor, every: bool) -> tuple[Caveat, ...]:
    """Return a caveat for features (n, d), (m, d) that are constant in the reference.

    Args:
        samples, reference: the features.
        every: warn about any constant feature, rather than only if all are constant.

    >>> import torch
    >>> x = torch.tensor([[1.0, 2.0], [1.0, 3.0]])
    >>> constant_features(x, x, every=True)[0].text
    '1 of 2 features is constant in the real samples'
    """
    fixed = reference.amax(0) == reference.amin(0)
    count, d = int(fixed.sum()), len(fixed)
    if not count or (count < d and not every):
        return ()
    differ = int((samples[:, fixed] != reference[0, fixed]).any(0).sum())
    if count == d and not differ:
        return (
            Caveat(
                f"all {d} features are constant and equal in both sets, so they carry no information",
                unusable=True,
            ),
        )
    others = f", but {differ} of them vary in the samples" if differ else ""
    return (
        Caveat(
            f"{count} of {d} features {'is' if count == 1 else 'are'} constant in the real samples{others}"
        ),
    )


def require_finite(features: Tensor) -> Tensor:
    """Return features (n, d) if metrics can use them.

    Raises:
        FganError: if some are not finite, or so large that sums of their powers would overflow.
    """
    largest = float(features.abs().max()) if features.numel() else 0.0
    if not largest <= LARGEST:
        raise FganError(
            f"features must be finite and below {LARGEST:g}; some are "
            f"{'as large as ' + format(largest, '.3g') if math.isfinite(largest) else 'NaN or infinite'}. "
            "Check the extractor, or scale its output."
        )
    return features


def require_memory_of(metric: str, needed: float, *sides: Tensor, device: object = None) -> None:
    """Refuse a metric that needs more memory than is free, in addition to the features (n, d) of both sides.

    Raises:
        MemoryLimitError: if the memory is not free.
    """
    sizes = " against ".join(f"{len(side):,}" for side in sides)
    what = f"{metric} of {sizes} samples with {sides[0].shape[1]:,} features each"
    require_memory(needed, what, FEWER, device or sides[0].device)
