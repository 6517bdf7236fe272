"""Precision, recall, density and coverage: whether each set lies among the nearest neighbours of the other."""

from __future__ import annotations

import math
from functools import cached_property

import torch
from torch import Tensor

from fgan.errors import FganError
from fgan.evaluation.domain import empty_balls, require_memory_of
from fgan.evaluation.jackknife import GROUPS, Uncertain, group_of, mean_of_crossed, mean_over_units
from fgan.output import watched

SPARE = 10
SPAN = 32
"""Columns in a set whose minimum says whether any of them is looked at."""
"""Neighbours looked at beyond the k-th, so that a group of samples can be left out."""
ROUNDING = 2e-5
"""How far off a squared distance from a product in float32 may be, in parts of the largest squared norms."""
SAME = 1e-13
"""Squared distance, in parts of the squared norm, that features of the same sample may have from batch to batch."""
CROWDED = 0.02
"""Share of a block's pairs from which one product in float64 is cheaper than distances pair by pair."""
NUMBERS_AT_ONCE = 2**20
"""Numbers held at once where distances are computed pair by pair."""


def precision_recall(
    samples: Tensor, reference: Tensor, k: int = 5, block: int = 2000
) -> dict[str, Uncertain]:
    r"""Return precision, recall, density and coverage of features (n, d) against reference features (m, d).

    With B(z) the open ball that reaches from z to its k-th nearest neighbour in its own set:

    - precision: share of samples in some B(reference);
    - recall: share of the reference in some B(sample);
    - density: mean number of B(reference) that a sample lies in, over k;
    - coverage: share of the B(reference) with a sample in them.

    A sample with k duplicates has a radius of 0; if there are more than a few, the numbers are marked unusable. A
    float32 product finds the few pairs that may matter, and their distances are computed in float64, so the counts are
    exact and no matrix of all pairs is held in memory.

    Source: Kynkäänniemi et al., "Improved Precision and Recall Metric" (2019), eq. 2; Naeem et al., "Reliable
    Fidelity and Diversity Metrics" (2020), eq. 4 and 5.

    >>> x = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    >>> {name: round(found.value, 3) for name, found in precision_recall(x, x + 100).items()}
    {'precision': 0.0, 'recall': 0.0, 'density': 0.0, 'coverage': 0.0}
    """
    if not 1 <= k < min(len(samples), len(reference)):
        raise FganError(
            f"k must be at least 1 and less than the number of samples ({min(len(samples), len(reference))}); "
            f"got {k}."
        )
    n, m = len(samples), len(reference)
    require_memory_of("prdc", bytes_of_points(n, m, d=samples.shape[1], block=block), samples, reference)
    center = reference.mean(0, dtype=torch.float64)
    x, y = Points(reference - center), Points(samples - center)
    counts = _Counts(*(squared_radii(points, k, block) for points in (x, y)))
    memory = torch.empty(min(block, len(x)) * len(y), device=reference.device)
    for start in watched(range(0, len(x), block), "prdc"):
        rows = torch.arange(start, min(start + block, len(x)), device=reference.device)
        counts.add(*close_pairs(x, y, rows, counts.reach(rows), counts.decisive, memory))
    real = empty_balls(counts.x_radii[:, 0] <= SAME * x.norms, k, "real samples")
    ours = empty_balls(counts.y_radii[:, 0] <= SAME * y.norms, k, "samples")
    # Only recall asks for the neighbourhoods of the samples; all ask for the reference itself to be no repetition.
    return {
        name: found.with_caveats(*real, *(ours if name == "recall" else ()))
        for name, found in counts.result(k).items()
    }


def bytes_of_points(*counts: int, d: int, block: int) -> float:
    """Return the bytes of sets of points (n, d) in both precisions, once more while they are made, and of a block."""
    return 12 * sum(counts) * d + 8 * max(counts) * d + 12 * min(block, max(counts)) * max(counts)


