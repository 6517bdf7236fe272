"""The published estimators, cross-fitted: a critic of all pairs in a batch, read off samples that trained nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fgan.estimation.critics.network import Objective, Part, Schedule, train
from fgan.estimation.information.normal_scores import normal_scores_of
from fgan.estimation.information.objectives import Named, Weighted, of
from fgan.estimation.information.pairs import Pairs
from fgan.estimation.prices import Mean
from fgan.networks import Architecture, Frame, build_critic

WIDTH, DEPTH = 128, 2
SCHEDULE = Schedule(epochs=40, most_steps=2000, batch=64, lr=1e-3, decay=1e-3, patience=6)
STOP = 128
"""Samples of the matrix that stops."""
REPORT = 1000
"""Samples of the largest matrix that is read off at once."""


@dataclass(frozen=True)
class Matrix:
    """Samples of which every x is scored beside every y.

    Args:
        x, y: what trains (n, dx), (n, dy).
        x_stop, y_stop: what stops.
        two: whether there is a second output, on the pairs that belong together.
    """

    x: Tensor
    y: Tensor
    x_stop: Tensor
    y_stop: Tensor
    two: bool

    @property
    def sizes(self) -> list[int]:
        """How many train."""
        return [len(self.x)]

    def batch(self, rows: list[Tensor]) -> list[Part]:
        """Return all pairs of some rows."""
        return parts_of(self.x[rows[0]], self.y[rows[0]], self.two)

    def stopping(self) -> list[Part]:
        """Return all pairs of the samples that stop."""
        return parts_of(self.x_stop, self.y_stop, self.two)


def parts_of(x: Tensor, y: Tensor, two: bool) -> list[Part]:
    """Return rows (x_i, y_j), all of them; with a second output, marked 0, and (x_i, y_i) marked 1."""
    n = len(x)
    every = torch.cat([x.repeat_interleave(n, 0), y.repeat(n, 1)], 1)
    if not two:
        return [Part(every, every.new_zeros(len(every)))]
    own = torch.cat([x, y, x.new_ones(n, 1)], 1)
    every = torch.cat([every, every.new_zeros(len(every), 1)], 1)
    return [Part(every, every.new_zeros(len(every))), Part(own, own.new_zeros(n))]


def matrix_of(outputs: Tensor) -> Tensor:
    """Return outputs (..., n n) on all pairs as scores (..., n, n)."""
    n = math.isqrt(outputs.shape[-1])
    return outputs.unflatten(-1, (n, n))


def taken(objective: Callable[..., Tensor], means: Weighted, *second: Tensor) -> Tensor:
    """Return an objective of scores g, and of u = second output - g where there is one: near what is best for it.

    The best u is log E_y'[e^g(x, y')] - g(x, y), and the first term is 0 where g has come to be log(p/q).
    """
    return objective(means, *(one - means.on_joint for one in second))


def at_once(n: int, folds: int) -> int:
    """Return how many of n samples are read off together, at most."""
    part = math.ceil(n / folds)
    return math.ceil(part / math.ceil(part / REPORT))


def estimate_named(design: Pairs, named: Named, seed: int, device: str) -> Mean:
    """Return a published estimator's mean over the folds, each read off samples that its critic has not seen.

    Args:
        design: the folds.
        named: which estimator.
        seed: decides the networks' weights, the same for every fold.
        device: where networks are trained.
    """
    scorings = [_scoring(design, fold) for fold in range(design.folds)]
    tasks = []
    for fold, scoring in enumerate(scorings):
        rows, stop, _ = design.rows(fold)
        x, y = scoring(rows)
        x_stop, y_stop = scoring(stop[:STOP])
        tasks.append(Matrix(x.to(device), y.to(device), x_stop.to(device), y_stop.to(device), named.two))
    width = design.x.shape[1] + design.y.shape[1] + named.two
    networks = [_network(width, seed).to(device) for _ in tasks]
    objective = named.train()

    def loss_of(objective: Callable[..., Tensor]) -> Objective:
        return lambda *outputs: -taken(objective, of(matrix_of(outputs[0])), *outputs[1:])

    train(networks, tasks, loss_of(objective), SCHEDULE, loss_of(named.stop or objective))
    found = [
        one
        for fold, (network, scoring) in enumerate(zip(networks, scorings, strict=True))
        for one in _read_off(network, *scoring(design.rows(fold)[2]), named, device)
    ]
    count = sum(n for _, n in found)
    spread = sum((n * mean.standard_error) ** 2 for mean, n in found)
    return Mean(sum(n * mean.value for mean, n in found) / count, math.sqrt(spread) / count)


def _scoring(design: Pairs, fold: int) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Return what makes normal scores of rows of x and y, as those that train have them."""
    rows = design.rows(fold)[0]
    of_x, of_y = normal_scores_of(design.x[rows]), normal_scores_of(design.y[rows])
    return lambda rows: (of_x(design.x[rows]), of_y(design.y[rows]))


def _network(width: int, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        recipe = Architecture(kind="mlp", latent=1, width=WIDTH, depth=DEPTH, activation="relu")
        return build_critic(recipe, Frame((width,)))


def _read_off(network: nn.Module, x: Tensor, y: Tensor, named: Named, device: str) -> list[tuple[Mean, int]]:
    """Return the estimate from each matrix of samples that report, and of how many samples it is."""
    blocks = math.ceil(len(x) / REPORT)
    found = []
    for x_part, y_part in zip(x.tensor_split(blocks), y.tensor_split(blocks), strict=True):
        parts = parts_of(x_part.to(device), y_part.to(device), named.two)
        with torch.no_grad():
            outputs = [
                torch.cat([network(rows) for rows in part.x.split(65_536)]).cpu().double() for part in parts
            ]
        weights = torch.ones(len(x_part), dtype=torch.float64, requires_grad=True)
        value = taken(named.value, Weighted(matrix_of(outputs[0]), weights), *outputs[1:])
        # The infinitesimal jackknife: how the estimate moves with the weight of each sample.
        (moved,) = torch.autograd.grad(value, weights)
        found.append((Mean(float(value.detach()), float(moved.square().sum().sqrt())), len(x_part)))
    return found
