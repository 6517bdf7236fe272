r"""The published estimators of mutual information, as functions of a matrix of scores.

Entry (i, j) of a matrix (..., n, n) is the score of x_i beside y_j: the diagonal are samples of the joint distribution
P, the rest samples of the product of its margins Q. A score stands for the log-ratio l = log(p/q).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

CLIP = 5.0
"""SMILE's usual τ."""
MOMENTUM = 0.99
"""How much of its average denominator MINE keeps at a step."""


@dataclass(frozen=True)
class Weighted:
    """Means over a matrix of scores, in which every sample counts by its weight.

    Args:
        scores: (..., n, n).
        weights: (n,), all 1 where nothing is asked about single samples.
    """

    scores: Tensor
    weights: Tensor

    @property
    def on_joint(self) -> Tensor:
        """The scores of the pairs that belong together, (..., n)."""
        return self.scores.diagonal(dim1=-2, dim2=-1)

    def joint(self, terms: Tensor) -> Tensor:
        """Return the mean of terms (..., n) over the joint distribution."""
        return (self.weights * terms).sum(-1) / self.weights.sum()

    def product(self, terms: Tensor) -> Tensor:
        """Return the mean of terms (..., n, n) over the product, which are all but the diagonal."""
        pairs = self.weights.outer(self.weights)
        pairs = pairs - pairs.diag().diag()
        return (pairs * terms).sum((-2, -1)) / pairs.sum()

    def log_mean_exp(self, scores: Tensor) -> Tensor:
        """Return log E_Q[e^scores], of scores (..., n, n) without their diagonal."""
        logs = self.weights.log()
        pairs = _without_diagonal(logs[:, None] + logs)
        return (scores + pairs).logsumexp((-2, -1)) - pairs.logsumexp((-2, -1))

    def effective_pairs(self) -> Tensor:
        """Return how many pairs E_Q[e^scores] rests on: Kish's effective sample size (Σ e^l)² / Σ e^2l.

        >>> round(float(of(torch.zeros(10, 10)).effective_pairs()))
        90
        """
        logs = _without_diagonal(self.scores)
        return (2 * logs.logsumexp((-2, -1)) - (2 * logs).logsumexp((-2, -1))).exp()

    def rows(self, scores: Tensor) -> Tensor:
        """Return log of the mean of e^scores over every y beside each x, its own among them, (..., n)."""
        logs = self.weights.log()
        return (scores + logs).logsumexp(-1) - logs.logsumexp(0)

    def others(self, scores: Tensor) -> Tensor:
        """Return log of the mean of e^scores over every y beside each x but its own, (..., n)."""
        logs = _without_diagonal(self.weights.log().expand(scores.shape[-1], -1))
        return (scores + logs).logsumexp(-1) - logs.logsumexp(-1)


def _without_diagonal(matrix: Tensor) -> Tensor:
    return matrix.masked_fill(torch.eye(matrix.shape[-1], dtype=torch.bool, device=matrix.device), -math.inf)


def of(scores: Tensor) -> Weighted:
    """Return means in which every sample counts alike."""
    return Weighted(scores, scores.new_ones(scores.shape[-1]))


def nwj(means: Weighted) -> Tensor:
    r"""Return 1 + E_P[l] - E_Q[e^l], the variational bound of KL.

    Source: Nguyen, Wainwright and Jordan (2010); Poole et al., "On variational bounds of mutual information" (2019),
    with the score l = f - 1.

    >>> scores = torch.tensor([[1.0, -2.0], [-2.0, 1.0]])
    >>> round(nwj(of(scores)).item(), 4)  # 1 + 1 - e^-2
    1.8647
    """
    return 1 + means.joint(means.on_joint) - means.log_mean_exp(means.scores).exp()


def donsker_varadhan(means: Weighted) -> Tensor:
    """Return E_P[l] - log E_Q[e^l], which a constant in l does not change.

    Source: Donsker and Varadhan (1983); Belghazi et al., "Mutual information neural estimation" (2018).
    """
    return means.joint(means.on_joint) - means.log_mean_exp(means.scores)


def info_nce(means: Weighted) -> Tensor:
    """Return E[l(x, y) - log of the mean of e^l(x, y') over all n y'], which is at most log n.

    Source: van den Oord, Li and Vinyals, "Representation learning with contrastive predictive coding" (2018).
    """
    return means.joint(means.on_joint - means.rows(means.scores))


