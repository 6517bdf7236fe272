"""Critics that are fitted by a loss: a regression first, then a spline or a network for what it leaves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fgan.data.dataset import as_float
from fgan.divergences import Divergence
from fgan.draws import DrawnFrom
from fgan.estimation.critics.network import Objective, Part, Parts, Schedule, train
from fgan.estimation.critics.normal_scores import normal_scores_of
from fgan.estimation.critics.regression import best_of, best_regression, logistic_loss, ridge_path, splines_of
from fgan.estimation.critics.scaling import scaling_of
from fgan.estimation.critics.spline import splined
from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.prices import FURTHEST
from fgan.estimation.weights import Weights, of_mean_one, times
from fgan.frame import Frame
from fgan.networks import Architecture, build_critic
from fgan.networks.pyramid import BASES
from fgan.objectives.bounds import best_shift, tight_bound

WIDTH, DEPTH = 64, 2
IMAGE_WIDTH = 16
IMAGE_SCHEDULE = Schedule(epochs=15, most_steps=1500, batch=128, lr=2e-3, patience=3)
FEW = 200
"""Training samples of a side below which no network is trained after the regression."""


class Base(Protocol):
    """A log-ratio that a network corrects."""

    @property
    def description(self) -> str:
        """What it is, in a few words."""
        ...

    def __call__(self, z: Tensor) -> Tensor:
        """Return log-ratios (n,) of prepared samples (n, d)."""
        ...


@dataclass(frozen=True)
class Fitted:
    """A critic: scaling, then base plus network, then what its training leaves to be done.

    Args:
        prepare: from samples to what the network takes.
        base: such as a regression; None where there is none.
        network: None where it corrects nothing.
        finish: from the sum of both to a log-ratio.
        device: where the network is.
        description: what it is.
    """

    prepare: Callable[[Tensor], Tensor]
    base: Base | None
    network: nn.Module | None
    finish: Callable[[Tensor], Tensor]
    device: str
    description: str

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Return log(p/q) (n,) of samples (n, *shape)."""
        return torch.cat([self._some(part) for part in x.split(4096)])

    def _some(self, x: Tensor) -> Tensor:
        z = self.prepare(x)
        out = torch.zeros(len(z)) if self.base is None else self.base(z)
        if self.network is not None:
            out = out + self.network(as_float(z.to(self.device))).cpu()
        return self.finish(out)


class NeuralLearner:
    """Fits critics by logistic regression, linear or not, or by a variational bound.

    Args:
        divergence: whose bound the critics maximise; None for the logistic loss, which suits every divergence.
        tight: maximise the tight bound; its shift is found on the stopping samples.
        seed: decides the networks' weights, the same for every fold.
        device: where networks are trained.
    """

    schedule = Schedule()
    bends = True
    """Whether splines are among the regressions; how they go on where there are no samples, nothing says."""
    splined = 1
    """Up to this many coordinates, a spline corrects the regression instead of a network."""

    def __init__(
        self, divergence: Divergence | None = None, *, tight: bool = False, seed: int = 0, device: str = "cpu"
    ) -> None:
        self.divergence, self.tight, self.seed, self.device = divergence, tight, seed, device

    def __call__(self, jobs: list[Job]) -> list[Critic]:
        """Return a critic for each job."""
        prepares = [self._preparation(job) for job in jobs]
        prepared = [
            [prepare(x) for x in (job.p, job.q, job.p_stop, job.q_stop)]
            for job, prepare in zip(jobs, prepares, strict=True)
        ]
        bases = [
            self._base(parts, job.weights, job.weights_stop)
            for job, parts in zip(jobs, prepared, strict=True)
        ]
        smallest = min(job.smallest for job in jobs)
        networks: list[nn.Module | None] = [None] * len(jobs)
        if self.divergence is None and self._few_columns(prepared[0][0]):
            if smallest >= FEW:
                bases = [
                    splined(base, parts, self._scores(job, parts), job.weights, job.weights_stop)
                    for job, parts, base in zip(jobs, prepared, bases, strict=True)
                ]
        elif smallest >= FEW or not all(bases):
            networks = self._networks(jobs, prepared, bases)
        critics: list[Critic] = []
        for prepare, parts, base, network in zip(prepares, prepared, bases, networks, strict=True):
            kinds = [base.description] if base else []
            kinds += [type(network).__name__.removesuffix("Critic").lower() + " network"] if network else []
            raw = Fitted(prepare, base, network, _same, self.device, " + ".join(kinds) or "constant")
            critics.append(self._finished(raw, parts[3]))
        return critics

    def _preparation(self, job: Job) -> Callable[[Tensor], Tensor]:
        return padded if job.p.ndim == 4 else scaling_of(job.p, job.q)

    def _base(self, parts: list[Tensor], weights: Weights, weights_stop: Weights) -> Base | None:
        if self.divergence is not None or parts[0].ndim == 4:
            return None
        p, q, p_stop, q_stop = parts
        return best_regression(p, q, p_stop, q_stop, weights, weights_stop, bends=self.bends)

    def _scores(self, job: Job, parts: list[Tensor]) -> Callable[[Tensor], Tensor]:
        """Return the way from prepared samples to coordinates of spread about 1: of P and Q pooled, half each."""
        pooled = torch.cat(parts[:2])
        if len(parts[0]) == len(parts[1]) and job.weights == (None, None):
            return normal_scores_of(pooled)
        each = (x.new_ones(len(x)) if w is None else w for x, w in zip(parts[:2], job.weights, strict=True))
        return normal_scores_of(pooled, torch.cat([one.double() / one.sum() for one in each]))

    def alone(self, jobs: list[Job]) -> bool:
        """Whether nothing else is worth fitting beside: images, and few coordinates, whose spline is any function."""
        return jobs[0].p.ndim != 2 or self._few_columns(jobs[0].p)

    def _few_columns(self, x: Tensor) -> bool:
        return x.ndim == 2 and x.shape[1] <= self.splined

    def by_ranks(self, job: Job) -> list[Critic]:
        """Return splines of the normal scores of ranks, which are the same in any units; none for too many columns."""
        prepare = self._scores(job, [job.p, job.q])
        p, q, p_stop, q_stop = (prepare(x) for x in (job.p, job.q, job.p_stop, job.q_stop))
        splines = splines_of(p, q)
        if splines is None:
            return []
        path = ridge_path(splines, p, q, job.weights)
        _, best, _ = best_of(path, p_stop, q_stop, job.weights_stop)
        return [Fitted(prepare, best, None, _same, self.device, "splines of ranks")] if best else []

    def _networks(
        self, jobs: list[Job], prepared: list[list[Tensor]], bases: list[Base | None]
    ) -> list[nn.Module | None]:
        tasks = []
        for job, parts, base in zip(jobs, prepared, bases, strict=True):
            offsets = [torch.zeros(len(x)) if base is None else base(x) for x in parts]
            if self.divergence is not None:
                offsets = [offset + neutral_output(self.divergence) for offset in offsets]
            weights = (*of_mean_one(job.weights), *of_mean_one(job.weights_stop))
            sides = [
                Part(x.to(self.device), o.to(self.device), None if w is None else w.float().to(self.device))
                for x, o, w in zip(parts, offsets, weights, strict=True)
            ]
            tasks.append(Parts(*sides))
        shape = tuple(prepared[0][0].shape[1:])
        networks = [correcting_network(shape, self.seed).to(self.device) for _ in tasks]
        schedule = IMAGE_SCHEDULE if len(shape) == 3 else self.schedule
        learnt = train(networks, tasks, self._objective(), schedule)
        return [network if one else None for network, one in zip(networks, learnt, strict=True)]

    def _objective(self) -> Objective:
        divergence = self.divergence
        if divergence is None:
            return logistic_loss
        if not self.tight:
            return partial(_minus_bound, divergence)
        return lambda p, q: -tight_bound(divergence, p, q, -1)

    def _finished(self, raw: Fitted, q_stop: Tensor) -> Fitted:
        """Return a bound's critic with the way from output to log-ratio; of the tight bound that lacks a shift."""
        divergence = self.divergence
        if divergence is None:
            return raw
        start = neutral_output(divergence)
        if not self.tight:
            return replace(raw, finish=OfBound(divergence, start))
        outputs = (
            torch.zeros(len(q_stop))
            if raw.network is None
            else raw.network(as_float(q_stop.to(self.device))).cpu()
        )
        shift = float(best_shift(divergence, divergence.real_term(outputs.double() + start)))
        return replace(raw, finish=OfBound(divergence, start, shift))


