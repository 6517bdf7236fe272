r"""Telescoping: the log-ratio of two far distributions as a sum over bridges between near ones.

.. math:: \log\frac{p}{q} = \sum_{k=1}^{K} \log\frac{p_{k-1}}{p_k}, \quad
    x_k = \sqrt{1 - a_k^2} \, x_P + a_k \, x_Q, \quad 0 = a_0 < \dots < a_K = 1
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.estimation.critics.learner import NeuralLearner
from fgan.estimation.critics.regression import logistic_loss
from fgan.estimation.critics.scaling import Scaling, scaling_of
from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.weights import Weight, Weights, of_mean_one

BRIDGES = 8


@dataclass(frozen=True)
class Telescope:
    """The sum of the bridges' log-ratios.

    Args:
        scaling: of the samples, before they are mixed.
        bridges: critics of neighbours.
    """

    scaling: Scaling
    bridges: list[Critic]

    @property
    def description(self) -> str:
        """What the bridges are."""
        kinds = sorted({bridge.description for bridge in self.bridges})
        return f"{len(self.bridges)} bridges, each {' or '.join(kinds)}"

    def __call__(self, x: Tensor) -> Tensor:
        """Return log(p/q) (n,) of samples (n, d)."""
        z = self.scaling(x)
        return torch.stack([bridge(z).double() for bridge in self.bridges]).sum(0)


class BridgeLearner(NeuralLearner):
    """Fits the critics of bridges, which report far from the samples that trained them."""

    bends = False


class TelescopingLearner:
    """Fits a critic for each bridge between P and Q, and adds them up; for differences of many nats.

    Waymarks mix a sample of P with one of Q, coordinate by coordinate, so that vectors are needed; neighbours use
    the same pairs. Where the sum is worse than a coin on the stopping samples, a single critic takes its place.

    Args:
        bridges: K.
        seed: decides the networks' weights.
        device: where networks are trained.

    Source: Rhodes, Xu and Gutmann, "Telescoping density-ratio estimation" (2020), eq. 4 and 7.
    """

    def __init__(self, bridges: int = BRIDGES, *, seed: int = 0, device: str = "cpu") -> None:
        self.bridges, self.inner = bridges, BridgeLearner(seed=seed, device=device)

    def __call__(self, jobs: list[Job]) -> list[Critic]:
        """Return a critic for each job."""
        scalings = [scaling_of(job.p, job.q) for job in jobs]
        bridges = [
            bridge
            for job, scaling in zip(jobs, scalings, strict=True)
            for bridge in self._bridges(job, scaling)
        ]
        fitted = self.inner(bridges)
        count = self.bridges
        critics: list[Critic] = [
            Telescope(scaling, fitted[i * count : (i + 1) * count]) for i, scaling in enumerate(scalings)
        ]
        failed = [i for i, job in enumerate(jobs) if self._fails(critics[i], job)]
        for i, critic in zip(failed, self.inner([jobs[i] for i in failed]) if failed else [], strict=True):
            critics[i] = critic
        return critics

    def _fails(self, critic: Critic, job: Job) -> bool:
        """Whether it tells P from Q no better than a coin, as of few distinct values, which waymarks part at once."""
        on_p, on_q = critic(job.p_stop), critic(job.q_stop)
        return float(logistic_loss(on_p, on_q, of_mean_one(job.weights_stop))) > math.log(2)

    def _bridges(self, job: Job, scaling: Scaling) -> list[Job]:
        train = self._waymarks(scaling(job.p), scaling(job.q))
        stop = self._waymarks(scaling(job.p_stop), scaling(job.q_stop))
        of_train, of_stop = (
            self._weights(p, q, weights)
            for p, q, weights in ((job.p, job.q, job.weights), (job.p_stop, job.q_stop, job.weights_stop))
        )
        return [
            Job(
                train[k],
                train[k + 1],
                stop[k],
                stop[k + 1],
                (of_train[k], of_train[k + 1]),
                (of_stop[k], of_stop[k + 1]),
            )
            for k in range(self.bridges)
        ]

    def _waymarks(self, p: Tensor, q: Tensor) -> list[Tensor]:
        longest = max(len(p), len(q))
        pairs_p, pairs_q = (side[torch.arange(longest) % len(side)] for side in (p, q))
        marks = [p]
        for k in range(1, self.bridges):
            share = math.sin(math.pi / 2 * k / self.bridges)
            marks.append(math.sqrt(1 - share**2) * pairs_p + share * pairs_q)
        return [*marks, q]

    def _weights(self, p: Tensor, q: Tensor, weights: Weights) -> list[Weight]:
        """Return the weights of each waymark: a mixed sample weighs what both do."""
        longest = max(len(p), len(q))
        both = [one[torch.arange(longest) % len(one)] for one in weights if one is not None]
        mixed = torch.stack(both).prod(0) if both else None
        return [weights[0], *[mixed] * (self.bridges - 1), weights[1]]
