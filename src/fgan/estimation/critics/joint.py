"""The critic of mutual information: what two normal distributions would say, and a network for what they leave."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from fgan.estimation.critics.learner import Base, NeuralLearner
from fgan.estimation.critics.network import Schedule
from fgan.estimation.critics.normal_scores import normal_scores_of
from fgan.estimation.critics.regression import logistic_loss
from fgan.estimation.designs.design import Job
from fgan.estimation.formulas.copula import copula_of

SHARES = (1.0, 0.9, 0.75, 0.5, 0.3, 0.1, 0.01)
"""How much of the correlations between x and y is believed; which, the stopping samples say."""


class InformationLearner(NeuralLearner):
    """Fits log-ratios of rows (x, y) together to rows apart, by logistic loss.

    Args:
        columns: how many of a row's are x.
        seed: decides the networks' weights.
        device: where networks are trained.
    """

    schedule = Schedule(epochs=100, most_steps=4000, patience=10)

    def __init__(self, columns: int, *, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(seed=seed, device=device)
        self.columns = columns

    def _preparation(self, job: Job) -> Callable[[Tensor], Tensor]:
        return normal_scores_of(job.p)

    def _base(self, parts: list[Tensor]) -> Base:
        p, _, p_stop, q_stop = parts
        all_of_them = [copula_of(p, self.columns, share) for share in SHARES]
        return min(all_of_them, key=lambda one: float(logistic_loss(one(p_stop), one(q_stop))))
