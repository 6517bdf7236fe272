"""Which samples train a critic, which stop it, and which report: never the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from fgan.estimation.prices import Fewer, HeldOut, Sampling
from fgan.estimation.weights import Weight, Weights, size_of


@dataclass(frozen=True)
class Job:
    """One critic to be fitted.

    Args:
        p, q: samples (n, *shape) that train it.
        p_stop, q_stop: samples that stop, select and calibrate it.
        weights, weights_stop: of the samples of P and of Q that train it, and of those that stop it.
    """

    p: Tensor
    q: Tensor
    p_stop: Tensor
    q_stop: Tensor
    weights: Weights = (None, None)
    weights_stop: Weights = (None, None)

    @property
    def smallest(self) -> float:
        """How many samples of equal weight know as much as those that train, on the side that has fewer."""
        return min(size_of(x, w) for x, w in zip((self.p, self.q), self.weights, strict=True))

    @property
    def whole(self) -> list[tuple[Tensor, Weight]]:
        """All samples of P and of Q with their weights, for what has nothing to stop or to select."""
        sides = zip(
            (self.p, self.q), (self.p_stop, self.q_stop), self.weights, self.weights_stop, strict=True
        )
        return [
            (torch.cat([x, x_stop]), None if w is None or w_stop is None else torch.cat([w, w_stop]))
            for x, x_stop, w, w_stop in sides
        ]


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

    def job(self, fold: int, share: float = 1.0) -> Job:
        """Return what the critic of a fold may see, or a share of it."""
        ...

    def report(self, fold: int) -> tuple[Tensor, Tensor]:
        """Return the samples of P and of Q that report in a fold, and in no other."""
        ...

    def weights(self, fold: int) -> Weights:
        """Return the weights of the samples that report in a fold."""
        ...

    def overlap(self, fold: int, other: int) -> float:
        """Return the share of a critic's training samples that another one's has too."""
        ...

    def sampling(self, weights: Weights = (None, None)) -> Sampling:
        """Return how the samples that report depend on each other, given their weights, fold by fold."""
        ...

    def p_value(self, critic: Critic, permutations: int, seed: int) -> float:
        """Return the p-value of P = Q by permutations of what reports in the first fold, whose critic it is."""
        ...


@dataclass(frozen=True)
class CrossFit:
    """Critics, and what they say of the samples that they have not seen.

    Args:
        critics: one for each fold.
        p, q: every sample of P and of Q once, fold by fold.
        sampling: how these depend on each other.
        fewer: what critics that saw half of the samples say of the first folds; None where there are none.
    """

    critics: list[Critic]
    p: HeldOut
    q: HeldOut
    sampling: Sampling
    fewer: Fewer | None = None


def cross_fit(design: Design, critics: list[Critic], fewer: Sequence[Critic] = ()) -> CrossFit:
    r"""Let every critic report on its own fold, and say how far the critics differ by chance.

    Critics that share a part ρ of their training samples differ by 2 (1 - ρ) V, where V is the variance of one:
    the jackknife over folds. As they are fitted from the same start, it counts the chance in samples only.

    Args:
        design: the parts.
        critics: one for each fold, fitted to `design.job(fold)`.
        fewer: the same of the first folds, fitted to half of that.
    """
    pairs = [(i, j) for i in range(design.folds) for j in range(i)]
    shares = [2 * (1 - design.overlap(i, j)) for i, j in pairs]
    sides: tuple[list[HeldOut], list[HeldOut]] = ([], [])
    for fold in range(design.folds):
        for side, x, weight in zip(sides, design.report(fold), design.weights(fold), strict=True):
            all_say = torch.stack([critic(x).double() for critic in critics])
            apart = [
                (all_say[i] - all_say[j]).square() / share
                for (i, j), share in zip(pairs, shares, strict=True)
            ]
            side.append(HeldOut(all_say[fold], torch.stack(apart).mean(0), weight))
    p, q = (_together(side) for side in sides)
    learning = _fewer(design, sides, fewer) if fewer else None
    return CrossFit(critics, p, q, design.sampling((p.weight, q.weight)), learning)


def _fewer(design: Design, sides: tuple[list[HeldOut], list[HeldOut]], critics: Sequence[Critic]) -> Fewer:
    """Return what critics say of the first folds beside what those of all samples say."""
    parts = [], []
    for fold, critic in enumerate(critics):
        for part, x, own in zip(parts, design.report(fold), (side[fold] for side in sides), strict=True):
            part.append(replace(own, log_ratio=critic(x).double()))
    whole = (_together(side[: len(critics)]) for side in sides)
    return Fewer((_together(parts[0]), _together(parts[1])), (next(whole), next(whole)))


def _together(folds: list[HeldOut]) -> HeldOut:
    weights = [one.weight for one in folds if one.weight is not None]
    return HeldOut(
        torch.cat([one.log_ratio for one in folds]),
        torch.cat([one.variance for one in folds]),
        torch.cat(weights) if weights else None,
    )
