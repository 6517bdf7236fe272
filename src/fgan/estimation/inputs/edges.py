"""Where one set ends sharply and the other goes on, as uniform ones do: a step, which no smooth feature has."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.estimation.inputs.outliers import ranked_columns

SHARP = 2.0
"""Up to so many times as far from its end as uniform samples, the outermost samples make an edge."""
BEYOND = 0.05
"""Share of the other set that lies beyond an edge, at least."""


@dataclass(frozen=True)
class Edges:
    """Features of scaled inputs (n, d): each coordinate, and whether it is beyond an edge.

    Args:
        columns, places, signs: of each edge its coordinate, where it is, and 1 where beyond is above, -1 below.
    """

    columns: Tensor
    places: Tensor
    signs: Tensor

    @property
    def __name__(self) -> str:
        """What regressions on these features are called."""
        return "edges"

    def __call__(self, x: Tensor) -> Tensor:
        """Return x and the steps (n, d + edges)."""
        beyond = (x[:, self.columns] - self.places) * self.signs > 0
        return torch.cat([x, beyond.to(x.dtype)], 1)


def edges_of(p: Tensor, q: Tensor) -> Edges | None:
    """Return the edges of scaled inputs (n, d), (m, d); None where neither set ends sharply within the other.

    >>> random = torch.Generator().manual_seed(0)
    >>> p, q = torch.rand(500, 1, generator=random), 10 * torch.rand(500, 1, generator=random)
    >>> edges_of(p, q).signs.tolist(), edges_of(p.logit(), q.logit().nan_to_num(9.0))
    ([1.0], None)
    """
    found = [*_ends_within(p, q), *_ends_within(q, p)]
    if not found:
        return None
    columns, places, signs = zip(*found, strict=True)
    return Edges(torch.tensor(columns), torch.tensor(places), torch.tensor(signs))


def columns_that_end_within(ends: Tensor, other: Tensor) -> list[int]:
    """Return the columns of samples (n, d) that end sharply where others (m, d) go on."""
    return sorted({column for column, _, _ in _ends_within(ends, other)})


def _ends_within(ends: Tensor, other: Tensor) -> list[tuple[int, float, float]]:
    """Return column, place and direction of each edge of samples within others."""
    found = []
    for sign in (1.0, -1.0):
        ranked = ranked_columns(sign * ends).flip(0)
        outermost = math.ceil(math.sqrt(len(ends)))
        end, near, middle = ranked[0], ranked[outermost], ranked[len(ends) // 2]
        sharp = (end > near) & (end - near < SHARP * 2 * outermost / len(ends) * (end - middle))
        beyond = (sign * other > end).double().mean(0) > BEYOND
        found += [
            (column, sign * float(end[column]), sign)
            for column in (sharp & beyond).nonzero().flatten().tolist()
        ]
    return found
