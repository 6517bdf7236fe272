"""Networks that correct log-ratios, trained for all folds as one program."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from fgan.data.dataset import as_float
from fgan.estimation.weights import Weight, some_of
from fgan.networks.stacked import Stack
from fgan.output import progress_bar
from fgan.training.adam import Adam

BETAS = (0.9, 0.999)

Objective = Callable[..., Tensor]
"""Outputs of K critics on each of a task's parts, such as (K, n) on P and (K, m) on Q, to their losses (K,).

Where the samples have weights, these are its argument `weights`, in the shape of the outputs.
"""


@dataclass(frozen=True)
class Schedule:
    """How networks are trained.

    Args:
        epochs: passes over the training samples, at most.
        most_steps: steps, at most.
        batch: samples of each side in a step.
        lr: the largest step size; it falls to 0 along a cosine.
        decay: weight decay.
        patience: epochs that no network has improved in, after which all are finished.
    """

    epochs: int = 30
    most_steps: int = 3000
    batch: int = 512
    lr: float = 4e-3
    decay: float = 1e-2
    patience: int = 5

    def lr_at(self, share: float) -> float:
        """Return the step size after this share of the steps."""
        return self.lr * (1 + math.cos(math.pi * share)) / 2


@dataclass(frozen=True)
class Part:
    """Samples (n, *shape), images in bytes or floats, and the log-ratios (n,) that a network is to correct.

    Their weights, where they have some, are of mean 1 over the whole set.
    """

    x: Tensor
    offset: Tensor
    weight: Weight = None


class Task(Protocol):
    """What trains and what stops one network."""

    @property
    def sizes(self) -> list[int]:
        """How many samples of each set train."""
        ...

    def batch(self, rows: list[Tensor]) -> list[Part]:
        """Return what an objective is taken of, from some rows of each set."""
        ...

    def stopping(self) -> Iterable[list[Part]]:
        """Return the same of the samples that stop, in one group or several; the mean of their losses stops."""
        ...


@dataclass(frozen=True)
class Parts:
    """Two sets that train and two that stop one network."""

    p: Part
    q: Part
    p_stop: Part
    q_stop: Part

    @property
    def sizes(self) -> list[int]:
        """How many samples of P and of Q train."""
        return [len(self.p.x), len(self.q.x)]

    def batch(self, rows: list[Tensor]) -> list[Part]:
        """Return some of the samples of P and of Q."""
        return [
            Part(part.x[row], part.offset[row], some_of(part.weight, row))
            for part, row in zip((self.p, self.q), rows, strict=True)
        ]

    def stopping(self) -> Iterable[list[Part]]:
        """Return what stops, one group."""
        return [[self.p_stop, self.q_stop]]


def train(
    networks: Sequence[nn.Module],
    tasks: Sequence[Task],
    objective: Objective,
    schedule: Schedule,
    stopping: Objective | None = None,
) -> list[bool]:
    """Train a network for every task, all in one program.

    Each ends at the epoch that was best on its own stopping samples. That may be the start: where a network begins as
    no correction, it then stays none.

    Args:
        networks: alike but for their weights.
        tasks: one for each.
        objective: the loss that is minimised.
        schedule: how.
        stopping: the loss that stops, if it is another one.

    Returns:
        Whether each network has learnt anything.
    """
    team = _Team(networks, objective, stopping or objective)
    sizes = [size for task in tasks for size in task.sizes]
    batch = min(schedule.batch, *sizes)
    an_epoch = math.ceil(max(sizes) / batch)
    schedule = replace(
        schedule, batch=batch, epochs=max(1, min(schedule.epochs, schedule.most_steps // an_epoch))
    )
    optimiser = Adam(team.stack.parameters, schedule.lr, BETAS)
    generator = torch.Generator().manual_seed(0)
    start = best = team.stop_losses(tasks)
    kept, waited = team.snapshot(), 0
    progress = progress_bar(schedule.epochs, what="training critics", unit="epochs", lines=True)
    for epoch in range(schedule.epochs):
        orders = [_orders(task.sizes, an_epoch * batch, generator) for task in tasks]
        for step in range(an_epoch):
            rows = [[order[step * batch : (step + 1) * batch] for order in pair] for pair in orders]
            gradients = torch.autograd.grad(team.loss(tasks, rows), team.stack.parameters)
            optimiser.lr = schedule.lr_at((epoch + step / an_epoch) / schedule.epochs)
            torch._foreach_mul_(optimiser.parameters, 1 - optimiser.lr * schedule.decay)  # pyright: ignore[reportPrivateImportUsage]
            optimiser.step(gradients)
        losses = team.stop_losses(tasks)
        better = losses < best
        best = torch.where(better, losses, best)
        kept = team.snapshot(kept, better)
        waited = 0 if bool(better.any()) else waited + 1
        progress.update()
        if waited == schedule.patience:
            break
    progress.close()
    team.release(kept)
    return (best < start).tolist()


class _Team:
    """Critics of one kind that train as one; each of them is a view of the stacked whole."""

    def __init__(self, networks: Sequence[nn.Module], objective: Objective, stopping: Objective) -> None:
        self.networks, self.objective, self.stopping = networks, objective, stopping
        self.stack = Stack(networks)

    def loss(self, tasks: Sequence[Task], rows: Sequence[list[Tensor]]) -> Tensor:
        """Return the sum of all losses on these rows; each network's gradient is that of its own."""
        batches = [task.batch(own) for task, own in zip(tasks, rows, strict=True)]
        x = torch.stack([torch.cat([part.x for part in parts]) for parts in batches])
        offset = torch.stack([torch.cat([part.offset for part in parts]) for parts in batches])
        outputs = self.stack(as_float(x)) + offset
        outputs = outputs.split([len(part.x) for part in batches[0]], 1)
        return self.objective(*outputs, **_weights_of(batches)).sum()

    @torch.no_grad()
    def stop_losses(self, tasks: Sequence[Task]) -> Tensor:
        """Return the loss of each network on its stopping samples."""
        return torch.stack(
            [
                torch.stack([self._stop_loss(network, parts) for parts in task.stopping()]).mean()
                for network, task in zip(self.networks, tasks, strict=True)
            ]
        )

    def _stop_loss(self, network: nn.Module, parts: list[Part]) -> Tensor:
        outputs = [
            torch.cat([network(as_float(x)) for x in part.x.split(4096)]) + part.offset for part in parts
        ]
        return self.stopping(*(one[None] for one in outputs), **_weights_of([parts]))[0]

    def snapshot(self, kept: list[Tensor] | None = None, which: Tensor | None = None) -> list[Tensor]:
        """Return the parameters as they are now, or of some networks and those kept of the others."""
        now = [value.detach().clone() for value in self.stack.parameters]
        if kept is None or which is None:
            return now
        return [
            torch.where(which.view(-1, *[1] * (value.ndim - 1)), value, before)
            for value, before in zip(now, kept, strict=True)
        ]

    @torch.no_grad()
    def release(self, kept: list[Tensor]) -> None:
        """Leave every network with these parameters, trained."""
        for value, best in zip(self.stack.parameters, kept, strict=True):
            value.copy_(best)
        for network in self.networks:
            network.eval().requires_grad_(False)


def _weights_of(batches: Sequence[Sequence[Part]]) -> dict[str, tuple[Weight, ...]]:
    """Return the argument with the weights of several networks' parts, if there are any."""
    if all(part.weight is None for parts in batches for part in parts):
        return {}
    return {
        "weights": tuple(
            torch.stack([_weight(part) for part in parts]) for parts in zip(*batches, strict=True)
        )
    }


def _weight(part: Part) -> Tensor:
    return torch.ones_like(part.offset) if part.weight is None else part.weight


def _orders(sizes: list[int], length: int, generator: torch.Generator) -> list[Tensor]:
    """Return rows of each set, shuffled, and shuffled again if they do not suffice."""
    return [
        torch.cat([torch.randperm(n, generator=generator) for _ in range(math.ceil(length / n))])[:length]
        for n in sizes
    ]