@dataclass(frozen=True)
class OfBound:
    """Turns the output of a critic that was trained on a divergence's bound into a log-ratio.

    Args:
        divergence: whose bound.
        start: the raw output that stands for p = q.
        shift: of the tight bound; None of the plain one.
    """

    divergence: Divergence
    start: float
    shift: float | None = None

    def __call__(self, out: Tensor) -> Tensor:
        """Return log(p/q), a number: a bound's critic may leave the range of f', where there is no ratio."""
        raw = out.double() + self.start
        if self.shift is None:
            log_ratio = self.divergence.log_ratio(raw)
        else:
            log_ratio = self.divergence.log_ratio_at(self.divergence.real_term(raw) - self.shift)
        return log_ratio.clamp(-FURTHEST, FURTHEST)


def neutral_output(divergence: Divergence) -> float:
    """Return the raw output that stands for p = q.

    >>> from fgan.divergences import KL
    >>> round(neutral_output(KL()), 9)  # T = v, and f'(1) is 1
    1.0
    """
    low, high = -100.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        above = bool(divergence.log_ratio(torch.tensor(middle, dtype=torch.float64)) > 0)
        low, high = (low, middle) if above else (middle, high)
    return (low + high) / 2


def _minus_bound(divergence: Divergence, p: Tensor, q: Tensor, weights: Weights = (None, None)) -> Tensor:
    """Return minus the plain bound over the last axis; weights, where there are some, have the mean 1."""
    real, fake = times(divergence.real_term(p), weights[0]), times(divergence.fake_term(q), weights[1])
    return fake.mean(-1) - real.mean(-1)


def _same(out: Tensor) -> Tensor:
    return out


def padded(images: Tensor) -> Tensor:
    """Return images (n, c, h, w) with a rim of 0 that makes them squares such as a convolutional critic takes.

    >>> padded(torch.zeros(2, 1, 28, 17)).shape
    torch.Size([2, 1, 28, 28])
    """
    height, width = images.shape[2:]
    longest, halved = max(height, width, 2 * BASES[0]), 0
    while math.ceil(longest / 2**halved) > BASES[-1]:
        halved += 1
    side = math.ceil(longest / 2**halved) * 2**halved
    return F.pad(images, (0, side - width, 0, side - height))


def correcting_network(shape: tuple[int, ...], seed: int) -> nn.Module:
    """Return a critic that says 0 of everything, until it is trained."""
    kind, width, frame = "mlp", WIDTH, Frame(shape)
    if len(shape) == 3:
        kind, width, frame = "dcgan", IMAGE_WIDTH, Frame.of_images(shape)
    with DrawnFrom.seeded(seed):
        recipe = Architecture(kind=kind, latent=1, width=width, depth=DEPTH, activation="leaky-relu")
        critic = build_critic(recipe, frame)
    last = [module for module in critic.modules() if isinstance(module, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return critic
