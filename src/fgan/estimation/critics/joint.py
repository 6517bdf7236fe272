"""The critic of mutual information: what two normal distributions would say, and a network for what they leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.estimation.critics.labels import LabelLearner, label_in
from fgan.estimation.critics.learner import Base, NeuralLearner, _same
from fgan.estimation.critics.network import Schedule
from fgan.estimation.critics.normal_scores import normal_scores_of
from fgan.estimation.critics.regression import logistic_loss
from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.weights import Weight, Weights, of_mean_one

SHARES = (1.0, 0.9, 0.75, 0.5, 0.3, 0.1, 0.01)
"""How much of the correlations between x and y is believed; which, the stopping samples say."""
RIDGE = 1e-6
"""Added to variances, for coordinates that follow from others."""


@dataclass(frozen=True)
class Copula:
    """The log-ratio of a normal distribution of (x, y) and the product of its margins.

    Args:
        form: (d, d), so that l is constant + ½ z form z.
        constant: a number.
    """

    form: Tensor
    constant: Tensor
    description: str = "normal copula"

    def __call__(self, z: Tensor) -> Tensor:
        """Return l (n,) of normal scores (n, d)."""
        return self.constant + ((z @ self.form) * z).sum(1) / 2


def covariances_of(z: Tensor, width: int, share: float = 1.0, weight: Weight = None) -> tuple[Tensor, Tensor]:
    """Return the covariances of (x, y) together and apart, float64 (d, d), (d, d).

    Args:
        z: normal scores of samples that belong together (n, d), of which the first `width` are x.
        width: coordinates of x.
        share: of the correlations between x and y that is believed.
        weight: of the samples.
    """
    joint = torch.atleast_2d(torch.cov(z.double().T, aweights=weight))
    joint = joint + RIDGE * torch.eye(len(joint), device=joint.device)
    apart = torch.block_diag(joint[:width, :width], joint[width:, width:])
    return share * joint + (1 - share) * apart, apart


def copula_of(z: Tensor, width: int, share: float, weight: Weight = None) -> Copula:
    """Return the log-ratio of normal scores; arguments as `covariances_of`."""
    joint, apart = covariances_of(z, width, share, weight)
    form = torch.linalg.inv(apart) - torch.linalg.inv(joint)
    constant = (torch.linalg.slogdet(apart)[1] - torch.linalg.slogdet(joint)[1]) / 2
    return Copula(form.float(), constant.float())


class JointLearner(NeuralLearner):
    """Fits log-ratios of rows (x, y) together to rows apart, by logistic loss.

    Args:
        columns: how many of a row's are x.
        seed: decides the networks' weights.
        device: where networks are trained.
    """

    schedule = Schedule(epochs=100, most_steps=1500, lr=2e-2, patience=10)
    splined = 2

    def __init__(self, columns: int, *, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(seed=seed, device=device)
        self.columns = columns

    def __call__(self, jobs: list[Job]) -> list[Critic]:
        """Return a critic for each job; where X or Y is a label, one that knows it."""
        sides = label_in(jobs, self.columns)
        if sides is not None:
            return LabelLearner(sides, seed=self.seed, device=self.device)(jobs)
        return super().__call__(jobs)

    def alone(self, jobs: list[Job]) -> bool:
        """Whether nothing else is worth fitting beside, as of a label, whose critic is no classifier of pairs."""
        return super().alone(jobs) or label_in(jobs, self.columns) is not None

    def by_ranks(self, job: Job) -> list[Critic]:
        """Return none: the margins of both sides are the same, and ranks are what all critics of pairs take."""
        return []

    def _preparation(self, job: Job) -> Callable[[Tensor], Tensor]:
        return normal_scores_of(job.p, job.weights[0])

    def _scores(self, job: Job, parts: list[Tensor]) -> Callable[[Tensor], Tensor]:
        return _same  # normal scores already

    def _base(self, parts: list[Tensor], weights: Weights, weights_stop: Weights) -> Base:
        p, _, p_stop, q_stop = parts
        all_of_them = [copula_of(p, self.columns, share, weights[0]) for share in SHARES]
        stop = of_mean_one(weights_stop)
        return min(all_of_them, key=lambda one: float(logistic_loss(one(p_stop), one(q_stop), stop)))
