r"""Divergences from distances to the k-th nearest neighbours, without a density ratio anywhere.

With ρ the distance of a sample of P to its k-th neighbour in P, and ν to that in Q, (n-1) ρ^d / (m ν^d) estimates q/p:

.. math:: \mathrm{KL} \approx \frac dn \sum_i \log \frac{\nu_i}{\rho_i} + \log \frac{m}{n - 1}, \qquad
    E_P[u^{\alpha-1}] \approx \frac{\Gamma(k)^2}{\Gamma(k - \alpha + 1) \Gamma(k + \alpha - 1)}
    \frac1n \sum_i \Big( \frac{(n-1) \rho_i^d}{m \nu_i^d} \Big)^{1-\alpha}
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.estimation.critics.scaling import scaling_of
from fgan.estimation.formulas.powers import formula_of, power_of
from fgan.estimation.formulas.resampling import jackknifed
from fgan.estimation.formulas.ties import untied, with_caveat
from fgan.estimation.prices import Mean

NEIGHBOURS = 5
GROUPS = 10


def neighbour_value(divergence: Divergence, p: Tensor, q: Tensor, k: int = NEIGHBOURS) -> Mean | None:
    """Return a divergence by nearest neighbours, its spread by the jackknife; None if it has no such formula.

    Args:
        divergence: KL, reverse KL, Jeffreys', or an α-divergence under any of its names.
        p, q: samples (n, d) and (m, d), in an order that says nothing.
        k: which neighbour.

    Raises:
        FganError: where samples coincide, so that the distance to the k-th neighbour is 0.

    Source: Wang, Kulkarni and Verdú, "Divergence estimation for multidimensional densities via k-nearest-neighbor
    distances" (2009); Póczos and Schneider, "On the estimation of α-divergences" (2011).
    """
    power = power_of(divergence)
    if power and min(k - power[0] + 1, k + power[0] - 1) <= 0:  # moments of a gamma variable, which diverge
        return None
    formula = formula_of(divergence, partial(_kl, k), partial(_moment, k))
    if formula is None:
        return None
    (p, q), said = untied(p, q)
    scaling = scaling_of(p, q)
    found = jackknifed(formula, scaling(p).double(), scaling(q).double(), groups=GROUPS, correct=False)
    return with_caveat(found, said)


def _kl(k: int, p: Tensor, q: Tensor) -> float:
    return float(_log_ratios(p, q, k).mean())


def _moment(k: int, alpha: float, p: Tensor, q: Tensor) -> float:
    """Return E_P[u^(α-1)], which is E_Q[u^α]."""
    moment = float(((alpha - 1) * _log_ratios(p, q, k)).exp().mean())
    return moment * math.exp(2 * math.lgamma(k) - math.lgamma(k - alpha + 1) - math.lgamma(k + alpha - 1))


def _log_ratios(p: Tensor, q: Tensor, k: int) -> Tensor:
    """Return d log(ν/ρ) + log(m/(n-1)) of every sample of P."""
    own, other = _distance(p, p, k + 1), _distance(p, q, k)
    if not bool((own > 0).all() & (other > 0).all()):
        raise FganError(
            f"nearest-neighbour methods need distinct samples; some sample has {k} or more duplicates. Use "
            'method="discrete" for categories, otherwise method="logistic".'
        )
    return p.shape[1] * (other / own).log() + math.log(len(q) / (len(p) - 1))


def _distance(x: Tensor, among: Tensor, k: int) -> Tensor:
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=k).fit(among.numpy()).kneighbors(x.numpy())[0]
    return torch.from_numpy(found[:, -1])
