"""Networks that correct log-ratios, trained for all folds as one program."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from tqdm import tqdm

from fgan.data.dataset import as_float
from fgan.data.notes import on_a_terminal
from fgan.networks.stacked import Stack

Objective = Callable[[Tensor, Tensor], Tensor]
"""Log-ratios on P (K, n) and on Q (K, m) of K critics to their losses (K,)."""


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


@dataclass(frozen=True)
class Part:
    """Samples (n, *shape), images in bytes or floats, and the log-ratios (n,) that a network is to correct."""

    x: Tensor
    offset: Tensor


@dataclass(frozen=True)
class Parts:
    """What trains and what stops one network."""

    p: Part
    q: Part
    p_stop: Part
    q_stop: Part


def train(
    networks: Sequence[nn.Module], jobs: Sequence[Parts], objective: Objective, schedule: Schedule
) -> list[bool]:
    """Train a network for every job, all in one program.

    Each ends at the epoch that was best on its own stopping samples. That may be the start: where a network begins as
    no correction, it then stays none.

    Returns:
        Whether each network has learnt anything.
    """
    team = _Team(networks, objective)
    batch = min(schedule.batch, *(len(part.x) for job in jobs for part in (job.p, job.q)))
    an_epoch = math.ceil(max(len(part.x) for job in jobs for part in (job.p, job.q)) / batch)
    schedule = replace(
        schedule, batch=batch, epochs=max(1, min(schedule.epochs, schedule.most_steps // an_epoch))
    )
    optimiser = torch.optim.AdamW(
        team.stack.parameters, lr=schedule.lr, weight_decay=schedule.decay, fused=True
    )
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, schedule.epochs * an_epoch)
    generator = torch.Generator().manual_seed(0)
    start = best = team.stop_losses(jobs)
    kept, waited = team.snapshot(), 0
    progress = tqdm(range(schedule.epochs), "critics", leave=False, disable=not on_a_terminal(sys.stderr))
    for _ in progress:
        orders = [_orders(job, an_epoch * batch, generator) for job in jobs]
        for step in range(an_epoch):
            rows = [[order[step * batch : (step + 1) * batch] for order in pair] for pair in orders]
            optimiser.zero_grad()
            team.loss(jobs, rows).backward()
            optimiser.step()
            falling.step()
        losses = team.stop_losses(jobs)
        better = losses < best
        best = torch.where(better, losses, best)
        kept = team.snapshot(kept, better)
        waited = 0 if bool(better.any()) else waited + 1
        if waited == schedule.patience:
            break
    progress.close()
    team.release(kept)
    return (best < start).tolist()


class _Team:
    """Critics of one kind that train as one; each of them is a view of the stacked whole."""

    def __init__(self, networks: Sequence[nn.Module], objective: Objective) -> None:
        self.networks, self.objective, self.stack = networks, objective, Stack(networks)

    def loss(self, jobs: Sequence[Parts], rows: Sequence[Sequence[Tensor]]) -> Tensor:
        """Return the sum of all losses on these rows of P and Q; each network's gradient is that of its own."""
        x, offset = (
            torch.stack(
                [
                    torch.cat(
                        [getattr(part, name)[row] for part, row in zip((job.p, job.q), pair, strict=True)]
                    )
                    for job, pair in zip(jobs, rows, strict=True)
                ]
            )
            for name in ("x", "offset")
        )
        outputs = self.stack(as_float(x)) + offset
        return self.objective(*outputs.chunk(2, 1)).sum()

    @torch.no_grad()
    def stop_losses(self, jobs: Sequence[Parts]) -> Tensor:
        """Return the loss of each network on its stopping samples."""
        losses = []
        for network, job in zip(self.networks, jobs, strict=True):
            p, q = (
                torch.cat([network(as_float(x)) for x in part.x.split(4096)]) + part.offset
                for part in (job.p_stop, job.q_stop)
            )
            losses.append(self.objective(p[None], q[None])[0])
        return torch.stack(losses)

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


def _orders(job: Parts, length: int, generator: torch.Generator) -> list[Tensor]:
    """Return rows of P and of Q, shuffled, and shuffled again if they do not suffice."""
    orders = []
    for part in (job.p, job.q):
        n = len(part.x)
        times = math.ceil(length / n)
        orders.append(torch.cat([torch.randperm(n, generator=generator) for _ in range(times)])[:length])
    return orders
