"""Two sets of samples, which have nothing to do with each other, in folds."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.permutation import in_blocks, permutation_p_value
from fgan.estimation.prices import Sampling, independent, of_blocks
from fgan.estimation.weights import Weights, some_of, variance_by_blocks

STOP_SHARE = 0.2
"""Of the samples that do not report, how many stop, select and calibrate."""


def _variance_by_blocks(weights: Weights, blocks: tuple[Tensor, Tensor], on_p: Tensor, on_q: Tensor) -> float:
    return sum(map(variance_by_blocks, (on_p, on_q), weights, blocks))


def units_of(n: int, block: int) -> int:
    """Return how many blocks n rows make, the last of them perhaps shorter."""
    return -(-n // block)


class Folds:
    """Rows of one set in folds of a random order; a fold reports, the others train and stop.

    Args:
        n: how many rows.
        folds: how many folds.
        generator: decides the order.
        block: so many consecutive rows stay together, as steps of a series must.

    Source: Roberts et al., "Cross-validation strategies for data with temporal, spatial, hierarchical, or phylogenetic
    structure" (2017), for blocks.

    >>> Folds(10, 2, torch.Generator().manual_seed(0), block=2).reports
    [tensor([8, 9, 2, 3, 4, 5]), tensor([0, 1, 6, 7])]
    """

    def __init__(self, n: int, folds: int, generator: torch.Generator, block: int = 1) -> None:
        self.n, self.block = n, block
        order = torch.randperm(units_of(n, block), generator=generator)
        reports = [order[fold::folds] for fold in range(folds)]
        others = [torch.cat(reports[:fold] + reports[fold + 1 :]) for fold in range(folds)]
        self.reports = [self._rows(one) for one in reports]
        self._others = [one[torch.randperm(len(one), generator=generator)] for one in others]

    def parts(self, fold: int, share: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """Return which rows train, stop and report in a fold; of the first two a share only."""
        others = self._others[fold]
        others = others[: round(share * len(others))]
        stop = max(2, round(STOP_SHARE * len(others)))
        return self._rows(others[stop:]), self._rows(others[:stop]), self.reports[fold]

    def blocks(self) -> Tensor:
        """Return which block each row that reports is of, fold by fold."""
        return torch.cat(self.reports) // self.block

    def _rows(self, units: Tensor) -> Tensor:
        if self.block == 1:
            return units
        rows = (units[:, None] * self.block + torch.arange(self.block)).flatten()
        return rows[rows < self.n]

    def overlap(self, fold: int, other: int) -> float:
        """Return the share of the rows that train in one fold that train in another too."""
        return float(torch.isin(self.parts(fold)[0], self.parts(other)[0]).float().mean())


class TwoSamples:
    """Two sets of samples, each in folds.

    Args:
        p, q: samples (n, *shape) and (m, *shape).
        folds: how many.
        seed: decides the order.
        weights: of the samples.
        block: so many consecutive rows stay together.

    >>> design = TwoSamples(torch.arange(100), torch.arange(50), folds=5)
    >>> job, (p, q) = design.job(0), design.report(0)
    >>> len(job.p), len(job.p_stop), len(p), len(q)
    (64, 16, 20, 10)
    """

    def __init__(
        self,
        p: Tensor,
        q: Tensor,
        folds: int,
        seed: int = 0,
        weights: Weights = (None, None),
        block: int = 1,
    ) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.p, self.q, self.folds, self._weights = p, q, folds, weights
        self._of_p, self._of_q = (Folds(len(side), folds, generator, block) for side in (p, q))

    def job(self, fold: int, share: float = 1.0) -> Job:
        """Return what trains and stops the critic of a fold, or a share of it."""
        (p, p_stop, _), (q, q_stop, _) = self._of_p.parts(fold, share), self._of_q.parts(fold, share)
        weights, weights_stop = self._some(p, q), self._some(p_stop, q_stop)
        return Job(self.p[p], self.q[q], self.p[p_stop], self.q[q_stop], weights, weights_stop)

    def report(self, fold: int) -> tuple[Tensor, Tensor]:
        """Return the samples that report in a fold."""
        return self.p[self._of_p.reports[fold]], self.q[self._of_q.reports[fold]]

    @property
    def reported(self) -> tuple[Tensor, Tensor]:
        """The rows of P and of Q in the order in which they report, fold by fold."""
        return torch.cat(self._of_p.reports), torch.cat(self._of_q.reports)

    def weights(self, fold: int) -> Weights:
        """Return the weights of the samples that report in a fold."""
        return self._some(self._of_p.reports[fold], self._of_q.reports[fold])

    def _some(self, p: Tensor, q: Tensor) -> Weights:
        return some_of(self._weights[0], p), some_of(self._weights[1], q)

    def overlap(self, fold: int, other: int) -> float:
        """Return the share of one critic's training samples of P that another's has too."""
        return self._of_p.overlap(fold, other)

    def sampling(self, weights: Weights = (None, None)) -> Sampling:
        """Return that all samples are independent, or all blocks of them."""
        one_by_one = independent(self.p, self.q, weights)
        if self._of_p.block == 1:
            return one_by_one
        blocks = self._of_p.blocks(), self._of_q.blocks()
        variance = partial(_variance_by_blocks, weights, blocks)
        return of_blocks(one_by_one, variance, *(int(one.max()) + 1 for one in blocks))

    def p_value(self, critic: Critic, permutations: int, seed: int) -> float:
        """Return the p-value of P = Q, the labels of the samples permuted."""
        sides = zip((critic(side) for side in self.report(0)), self.weights(0), strict=True)
        if self._of_p.block > 1:
            blocks = (one.reports[0] // one.block for one in (self._of_p, self._of_q))
            sides = (in_blocks(*side, ids) for side, ids in zip(sides, blocks, strict=True))
        (on_p, weight_p), (on_q, weight_q) = sides
        return permutation_p_value(on_p, on_q, permutations, seed, (weight_p, weight_q))
