"""Which samples train a critic, which stop it, and which report: never the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from fgan.estimation.prices import HeldOut

STOP_SHARE = 0.2
"""Of the samples that do not report, how many stop, select and calibrate."""


@dataclass(frozen=True)
class Job:
    """One critic to be fitted.

    Args:
        p, q: samples (n, *shape) that train it.
        p_stop, q_stop: samples that stop, select and calibrate it.
    """

    p: Tensor
    q: Tensor
    p_stop: Tensor
    q_stop: Tensor


class Critic(Protocol):
    """A fitted log-ratio."""

    @property
    def description(self) -> str:
        """What it turned out to be, in a few words."""
        ...

    def __call__(self, x: Tensor) -> Tensor:
        """Return log(p/q) of samples (n, *shape), float32 or float64 (n,)."""
        ...


class Learner(Protocol):
    """A way to fit critics."""

    def __call__(self, jobs: list[Job]) -> list[Critic]:
        """Return a critic for each job."""
        ...


class Design(Protocol):
    """How samples of P and Q are parted: two sets of samples, or a joint distribution against its product."""

    folds: int

    def job(self, fold: int) -> Job:
        """Return what the critic of a fold may see."""
        ...

    def report(self, fold: int) -> tuple[Tensor, Tensor]:
        """Return the samples of P and of Q that report in a fold, and in no other."""
        ...

    def overlap(self, fold: int, other: int) -> float:
        """Return the share of a critic's training samples that another one's has too."""
        ...


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


def _stop_and_train(rows: Tensor) -> tuple[Tensor, Tensor]:
    stop = max(2, round(STOP_SHARE * len(rows)))
    return rows[:stop], rows[stop:]


@dataclass(frozen=True)
class CrossFit:
    """Critics, and what they say of the samples that they have not seen.

    Args:
        critics: one for each fold.
        p, q: every sample of P and of Q once, fold by fold.
    """

    critics: list[Critic]
    p: HeldOut
    q: HeldOut


def cross_fit(design: Design, critics: list[Critic]) -> CrossFit:
    r"""Let every critic report on its own fold, and say how far the critics differ by chance.

    Critics that share a part ρ of their training samples differ by 2 (1 - ρ) V, where V is the variance of one:
    the jackknife over folds. As they are fitted from the same start, it counts the chance in samples only.

    Args:
        design: the parts.
        critics: one for each fold, fitted to `design.job(fold)`.
    """
    pairs = [(i, j) for i in range(design.folds) for j in range(i)]
    shares = [2 * (1 - design.overlap(i, j)) for i, j in pairs]
    sides: tuple[list[HeldOut], list[HeldOut]] = ([], [])
    for fold in range(design.folds):
        for side, x in zip(sides, design.report(fold), strict=True):
            all_say = torch.stack([critic(x).double() for critic in critics])
            apart = [
                (all_say[i] - all_say[j]).square() / share
                for (i, j), share in zip(pairs, shares, strict=True)
            ]
            side.append(HeldOut(all_say[fold], torch.stack(apart).mean(0)))
    p, q = (
        HeldOut(torch.cat([one.log_ratio for one in side]), torch.cat([one.variance for one in side]))
        for side in sides
    )
    return CrossFit(critics, p, q)
