"""How the two terms of a divergence grow at extreme log-ratios.

There they overflow, but their product with a probability does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences.elementary import TensorMap

SURE, FURTHEST, NEAREST = 1e30, 1e5, 1.0
"""A term this large, or as small as its inverse, is a pure power of u to the last digit. One that is neither at the
log-ratio 1e5 never over- or underflows."""
LARGEST = 1e280


@dataclass(frozen=True)
class Tail:
    """A term that is sign e^(shift + power l) for extreme l on one side.

    >>> Tail.of(torch.exp, 1.0)
    Tail(sign=1.0, shift=0.0, power=1.0)
    """

    sign: float
    shift: float
    power: float

    @classmethod
    def of(cls, term: TensorMap, side: float) -> Tail:
        """Measure a term of the log-ratio for l -> +inf (side 1) or -inf (side -1), in float64."""

        def size(at: float) -> float:
            return float(term(torch.tensor(side * at, dtype=torch.float64)).abs())

        anchor, rounded = 300.0, False
        while 1 / SURE < size(anchor) < SURE and anchor < FURTHEST:
            anchor *= 2
        while not 1 / LARGEST < size(anchor) < LARGEST:
            rounded |= size(anchor) == 0
            anchor /= 2
            if anchor < NEAREST:
                return cls(0.0, 0.0, 0.0)
        if rounded:  # what rounds to 0 soon has few digits just before
            anchor /= 2
        here, there = math.log(size(anchor)), math.log(size(0.75 * anchor))
        power = round((here - there) / (0.25 * anchor * side), 9)
        sign = float(term(torch.tensor(side * anchor, dtype=torch.float64)).sign())
        return cls(sign, here - power * anchor * side, power)


@dataclass(frozen=True)
class Tails:
    """The tails of T and of f*(T): for l -> -inf, and for l -> +inf."""

    real: tuple[Tail, Tail]
    fake: tuple[Tail, Tail]

    @classmethod
    def of(cls, real_at: TensorMap, fake_at: TensorMap) -> Tails:
        """Measure both."""
        real, fake = ((Tail.of(term, -1.0), Tail.of(term, 1.0)) for term in (real_at, fake_at))
        return cls(real, fake)


def far_product(
    tails: tuple[Tail, Tail], of_p: bool, log_p: Tensor, log_q: Tensor, log_ratio: Tensor
) -> Tensor:
    """Return p (or q, unless `of_p`) times a term with these tails, elementwise, without computing the term.

    Below l = 0 the exponent starts from log q, above from log p: from the larger of the two, which is accurate.
    """
    below, above = tails
    down = below.sign * (log_q + below.shift + (below.power + of_p) * log_ratio).exp()
    up = above.sign * (log_p + above.shift + (above.power - (not of_p)) * log_ratio).exp()
    return torch.where(log_ratio < 0, down, up)
