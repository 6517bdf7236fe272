r"""Boosted trees: what steps, gaps and interactions of columns say, which nothing smooth sees.

The decision function of a classifier of P against Q, less the log of their shares, is log(p/q).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fgan.estimation.designs.design import Job
from fgan.estimation.weights import Weights

if TYPE_CHECKING:
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier

ROUNDS = 100
PATIENCE = 10
"""Rounds that do not help on the stopping samples, after which no further one is fitted."""
LEAVES = 8
RATE = 0.15
MOST_ROWS = 100_000
"""Rows of a side that are fitted, at most: more say little of some hundred leaves."""
UNIT = 2.0**-4
"""Of what trees see: thresholds between the largest numbers of double precision would overflow."""


@dataclass(frozen=True)
class Trees:
    """A sum of trees.

    Args:
        fitted: the classifier.
        prior: the log of how much heavier its samples of P are than those of Q.
    """

    fitted: HistGradientBoostingClassifier
    prior: float
    description: str = "trees"

    def __call__(self, x: Tensor) -> Tensor:
        """Return log(p/q) float64 (n,) of samples (n, d)."""
        return torch.from_numpy(self.fitted.decision_function(x.double().numpy() * UNIT)) - self.prior


def trees_of(job: Job, seed: int) -> Trees:
    """Fit trees to the training samples, as many as the stopping samples ask for.

    Args:
        job: samples (n, d).
        seed: decides what the trees leave to chance.

    Source: Friedman, "Greedy function approximation: a gradient boosting machine" (2001).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # not at the top: it takes a second

    most = min(MOST_ROWS, 2 * min(len(job.p), len(job.q)))  # pairs of others' rows are many, and say the same
    of_p, of_q = (None if one is None else one[:most] for one in job.weights)
    train, of_train, own = _rows(job.p[:most], job.q[:most], (of_p, of_q))
    stop, of_stop, own_stop = _rows(job.p_stop, job.q_stop, job.weights_stop)
    fitted = HistGradientBoostingClassifier(
        learning_rate=RATE,
        max_leaf_nodes=LEAVES,
        max_iter=ROUNDS,
        early_stopping=True,  # pyright: ignore[reportArgumentType] - the stub knows "auto" only
        n_iter_no_change=PATIENCE,
        random_state=seed,
    )
    fitted.fit(train, of_train, own, X_val=stop, y_val=of_stop, sample_weight_val=own_stop)
    heavy = of_train if own is None else own * of_train
    total = len(of_train) if own is None else own.sum()
    return Trees(fitted, math.log(heavy.sum()) - math.log(total - heavy.sum()))


def _rows(p: Tensor, q: Tensor, weights: Weights) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return rows of both sides, 1 for those of P and 0 for those of Q, and their weights."""
    of_p = torch.cat([torch.ones(len(p)), torch.zeros(len(q))]).numpy()
    rows = torch.cat([p.double(), q.double()]).numpy() * UNIT
    if weights == (None, None):  # a hundred times faster than equal weights
        return rows, of_p, None
    own = [torch.ones(len(x)) if w is None else w for x, w in zip((p, q), weights, strict=True)]
    return rows, of_p, torch.cat(own).double().numpy()
