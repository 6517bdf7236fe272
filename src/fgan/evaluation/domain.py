"""Where metrics hold: what is said beside a number that is less than it seems, and what does not fit into memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from fgan.errors import FganError
from fgan.memory import require_memory

FEWER = (
    "Take fewer samples (--n, or n= in Python) or features of fewer numbers (--extractor, extractor=), "
    "or leave the metric out."
)


@dataclass(frozen=True)
class Caveat:
    """What makes a number less than it seems.

    Args:
        text: what it is, with the figures.
        unusable: whether the number says nothing at all.
    """

    text: str
    unusable: bool = False


LARGEST = 1e20
"""Features beyond which sixth powers, and squares of these, leave the numbers."""
MOST_WITHOUT_BALL = 0.05
"""Share of neighbourhoods without extent up to which the shares that they decide are still of use."""


def empty_balls(empty: Tensor, k: int, whose: str) -> tuple[Caveat, ...]:
    """Return what to say where the k-th neighbour of samples is at the same place, bool (n,).

    >>> import torch
    >>> empty_balls(torch.tensor([True, True, False]), 5, "real samples")[0].unusable
    True
    """
    count, n = int(empty.sum()), len(empty)
    if not count:
        return ()
    unusable = count > MOST_WITHOUT_BALL * n
    end = (
        "what depends on them says nothing" if unusable else "what depends on them is off by as much at most"
    )
    return (
        Caveat(
            f"the radius is 0 for {count} of {n} {whose}, which are repeated at least {k} times more: nothing lies "
            f"in their neighbourhoods, and {end}. Leave repeated ones out",
            unusable,
        ),
    )


def constant_features(samples: Tensor, reference: Tensor, every: bool) -> tuple[Caveat, ...]:
    """Return what to say of features (n, d), (m, d) that do not vary in the reference.

    Args:
        samples, reference: the features.
        every: say so for any of them, rather than only where none varies.

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
            Caveat(f"all {d} features are constant and the same in both: they tell nothing", unusable=True),
        )
    others = f", and {differ} of them not in the samples" if differ else ""
    return (
        Caveat(
            f"{count} of {d} features {'is' if count == 1 else 'are'} constant in the real samples{others}"
        ),
    )


def require_finite(features: Tensor) -> Tensor:
    """Return features (n, d) that metrics can compute with.

    Raises:
        FganError: where some are not finite, or so large that sums of their powers would not be.
    """
    largest = float(features.abs().max()) if features.numel() else 0.0
    if not largest <= LARGEST:
        raise FganError(
            f"features must be finite numbers, below {LARGEST:g}; some are "
            f"{'as large as ' + format(largest, '.3g') if math.isfinite(largest) else 'NaN or infinite'}. "
            "Look at what makes them, or scale them."
        )
    return features


def require_memory_of(metric: str, needed: float, *sides: Tensor, device: object = None) -> None:
    """Refuse a metric that needs more bytes than are free, besides the features of its sides (n, d), where they are.

    Raises:
        MemoryLimitError: where they are not free.
    """
    sizes = " against ".join(f"{len(side):,}" for side in sides)
    what = f"{metric} of {sizes} samples with {sides[0].shape[1]:,} numbers each"
    require_memory(needed, what, FEWER, device or sides[0].device)
