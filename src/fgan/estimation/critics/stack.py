r"""Several critics of the same samples, weighed by samples that trained none of them.

.. math:: l(x) = \sum_k w_k l_k(x), \quad w_k \ge 0, \quad \sum_k w_k = 1

A weighted mean costs next to nothing where the critics agree, and none of them has to be right everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fgan.estimation.critics.learner import NeuralLearner
from fgan.estimation.critics.trees import trees_of
from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.weights import Weight, of_mean_one

FEWEST = 30
"""Training samples of a side below which nothing stands beside the regression."""
LEAST = 0.005
"""A smaller weight is taken for 0."""


@dataclass(frozen=True)
class Stack:
    """A weighted mean of critics.

    Args:
        critics: of the same samples.
        weights: of each (k,), none of them 0.
    """

    critics: list[Critic]
    weights: list[float]

    @property
    def description(self) -> str:
        """The critics with their weights, the heaviest first."""
        ranked = sorted(zip(self.weights, self.critics, strict=True), key=lambda one: -one[0])
        if len(ranked) == 1:
            return ranked[0][1].description
        return ", ".join(f"{weight:.2f} {critic.description}" for weight, critic in ranked)

    def __call__(self, x: Tensor) -> Tensor:
        """Return log(p/q) float64 (n,) of samples (n, d)."""
        weights = torch.tensor(self.weights, dtype=torch.float64)
        return weights @ torch.stack([critic(x).double() for critic in self.critics])


def stacked(critics: list[Critic], job: Job) -> Stack:
    """Return the weighted mean of critics that loses least on the stopping samples.

    Args:
        critics: fitted to the job's training samples.
        job: samples.

    Source: van der Laan, Polley and Hubbard, "Super learner" (2007).
    """
    from scipy.optimize import minimize  # not at the top: it takes half a second

    on_p, on_q = (
        torch.stack([critic(x).double() for critic in critics]).numpy() for x in (job.p_stop, job.q_stop)
    )
    weights_stop = of_mean_one(job.weights_stop)
    share_p, share_q = (_shares(out.shape[1], w) for out, w in zip((on_p, on_q), weights_stop, strict=True))

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        p, q = w @ on_p, w @ on_q
        value = np.logaddexp(0, -p) @ share_p + np.logaddexp(0, q) @ share_q
        slope = on_q @ (share_q * np.exp(-np.logaddexp(0, -q))) - on_p @ (
            share_p * np.exp(-np.logaddexp(0, p))
        )
        return float(value), slope

    alone = [loss(one)[0] for one in np.eye(len(critics))]
    best = np.eye(len(critics))[int(np.argmin(alone))]
    one = {"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": np.ones_like}
    limits = [(0.0, 1.0)] * len(critics)
    found = minimize(loss, best, jac=True, method="SLSQP", bounds=limits, constraints=one)
    weights = np.where(found.x < LEAST, 0.0, found.x)
    if not weights.sum() > 0 or not loss(weights / weights.sum())[0] < min(alone):
        weights = best
    weights = weights / weights.sum()
    return Stack([critics[k] for k in weights.nonzero()[0]], weights[weights > 0].tolist())


def _shares(count: int, weight: Weight) -> np.ndarray:
    """Return what each of so many samples counts in the mean over one side, which counts one half."""
    each = np.ones(count) if weight is None else weight.double().numpy()
    return each / (2 * count)


class StackLearner:
    """Fits several critics to each job and weighs them: a regression with its correction, splines of ranks, and trees.

    Args:
        inner: fits the critic that the others stand beside.
    """

    def __init__(self, inner: NeuralLearner) -> None:
        self.inner = inner

    def __call__(self, jobs: list[Job]) -> list[Critic]:
        """Return a critic for each job."""
        critics = self.inner(jobs)
        if self.inner.alone(jobs) or min(job.smallest for job in jobs) < FEWEST:
            return critics
        return [
            stacked([critic, *self.inner.by_ranks(job), trees_of(job, self.inner.seed)], job)
            for critic, job in zip(critics, jobs, strict=True)
        ]
