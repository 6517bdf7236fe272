"""What the sign of a log-ratio alone shows: the divergence of two coins, whichever critic tosses them."""

from __future__ import annotations

import torch

from fgan.divergences import Divergence
from fgan.estimation.designs.design import CrossFit
from fgan.estimation.formulas.discrete import divergence_of_shares
from fgan.estimation.weights import mean_of

CONFIDENCE = 0.95


def sign_value(divergence: Divergence, fitted: CrossFit) -> float:
    """Return the divergence between how often l > 0 on held-out P and Q; at most D_f but for chance.

    Source: the data-processing inequality, Csiszár, "Information-type measures of difference" (1967).
    """
    return _of_coins(divergence, *_shares(fitted))


def sign_bound(divergence: Divergence, fitted: CrossFit) -> float:
    """Return what that is at least, with 95% confidence: both shares at their Clopper-Pearson limits.

    Source: Clopper and Pearson, "The use of confidence or fiducial limits" (1934).
    """
    from scipy.special import betaincinv  # not at the top: it takes half a second

    on_p, on_q = _shares(fitted)
    n, m = fitted.sampling.n_p, fitted.sampling.n_q
    least = float(betaincinv(n * on_p, n * (1 - on_p) + 1, (1 - CONFIDENCE) / 2)) if on_p > 0 else 0.0
    most = float(betaincinv(m * on_q + 1, m * (1 - on_q), (1 + CONFIDENCE) / 2)) if on_q < 1 else 1.0
    return _of_coins(divergence, least, most) if least > most else divergence.range[0]


def _shares(fitted: CrossFit) -> tuple[float, float]:
    on_p, on_q = (float(mean_of((side.log_ratio > 0).double(), side.weight)) for side in (fitted.p, fitted.q))
    return on_p, on_q


def _of_coins(divergence: Divergence, p: float, q: float) -> float:
    return float(divergence_of_shares(divergence, *(torch.tensor([x, 1 - x]).double() for x in (p, q))))
