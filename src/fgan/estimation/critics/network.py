"""Networks that correct log-ratios, trained for all folds as one program."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from tqdm import tqdm

from fgan.data.dataset import as_float
from fgan.data.notes import on_a_terminal

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
        team.parameters.values(), lr=schedule.lr, weight_decay=schedule.decay, fused=True
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
    """Networks of one kind whose parameters lie stacked."""

    def __init__(self, networks: Sequence[nn.Module], objective: Objective) -> None:
        self.networks, self.objective = networks, objective
        self.parameters, self._buffers = stack_module_state(list(networks))

        def forward(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
            return functional_call(networks[0], (parameters, buffers), (x,))

        self._forward, self._together = forward, vmap(forward)

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
        outputs = self._together(self.parameters, self._buffers, as_float(x)) + offset
        return self.objective(*outputs.chunk(2, 1)).sum()

    @torch.no_grad()
    def stop_losses(self, jobs: Sequence[Parts]) -> Tensor:
        """Return the loss of each network on its stopping samples."""
        losses = []
        for index, job in enumerate(jobs):
            own = [
                {name: value[index] for name, value in kind.items()}
                for kind in (self.parameters, self._buffers)
            ]
            p, q = (
                torch.cat([self._forward(own[0], own[1], as_float(x)) for x in part.x.split(4096)])
                + part.offset
                for part in (job.p_stop, job.q_stop)
            )
            losses.append(self.objective(p[None], q[None])[0])
        return torch.stack(losses)

    def snapshot(
        self, kept: dict[str, Tensor] | None = None, which: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return the parameters as they are now, or of some networks and those kept of the others."""
        now = {name: value.detach().clone() for name, value in self.parameters.items()}
        if kept is None or which is None:
            return now
        return {
            name: torch.where(which.view(-1, *[1] * (value.ndim - 1)), value, kept[name])
            for name, value in now.items()
        }

    @torch.no_grad()
    def release(self, kept: dict[str, Tensor]) -> None:
        """Give every network its own parameters."""
        for index, network in enumerate(self.networks):
            for name, value in network.named_parameters():
                value.copy_(kept[name][index])
            network.eval().requires_grad_(False)


def _orders(job: Parts, length: int, generator: torch.Generator) -> list[Tensor]:
    """Return rows of P and of Q, shuffled, and shuffled again if they do not suffice."""
    orders = []
    for part in (job.p, job.q):
        n = len(part.x)
        times = math.ceil(length / n)
        orders.append(torch.cat([torch.randperm(n, generator=generator) for _ in range(times)])[:length])
    return orders
