r"""Several critics of one pair of sample sets, weighed by samples that trained none of them.

.. math:: l(x) = b + \sum_k w_k l_k(x), \quad w_k \ge 0

Source: van der Laan, Polley and Hubbard, "Super learner" (2007); Breiman, "Stacked regressions" (1996), for weights that
are not negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fgan.estimation.critics.learner import FEW, NeuralLearner
from fgan.estimation.critics.learner import Fitted
from fgan.estimation.critics.regression import regressions
from fgan.estimation.critics.normal_scores import normal_scores_of
from fgan.estimation.critics.trees import trees_of
from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.weights import Weights, of_mean_one, size_of

HOLD = 0.02
"""What a weight that differs by one from its start costs, beside the mean loss of a stopping sample, at 100 of them."""
LEAST = 0.005
"""A smaller weight is left out of what a stack says of itself."""


@dataclass(frozen=True)
class Stack:
    """A weighted sum of critics.

    Args:
        critics: of the same samples.
        weights: of each, at least 0 (k,).
        intercept: a number.
    """

    critics: list[Critic]
    weights: list[float]
    intercept: float

    @property
    def description(self) -> str:
        """The critics that count, the heaviest first, with their weights."""
        ranked = sorted(zip(self.weights, self.critics, strict=True), key=lambda one: -one[0])
        said = [f"{weight:.2f} {critic.description}" for weight, critic in ranked if weight >= LEAST]
        return ", ".join(said) or "constant"

    def __call__(self, x: Tensor) -> Tensor:
        """Return log(p/q) float64 (n,) of samples (n, d)."""
        counted = [(w, critic) for w, critic in zip(self.weights, self.critics, strict=True) if w > 0]
        return sum(
            (w * critic(x).double() for w, critic in counted),
            torch.full((len(x),), self.intercept, dtype=torch.float64),
        )


def stacked(critics: list[Critic], job: Job) -> Stack:
    """Return the sum of critics that loses least on the stopping samples.

    Args:
        critics: fitted to the job's training samples; weights start from all on the best of them.
        job: samples.
    """
    from scipy.optimize import minimize  # not at the top: it takes half a second

    on_p, on_q = (
        torch.stack([critic(x).double() for critic in critics]).numpy() for x in (job.p_stop, job.q_stop)
    )
    share_p, share_q = (
        (np.full(out.shape[1], 1.0) if w is None else w.double().numpy()) / (2 * out.shape[1])
        for out, w in zip((on_p, on_q), of_mean_one(job.weights_stop), strict=True)
    )
    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        p, q = w @ on_p, w @ on_q
        off_p, off_q = -share_p * _sigmoid(-p), share_q * _sigmoid(q)
        value = np.logaddexp(0, -p) @ share_p + np.logaddexp(0, q) @ share_q
        return float(value), on_p @ off_p + on_q @ off_q

    alone = np.logaddexp(0, -on_p) @ share_p + np.logaddexp(0, on_q) @ share_q
    start = np.zeros(len(critics)); start[int(alone.argmin())] = 1.0
    found = minimize(loss, start, jac=True, method="SLSQP", bounds=[(0.0, 1.0)] * len(critics),
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(len(w))})
    weights = found.x.clip(0, 1); weights /= weights.sum()
    return Stack(critics, weights.tolist(), 0.0)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -x))


class StackLearner:
    """Fits several critics to each job, and weighs them: regressions, what corrects them, splines of ranks, and trees.

    Images, and single coordinates, whose spline is any function, have one critic.

    Args:
        inner: fits the critic that the others stand beside.
    """

    def __init__(self, inner: NeuralLearner) -> None:
        self.inner = inner

    def __call__(self, jobs: list[Job]) -> list[Critic]:
        """Return a critic for each job."""
        critics = self.inner(jobs)
        one, smallest = jobs[0], min(size_of(x, w) for job in jobs for x, w in zip((job.p, job.q), job.weights, strict=True))
        if one.p.ndim != 2 or one.p.shape[1] <= self.inner.splined or smallest < FEW:
            return critics
        return [
            stacked([critic, *self._others(job)], job) for job, critic in zip(jobs, critics, strict=True)
        ]

    def _others(self, job: Job) -> list[Critic]:
        import os
        K=os.environ.get('K','rst')
        out=[]
        same=lambda out: out
        for c,prepare in (('s',self.inner._preparation(job)),('r',self.inner._scores(job,[job.p,job.q]))):
            if c in K:
                parts = [prepare(x) for x in (job.p, job.q, job.p_stop, job.q_stop)]
                out += [Fitted(prepare, r, None, same, 'cpu', c+' '+r.description) for _, r in regressions(*parts, job.weights, job.weights_stop)]
        return out + ([trees_of(job, self.inner.seed)] if 't' in K else [])
