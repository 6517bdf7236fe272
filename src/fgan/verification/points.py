"""The points at which laws are checked, and the wording of complaints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.elementary import TensorMap

# No round numbers, so that no kink of an f lies on a point.
LOG_RATIOS = torch.linspace(-6, 6, 48, dtype=torch.float64) + 0.01234
OUTPUTS = torch.linspace(-8, 8, 64, dtype=torch.float64) + 0.00567
_FAR = torch.logspace(-3, 24, 1100, dtype=torch.float64)
_NEAR = torch.linspace(-40, 40, 401, dtype=torch.float64)
REACH = torch.cat([-_FAR, _NEAR, _FAR]).unique()
"""Critic outputs from -1e24 to 1e24: some links approach their limits only like 1/v, and T = v must be as large as
f'(u)."""
ROUNDS, SPLITS = 6, 17


def complaint(wrong: Tensor, text: str, **values: Tensor) -> str | None:
    """Return the text with the values at the broken point whose first value is nearest to 0.

    Args:
        wrong: where the law breaks.
        text: with a field in braces for each value.
        values: tensors that broadcast to the shape of `wrong`; the first is the location.

    >>> u = torch.tensor([3.0, 2.0, 1.0])
    >>> complaint(u > 1.5, "f({u:g}) is wrong", u=u)
    'f(2) is wrong'
    """
    if not wrong.any():
        return None
    spread = {key: value.detach().broadcast_to(wrong.shape) for key, value in values.items()}
    nearest = next(iter(spread.values())).abs().nan_to_num(nan=math.inf)
    place = torch.where(wrong, nearest, math.inf).flatten().argmin()
    return text.format(**{key: float(value.flatten()[place]) for key, value in spread.items()})


def slope_of(function: TensorMap, x: Tensor, *, again: bool = False) -> Tensor:
    """Return the derivative of an elementwise function by automatic differentiation; 0 where it is constant.

    Args:
        function: what to differentiate.
        x: where.
        again: whether the result will be differentiated again.
    """
    at = x if again else x.detach().clone().requires_grad_()
    value = function(at * 1)  # no leaf, so that code may write into it
    if not value.requires_grad:
        return torch.zeros_like(x)
    (slope,) = torch.autograd.grad(value.sum(), at, create_graph=again, allow_unused=True)
    return torch.zeros_like(x) if slope is None else slope


def slopes(d: Divergence, log_ratios: Tensor = LOG_RATIOS) -> Tensor:
    """Return T at these ratios inside the domain of f*, and, where f'(0) is finite, some below it."""
    low, t = d.slope_at_zero, d.real_at(log_ratios)
    if not d.smooth:  # inside the jumps of f', and between the T where it has none
        edges = torch.cat([t, _finite_ends(d)]).unique()
        edges = edges[torch.cat([edges.diff() > 1e-9 * (1 + edges[1:].abs()), torch.tensor([True])])]
        shares = torch.linspace(0.02, 0.98, 25 if len(edges) < 5 else 3, dtype=torch.float64)
        t = (edges[:-1] + edges.diff() * shares[:, None]).flatten().sort().values
    start = low if math.isfinite(low) else float(t.min())
    below = start - torch.tensor([0.1, 1.0, 30.0], dtype=torch.float64)
    return torch.cat([below, t[d.conjugate_domain.contains(t)]])


def _finite_ends(d: Divergence) -> Tensor:
    ends = [end for end in (d.slope_at_zero, d.slope_at_infinity) if math.isfinite(end)]
    return torch.tensor(ends, dtype=torch.float64)


