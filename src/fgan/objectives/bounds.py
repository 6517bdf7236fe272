r"""Lower bounds of a divergence from a critic's raw outputs: plain, and tight.

The plain bound is E_P[T] - E_Q[f*(T)]. Adding a constant to T changes it, and the best constant is cheap to find:

.. math::
    D_f(P\|Q) \;\ge\; E_P[T] - \inf_\lambda \{\lambda + E_Q[f^*(T - \lambda)]\}

The infimum is at E_Q[(f^*)'(T - λ)] = 1: the ratios that the shifted critic stands for then have mean 1. The
tight bound is never below the plain one, and equal for all T + c. From a finite batch it is biased upward: λ is found
from the samples alone, and where all data are above all of them it is no bound (T - λ passes the end of dom f* there).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from fgan.divergences import KL, Divergence, Pearson
from fgan.divergences.elementary import value_and_slope, widened
from fgan.divergences.families.renyi import log_mean_exp
from fgan.errors import FganError

MAX_STEPS = 200


def plain_bound(divergence: Divergence, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
    """Return E_P[T] - E_Q[f*(T)], a scalar; see `Divergence.bound`."""
    return divergence.bound(v_real, v_fake, dim)


def tight_bound(divergence: Divergence, v_real: Tensor, v_fake: Tensor) -> Tensor:
    r"""Return E_P[T] - inf over λ of {λ + E_Q[f*(T - λ)]}, a scalar, with T = g_f(v).

    For KL it is Donsker and Varadhan's E_P[T] - log E_Q[e^T], for Pearson E_P[T] - E_Q[T] - ¼ Var_Q[T] wherever
    T - E_Q[T] >= -2; for the rest λ is found by safeguarded Newton steps in float64. Gradients are those of the
    bound at that λ (the envelope theorem).

    Args:
        divergence: whose bound; its link gives T from v.
        v_real: raw critic outputs on data, any shape.
        v_fake: raw critic outputs on model samples, any shape, not empty.

    Source: Ruderman et al., "Tighter Variational Representations of f-Divergences" (2012), and Agrawal and
    Horel, "Optimal Bounds between f-Divergences and Integral Probability Metrics" (2021).

    >>> v = torch.tensor([0.0, 1.0])
    >>> tight_bound(KL(), v, v), tight_bound(KL(), v + 5, v + 5)
    (tensor(-0.1201), tensor(-0.1201))
    """
    if v_fake.numel() == 0 or v_real.numel() == 0:
        raise FganError("a bound needs at least one critic output of each kind; got none.")
    real, fake = divergence.real_term(widened(v_real)), divergence.real_term(widened(v_fake))
    if not bool(fake.isfinite().all()):  # only the fused terms of the plain bound are numbers there
        return divergence.bound(v_real, v_fake)
    return real.mean() - shifted_fake_side(divergence, fake)


def by_row(loss: Callable[..., Tensor], dim: int | None, *outputs: Tensor) -> Tensor:
    """Return a scalar function of outputs for each row along `dim`, or of all at once where that is None.

    What is found from all outputs together, such as the shift, belongs to one critic.

    >>> by_row(torch.max, -1, torch.tensor([[1.0, 2.0], [4.0, 3.0]]))
    tensor([2., 4.])
    """
    if dim is None:
        return loss(*outputs)
    moved = [v.movedim(dim, -1) for v in outputs]
    rows = zip(*(v.reshape(-1, v.shape[-1]) for v in moved), strict=True)
    return torch.stack([loss(*row) for row in rows]).view(moved[0].shape[:-1])


def shifted_fake_side(divergence: Divergence, t: Tensor) -> Tensor:
    """Return inf over λ of {λ + mean of f*(t - λ)}, a scalar, for finite values t of T under the model."""
    if isinstance(divergence, KL):
        return log_mean_exp(t)
    shift = best_shift(divergence, t.detach().double()).to(t.dtype)
    return shift + divergence.conjugate(t - shift).mean()


def best_shift(divergence: Divergence, t: Tensor) -> Tensor:
    """Return the λ that minimises λ + mean of f*(t - λ), a scalar.

    Args:
        divergence: a divergence.
        t: values of T under the model, any shape, finite.
    """
    t = t.flatten()
    if isinstance(divergence, KL):
        return log_mean_exp(t) - 1
    if isinstance(divergence, Pearson) and bool((t - t.mean() >= -2).all()):
        return t.mean()
    # At the upper end no ratio is above 1. At the lower one all are at least 1, or the largest alone makes their
    # mean 2, with t - λ still in the domain of f*: the root is well inside, where Newton's steps lead to it.
    twice = divergence.real_at(t.new_tensor(math.log(2 * len(t))))
    low = torch.maximum(t.min() - divergence.threshold, t.max() - twice)
    high = t.max() - divergence.threshold
    return _root_of_increasing(lambda shift: _mean_ratio_excess(divergence, t, shift), low, high)


def _mean_ratio_excess(divergence: Divergence, t: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Return 1 - mean u(t - λ), the slope of what is minimised, and its own slope."""
    return value_and_slope(lambda at: 1 - divergence.log_ratio_at(t - at).exp().mean(), shift)


def _root_of_increasing(
    function: Callable[[Tensor], tuple[Tensor, Tensor]], low: Tensor, high: Tensor
) -> Tensor:
    """Return where an increasing function crosses 0, by Newton steps that a shrinking bracket keeps safe."""
    x = (low + high) / 2
    last_move = high - low
    for _ in range(MAX_STEPS):
        value, slope = function(x)
        if value == 0 or last_move <= 1e-15 * (1 + x.abs()):
            break
        low, high = (x, high) if value < 0 else (low, x)
        newton = x - value / slope
        inside = bool((newton > low) & (newton < high)) and bool(2 * value.abs() <= (last_move * slope).abs())
        new = newton if inside else (low + high) / 2
        last_move, x = (new - x).abs(), new
    return x
