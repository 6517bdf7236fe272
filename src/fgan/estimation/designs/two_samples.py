"""Two sets of samples, which have nothing to do with each other, in folds."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.permutation import permutation_p_value
from fgan.estimation.prices import Sampling, independent

STOP_SHARE = 0.2
"""Of the samples that do not report, how many stop, select and calibrate."""


class TwoSamples:
    """Two sets of samples, in folds of a random order; a fold reports, the others train and stop.

    Args:
        p, q: samples (n, *shape) and (m, *shape).
        folds: how many.
        seed: decides the order.

    >>> design = TwoSamples(torch.arange(100), torch.arange(50), folds=5)
    >>> job, (p, q) = design.job(0), design.report(0)
    >>> len(job.p), len(job.p_stop), len(p), len(q)
    (64, 16, 20, 10)
    """

    def __init__(self, p: Tensor, q: Tensor, folds: int, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.p, self.q, self.folds = p, q, folds
        self._reports: list[list[Tensor]] = []
        self._others: list[list[Tensor]] = []
        for side in (p, q):
            order = torch.randperm(len(side), generator=generator)
            reports = [order[fold::folds] for fold in range(folds)]
            self._reports.append(reports)
            others = [torch.cat(reports[:fold] + reports[fold + 1 :]) for fold in range(folds)]
            self._others.append([one[torch.randperm(len(one), generator=generator)] for one in others])

    def report(self, fold: int) -> tuple[Tensor, Tensor]:
        """Return the samples that report in a fold."""
        return self.p[self._reports[0][fold]], self.q[self._reports[1][fold]]

    def job(self, fold: int) -> Job:
        """Return what trains and stops the critic of a fold."""
        (p_stop, p), (q_stop, q) = (_stop_and_train(side[fold]) for side in self._others)
        return Job(self.p[p], self.q[q], self.p[p_stop], self.q[q_stop])

    def overlap(self, fold: int, other: int) -> float:
        """Return the share of one critic's training samples of P that another's has too."""
        mine, theirs = (_stop_and_train(self._others[0][one])[1] for one in (fold, other))
        return float(torch.isin(mine, theirs).float().mean())

    def sampling(self) -> Sampling:
        """Return that all samples are independent."""
        return independent(len(self.p), len(self.q))

    def p_value(self, critic: Critic, permutations: int, seed: int) -> float:
        """Return the p-value of P = Q, the labels of the samples permuted."""
        on_p, on_q = (critic(side) for side in self.report(0))
        return permutation_p_value(on_p, on_q, permutations, seed)


def _stop_and_train(rows: Tensor) -> tuple[Tensor, Tensor]:
    stop = max(2, round(STOP_SHARE * len(rows)))
    return rows[:stop], rows[stop:]