def best_outputs(real: TensorMap, fake: TensorMap, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """Return the supremum over v of p real(v) - q fake(v), and a v that nearly attains it, for each entry of p and q.

    It is concave in T, and T is monotone in v, so that ever finer tables converge to the best v.
    """

    def part(v: Tensor) -> Tensor:
        # An atom that p or q misses does not contribute that term, even if the term is infinite.
        paid = torch.where(p > 0, p * real(v), 0) - torch.where(q > 0, q * fake(v), 0)
        return paid.nan_to_num(nan=-math.inf)

    reach = REACH[:, None]
    table = part(reach)
    value, place = table.max(0)
    best = REACH[place]
    low, high = REACH[(place - 1).clamp(min=0)], REACH[(place + 1).clamp(max=len(REACH) - 1)]
    shares = torch.linspace(0, 1, SPLITS, dtype=torch.float64)[:, None]
    for _ in range(ROUNDS):
        v = low + (high - low) * shares
        finer, place = part(v).max(0)
        here = v.gather(0, place[None])[0]
        best, value = torch.where(finer > value, here, best), torch.maximum(finer, value)
        low = v.gather(0, (place - 1).clamp(min=0)[None])[0]
        high = v.gather(0, (place + 1).clamp(max=SPLITS - 1)[None])[0]
    return value, best


@dataclass(frozen=True)
class Pairs:
    """Several pairs of distributions on few atoms, all atoms in one row.

    Args:
        p: the probabilities under the data.
        q: the probabilities under the model.
        of: which pair an atom belongs to.
    """

    p: Tensor
    q: Tensor
    of: Tensor

    @classmethod
    def of_weights(cls, weights: Sequence[tuple[Tensor, Tensor]]) -> Pairs:
        """Make distributions of weights: those of P's atoms and of Q's, for each pair."""
        p, q = (torch.cat([pair[k].double() / pair[k].double().sum() for pair in weights]) for k in (0, 1))
        of = torch.cat([torch.full((len(pair[0]),), number) for number, pair in enumerate(weights)])
        return cls(p, q, of)

    def sums(self, of_atoms: Tensor) -> Tensor:
        """Return the sum over the atoms of each pair."""
        count = int(self.of[-1]) + 1
        return torch.zeros(count, dtype=torch.float64).index_add(0, self.of, of_atoms)

    def pair(self, number: int) -> tuple[list[float], list[float]]:
        """Return one P and one Q, rounded for a message."""
        here = self.of == number
        p, q = ([round(value, 4) for value in side[here].tolist()] for side in (self.p, self.q))
        return p, q

    @property
    def exchanged(self) -> Pairs:
        """Q in the place of P."""
        return Pairs(self.q, self.p, self.of)


def _fixed_pairs() -> Pairs:
    """Return pairs on 2 to 8 atoms, some of which P or Q misses."""
    random = torch.Generator().manual_seed(0)
    sides: list[tuple[Tensor, Tensor]] = [
        (torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.0, 0.5, 0.5])),
        (torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])),
        (torch.tensor([0.3, 0.7]), torch.tensor([0.3, 0.7])),
    ]
    for atoms in (2, 3, 4, 5, 6, 8, 3, 4, 6):
        weights = torch.rand(2, atoms, generator=random) + 0.02
        if len(sides) % 3 == 0:  # the last atom of either is missed by the other, or by one alone
            weights[0, 0] = 0.0
        if len(sides) % 3 != 1:
            weights[1, -1] = 0.0
        sides.append((weights[0], weights[1]))
    full = (
        torch.tensor([[0.02, 0.18, 0.3, 0.5], [0.4, 0.3, 0.29, 0.01]]),
        torch.tensor([[0.25, 0.75], [0.6, 0.4]]),
    )
    sides += [(both[0], both[1]) for both in full]
    return Pairs.of_weights(sides)


def exact(d: Divergence, on: Pairs) -> Tensor:
    """Return D_f of each pair by its definition: q f(p/q) where q > 0, p lim f(u)/u where q = 0."""
    both = on.q > 0
    inside = torch.where(both, on.q * d.f(torch.where(both, on.p / on.q, 1.0)), 0.0)
    missed = torch.where(both | (on.p == 0), 0.0, on.p * d.slope_at_infinity)
    return on.sums(inside + missed)


@dataclass(frozen=True)
class Points:
    """The points at which laws are checked. Avoid round numbers: f has no slope at a kink.

    Args:
        log_ratios: log u, for the laws of f.
        outputs: critic outputs, for the laws of a link.
        pairs: distributions on few atoms, for the laws of D_f.
        critics: an output for each atom of the pairs, a row for each critic.
    """

    log_ratios: Tensor
    outputs: Tensor
    pairs: Pairs
    critics: Tensor


def _fixed() -> Points:
    pairs = _fixed_pairs()
    random = torch.Generator().manual_seed(1)
    critics = 4 * torch.randn(20, len(pairs.p), generator=random, dtype=torch.float64)
    return Points(LOG_RATIOS, OUTPUTS, pairs, critics)


FIXED = _fixed()
"""The points that `fgan verify` uses."""
