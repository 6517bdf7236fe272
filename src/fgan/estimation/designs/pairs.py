"""Samples of a joint distribution beside samples of the product of its margins."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.designs.two_samples import Folds, units_of
from fgan.estimation.permutation import independence_p_value
from fgan.estimation.prices import Sampling, of_blocks
from fgan.estimation.weights import (
    Weight,
    Weights,
    heaviest_fill,
    mean_of,
    size_of,
    some_of,
    variance_by_blocks,
)

SHIFTS = 8
"""Other partners that each sample is seen with."""


def beside(x: Tensor, y: Tensor, shifts: int, block: int = 1) -> Tensor:
    """Return rows x_i, y_(i+s) for s = 1 ... shifts blocks, in this order: (shifts n, dx + dy).

    >>> beside(torch.tensor([[0], [1], [2]]), torch.tensor([[0], [1], [2]]), 2).T
    tensor([[0, 1, 2, 0, 1, 2],
            [1, 2, 0, 2, 0, 1]])
    """
    return torch.cat([torch.cat([x, y.roll(-shift * block, 0)], 1) for shift in range(1, shifts + 1)])


class Pairs:
    """A joint distribution P and the product of its margins Q, in folds of a random order.

    In each part of the samples (what trains, what stops, what reports) every x is seen with the y of some others of the
    same part, so that no sample is in two of them.

    Args:
        x, y: samples that belong together (n, dx), (n, dy).
        folds: how many.
        shifts: others' y beside each x.
        seed: decides the order.
        weight: of the samples; a pair that does not belong together weighs what both do.
        block: so many consecutive rows stay together, and x is seen with the y of other blocks only.

    >>> x = torch.arange(100.0)[:, None]
    >>> design = Pairs(x, x, folds=5, shifts=3)
    >>> job, (p, q) = design.job(0), design.report(0)
    >>> len(job.p), len(job.q), len(job.p_stop), len(p), len(q), int((q[:, 0] == q[:, 1]).sum())
    (64, 192, 16, 20, 60, 0)
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        folds: int,
        shifts: int = SHIFTS,
        seed: int = 0,
        weight: Weight = None,
        block: int = 1,
    ) -> None:
        self.x, self.y, self.folds, self.weight = x, y, folds, weight
        self.block = block
        self._rows = Folds(len(x), folds, torch.Generator().manual_seed(seed), block)
        self.shifts = min(shifts, min(map(len, self._rows.reports)) // block - 1)

    def rows(self, fold: int, share: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """Return which samples train, stop and report in a fold; of the first two a share only."""
        return self._rows.parts(fold, share)

    def job(self, fold: int, share: float = 1.0) -> Job:
        """Return what trains and stops the critic of a fold, or a share of it."""
        train, stop, _ = self.rows(fold, share)
        (p, q), (p_stop, q_stop) = self._sides(train), self._sides(stop)
        return Job(p, q, p_stop, q_stop, self._weights(train), self._weights(stop))

    def report(self, fold: int) -> tuple[Tensor, Tensor]:
        """Return the samples that report in a fold: together, and apart."""
        return self._sides(self.rows(fold)[2])

    def weights(self, fold: int) -> Weights:
        """Return the weights of the samples that report in a fold: together, and apart."""
        return self._weights(self.rows(fold)[2])

    def overlap(self, fold: int, other: int) -> float:
        """Return the share of a critic's training samples that another one's has too."""
        return self._rows.overlap(fold, other)

    def _sides(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        x, y = self.x[rows], self.y[rows]
        return torch.cat([x, y], 1), beside(x, y, min(self.shifts, len(x) // self.block - 1), self.block)

    def _weights(self, rows: Tensor) -> Weights:
        own = some_of(self.weight, rows)
        if own is None:
            return None, None
        return own, beside(
            own[:, None], own[:, None], min(self.shifts, len(rows) // self.block - 1), self.block
        ).prod(1)

    def sampling(self, weights: Weights = (None, None)) -> Sampling:
        """Return how the samples that report depend on each other: each x, and each y, is in several pairs."""
        sizes = [len(self.rows(fold)[2]) for fold in range(self.folds)]
        n, fill = size_of(self.x, self.weight), heaviest_fill(self.x, self.weight)
        halves = (n // 2, fill // 2) if self.weight is None else (n / 2, fill / 2)
        variance = partial(self._variance, weights, sizes)
        found = Sampling(n, halves[0], variance, fill, halves[1])
        units = units_of(len(self.x), self.block)
        return found if self.block == 1 else of_blocks(found, variance, units, units // 2)

    def p_value(self, critic: Critic, permutations: int, seed: int) -> float:
        """Return the p-value of independence, the rows of y permuted."""
        rows = self.rows(0)[2]
        rows = rows[rows < len(self.x) // self.block * self.block]  # whole blocks
        return independence_p_value(critic, self.x[rows], self.y[rows], permutations, seed, self.block)

    def _variance(self, weights: Weights, sizes: list[int], on_p: Tensor, on_q: Tensor) -> float:
        """Return the variance of the sum of both means, to first order: of what each sample adds to them."""
        on_p, on_q = _relative(on_p, weights[0]), _relative(on_q, weights[1])
        mean = on_q.mean()
        apart = []
        for part in on_q.split([self.shifts * size for size in sizes]):
            pairs = part.view(self.shifts, -1) - mean
            as_y = torch.stack([one.roll(shift * self.block) for shift, one in enumerate(pairs, 1)])
            apart.append((pairs + as_y).mean(0))
        added = on_p + torch.cat(apart)
        if self.block > 1:
            return variance_by_blocks(added, None, self._rows.blocks())
        return float(added.var()) / len(on_p)


def _relative(terms: Tensor, weight: Weight) -> Tensor:
    """Return terms whose plain mean moves with each sample as the weighted mean of the given ones does."""
    if weight is None:
        return terms
    return (terms - mean_of(terms, weight)) * weight / weight.mean()