class Points:
    """Points (n, d) in float64, a float32 copy for quick products, and squared norms."""

    def __init__(self, exact: Tensor) -> None:
        self.exact = exact.double()
        self.quick = self.exact.float()
        self.norms = self.quick.square().sum(1)

    @cached_property
    def exact_norms(self) -> Tensor:
        """Squared norms, float64 (n,)."""
        return self.exact.square().sum(1)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.exact)

    def quick_distances(
        self,
        rows: Tensor,
        other: Points,
        first: int = 0,
        less: float = 0.0,
        memory: Tensor | None = None,
    ) -> Tensor:
        """Return squared distances of some rows to the other from `first` on, (r, m), by a product in float32.

        Args:
            rows: which.
            other: the points that distances are to.
            first: the first of these.
            less: what part of both squared norms is taken off.
            memory: float32 numbers to write them to; fresh memory costs a tenth of the product.
        """
        norms, own = other.norms[None, first:] * (1 - less), self.norms[rows, None] * (1 - less)
        shape = (len(rows), len(other) - first)
        out = None if memory is None else memory[: math.prod(shape)].view(shape)
        return torch.addmm(norms, self.quick[rows], other.quick[first:].T, alpha=-2, out=out).add_(own)

    def distances(self, rows: Tensor, other: Points) -> Tensor:
        """Return squared distances of some rows to all of the other, (r, m), by a product in float64."""
        products = torch.addmm(other.exact_norms[None], self.exact[rows], other.exact.T, alpha=-2)
        return products.add_(self.exact_norms[rows, None]).clamp_(min=0)

    def pair_distances(self, other: Points, i: Tensor, j: Tensor) -> Tensor:
        """Return the squared distances of pairs of rows i and rows j of the other, exact to float64."""
        at_once = max(NUMBERS_AT_ONCE // self.exact.shape[1], 1)
        parts = zip(i.split(at_once), j.split(at_once), strict=True)
        return torch.cat([(self.exact[a] - other.exact[b]).square().sum(1) for a, b in parts])


def smallest(matrix: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` smallest numbers of each row and their columns, smallest first.

    They lie within the `count` sets of columns whose minima are smallest, so that few numbers are ever sorted.

    >>> smallest(torch.arange(3000.0).flip(0)[None], 2)
    (tensor([[0., 1.]]), tensor([[2999, 2998]]))
    """
    sets = matrix.shape[1] // SPAN
    if sets < 2 * count:
        return matrix.topk(count, largest=False)
    whole = sets * SPAN
    first = matrix[:, :whole].unflatten(1, (SPAN, sets)).amin(1).topk(count, largest=False).indices
    columns = (first[:, :, None] + torch.arange(0, whole, sets, device=matrix.device)).flatten(1)
    rest = torch.arange(whole, matrix.shape[1], device=matrix.device).expand(len(matrix), -1)
    columns = torch.cat([columns, rest], 1)
    values, places = matrix.gather(1, columns).topk(count, largest=False)
    return values, columns.gather(1, places)


def nearest(points: Points, other: Points, rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return squared distances and indices of the nearest of the other to some rows, nearest first, (r, count)."""
    kept = min(count + SPARE, len(other))
    quick, index = smallest(points.quick_distances(rows, other), kept)
    for part in _doubtful(points, other, rows, quick, count).nonzero()[:, 0].split(100):
        index[part] = points.distances(rows[part], other).topk(kept, largest=False).indices
    exact = points.pair_distances(other, rows.repeat_interleave(kept), index.flatten()).view_as(index)
    exact, order = exact.sort(1)
    return exact[:, :count], index.gather(1, order)[:, :count]


def _doubtful(points: Points, other: Points, rows: Tensor, quick: Tensor, count: int) -> Tensor:
    """Return for which rows, (r,), rounding may have kept one of the `count` nearest out of the quick ones."""
    if quick.shape[1] >= len(other) - (points is other):
        return torch.zeros(len(rows), dtype=torch.bool, device=rows.device)
    most = 2 * ROUNDING * (points.norms[rows] + other.norms.max())
    return quick[:, -1] <= quick[:, count - 1] + most


def squared_radii(points: Points, k: int, block: int = 2000) -> Tensor:
    """Return the squared distance of each point to its k-th neighbour: (n, 1 + B), the rest without each group.

    The first is exact to float64, the rest, which only say how sure a number is, to float32. Without its own group a
    point itself is out: its radius is -1, and nothing lies within it.
    """
    group = group_of(len(points), points.exact.device)
    groups = torch.arange(GROUPS, device=group.device)
    quick, index = own_neighbours(points, min(k + SPARE, len(points) - 1), block)
    stays = group[index][:, :, None] != groups
    # Position of the k-th that stays; the last one known where a group holds nearly all of them.
    kth = (stays.cumsum(1) < k).sum(1).clamp(max=quick.shape[1] - 1)
    without = quick.gather(1, kth).double().masked_fill(group[:, None] == groups, -1.0)
    rows = torch.arange(len(points), device=group.device)
    # Rounding can have exchanged the k-th only with those that are as near but for rounding.
    unsure = 2 * ROUNDING * (points.norms[:, None] + points.norms[index])
    i, rank = ((quick - quick[:, k - 1 : k]).abs() <= unsure).nonzero(as_tuple=True)
    exact = quick.double()
    exact[i, rank] = points.pair_distances(points, i, index[i, rank])
    radii = exact.sort(1).values[:, k - 1]
    for part in _doubtful(points, points, rows, quick, k).nonzero()[:, 0].split(100):
        distances = points.distances(part, points)
        distances[torch.arange(len(part), device=part.device), part] = torch.inf
        nearest_ones = distances.topk(quick.shape[1], largest=False).indices
        # A product says 1e-16 of repeated samples, whose distance is 0.
        pairs = part.repeat_interleave(quick.shape[1]), nearest_ones.flatten()
        radii[part] = points.pair_distances(points, *pairs).view_as(nearest_ones).sort(1).values[:, k - 1]
    return torch.cat([radii[:, None], without], 1)


def own_neighbours(points: Points, count: int, block: int) -> tuple[Tensor, Tensor]:
    """Return quick squared distances and indices of each point's nearest others, nearest first, (n, count).

    Each product serves both of its points.
    """
    n, device = len(points), points.exact.device
    nearest_yet = torch.full((n, count), torch.inf, device=device)
    index = torch.zeros(n, count, dtype=torch.int64, device=device)

    def merge(rows: slice, distances: Tensor, first: int) -> None:
        values, places = smallest(distances, min(count, distances.shape[1]))
        values = torch.cat([nearest_yet[rows], values], 1)
        places = torch.cat([index[rows], places + first], 1)
        nearest_yet[rows], order = values.topk(count, largest=False)
        index[rows] = places.gather(1, order)

    memory = torch.empty(min(block, n) * n, device=device)
    for start in watched(range(0, n, block), "neighbours"):
        stop = min(start + block, n)
        rows = torch.arange(start, stop, device=device)
        distances = points.quick_distances(rows, points, start, memory=memory)
        distances.diagonal().fill_(torch.inf)
        merge(slice(start, stop), distances, start)
        if stop < n:
            merge(slice(stop, n), distances[:, stop - start :].T, start)
    return nearest_yet, index


def close_pairs(
    x: Points, y: Points, rows: Tensor, reach: Tensor, decisive: tuple[Tensor, Tensor], memory: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the pairs of rows of x with y that are nearer than their reach (r, m), and their squared distances.

    Those that rounding could put on the wrong side of a decisive radius, one for each of x and of y, are exact.
    """
    least = x.quick_distances(rows, y, less=ROUNDING, memory=memory)  # no distance is below this
    i, j = (least < reach).nonzero(as_tuple=True)
    i_all = rows[i]
    slack = ROUNDING * (x.norms[i_all] + y.norms[j])
    distance = (least[i, j] + slack).double()
    x_radii, y_radii = decisive
    unsure = ((distance - x_radii[i_all]).abs() <= slack) | ((distance - y_radii[j]).abs() <= slack)
    which = unsure.nonzero()[:, 0]
    if len(which) > CROWDED * least.numel():
        distance[which] = x.distances(rows, y)[i[which], j[which]]
    else:
        distance[which] = x.pair_distances(y, i_all[which], j[which])
    return i_all, j, distance


class _Counts:
    """Who lies in whose ball: for all samples, and for all but a group of the set that balls depend on."""

    def __init__(self, x_radii: Tensor, y_radii: Tensor) -> None:
        self.x_radii, self.y_radii = x_radii, y_radii
        self.x_reach, self.y_reach = (radii.amax(1).float() for radii in (x_radii, y_radii))
        n, m, device = len(x_radii), len(y_radii), x_radii.device
        self.y_group = group_of(m, device)
        self.balls_hit = torch.zeros(1 + GROUPS, m, dtype=torch.int64, device=device)
        self.inside = torch.zeros(n, dtype=torch.int64, device=device)
        self.covered, self.recalled = torch.zeros(2, 1 + GROUPS, n, dtype=torch.bool, device=device)

    def reach(self, rows: Tensor) -> Tensor:
        """Return the squared distance from which a pair can matter no more, (r, m)."""
        return torch.maximum(self.x_reach[rows, None], self.y_reach[None])

    @property
    def decisive(self) -> tuple[Tensor, Tensor]:
        """The radii of the reference and of the samples that the numbers themselves depend on."""
        return self.x_radii[:, 0], self.y_radii[:, 0]

    def add(self, i: Tensor, j: Tensor, distance: Tensor) -> None:
        """Count pairs of the reference's i and the samples' j."""
        in_x = distance < self.x_radii[i, 0]
        self.inside += torch.bincount(i[in_x], minlength=len(self.inside))
        for fold in range(1 + GROUPS):
            hit = j[distance < self.x_radii[i, fold]]
            self.balls_hit[fold] += torch.bincount(hit, minlength=len(self.y_radii))
            self.covered[fold, i[in_x & (self.y_group[j] != fold - 1)]] = True
            self.recalled[fold, i[distance < self.y_radii[j, fold]]] = True

    def result(self, k: int) -> dict[str, Uncertain]:
        """Return the four shares."""
        return {
            "precision": mean_over_units(self.balls_hit > 0),
            "recall": mean_over_units(self.recalled),
            "density": mean_of_crossed(self.balls_hit[0].double() / k, self.inside.double() / k, 1 / k),
            "coverage": mean_over_units(self.covered),
        }