def smile(means: Weighted, clip: float = CLIP) -> Tensor:
    """Return E_P[l] - log E_Q[e^l clipped to e^±τ]: steadier than `donsker_varadhan`, but no bound.

    Source: Song and Ermon, "Understanding the limitations of variational mutual information estimators" (2020).
    """
    return means.joint(means.on_joint) - means.log_mean_exp(means.scores.clamp(-clip, clip))


def flo(means: Weighted, u: Tensor) -> Tensor:
    r"""Return 1 - E[u + e^-u E_y'[e^(g(x, y') - g(x, y))]], largest at u = -log(p/q).

    Args:
        means: of scores g.
        u: the second critic's values on the joint samples (..., n).

    Source: Guo et al., "Tight mutual information estimation with contrastive Fenchel-Legendre optimization" (2022).
    """
    return 1 - means.joint(u + (means.others(means.scores) - means.on_joint - u).exp())


def logistic(means: Weighted) -> Tensor:
    """Return E_P[log σ(l)] + E_Q[log σ(-l)]: Jensen and Shannon's divergence less log 4, largest at l = log(p/q).

    Source: Nowozin, Cseke and Tomioka (2016), Table 2; Hjelm et al., "Deep InfoMax" (2019).
    """
    return -means.joint(F.softplus(-means.on_joint)) - means.product(F.softplus(means.scores))


class Mine:
    """Donsker and Varadhan's bound with a gradient whose denominator is a running mean over batches.

    The gradient of log E_Q[e^l] from a batch is biased, since the mean over it stands in a denominator.

    Args:
        momentum: how much of the mean stays at a step.

    Source: Belghazi et al. (2018), section 3.2.
    """

    def __init__(self, momentum: float = MOMENTUM) -> None:
        self.momentum = momentum
        self._log_mean: Tensor | None = None

    def __call__(self, means: Weighted) -> Tensor:
        """Return E_P[l] - E_Q[e^l] / the running mean of it, whose gradient is that of the bound."""
        now = means.log_mean_exp(means.scores)
        known = now.detach() if self._log_mean is None else self._log_mean
        self._log_mean = torch.logaddexp(
            known + math.log(self.momentum), now.detach() + math.log1p(-self.momentum)
        )
        return means.joint(means.on_joint) - (now - self._log_mean).exp()


Value = Callable[[Weighted], Tensor]


@dataclass(frozen=True)
class Published:
    """An estimator as it was published: what trains its critic, and what is read off it.

    Args:
        summary: what it is, in a line.
        train: makes the mean that training maximises; anew for each training, for it may remember.
        value: the estimate.
        stop: the mean that stops training (default: that of `train`).
        ceiling: its largest value with n samples at once; None if there is no limit.
        two: whether there is a second critic, `u` of `flo`.
        normaliser: whether it is read off with the mean of e^l over the product, which rare pairs can rule.
        caveat: what goes with its values.
    """

    summary: str
    train: Callable[[], Callable[..., Tensor]]
    value: Callable[..., Tensor]
    stop: Callable[..., Tensor] | None = None
    ceiling: Callable[[int], float] | None = None
    two: bool = False
    normaliser: bool = False
    caveat: str = ""


PUBLISHED: dict[str, Published] = {
    "nwj": Published(
        "1 + E_P[l] - E_Q[e^l] (Nguyen, Wainwright and Jordan)", lambda: nwj, nwj, normaliser=True
    ),
    # Of few pairs, Donsker and Varadhan's bound rises with the spread of a critic that scores a rare pair far too high.
    "dv": Published(
        "E_P[l] - log E_Q[e^l] (Donsker and Varadhan)",
        lambda: donsker_varadhan,
        donsker_varadhan,
        stop=info_nce,
        normaliser=True,
    ),
    "mine": Published(
        "the same with MINE's gradient (Belghazi et al.)",
        Mine,
        donsker_varadhan,
        stop=info_nce,
        normaliser=True,
    ),
    "infonce": Published(
        "contrastive: which of n y belongs to x (van den Oord et al.)",
        lambda: info_nce,
        info_nce,
        ceiling=math.log,
    ),
    "js": Published(
        "trained as a classifier, evaluated as nwj (Poole et al.)", lambda: logistic, nwj, normaliser=True
    ),
    "smile": Published(
        "trained as a classifier, evaluated as dv with clipped ratios (Song and Ermon)",
        lambda: logistic,
        smile,
        caveat="smile clips ratios to e^±5; its interval does not include the resulting bias.",
    ),
    "flo": Published(
        "contrastive, with a second critic instead of the logarithm (Guo et al.)",
        lambda: flo,
        flo,
        two=True,
        normaliser=True,
    ),
}
