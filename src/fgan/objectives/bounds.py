r"""Lower bounds of a divergence from a critic's raw outputs: plain, and tight.

The plain bound is E_P[T] - E_Q[f*(T)]. It changes if a constant is added to T, and the best constant is easy to find:

.. math::
    D_f(P\|Q) \;\ge\; E_P[T] - \inf_\lambda \{\lambda + E_Q[f^*(T - \lambda)]\}

At the infimum E_Q[(f^*)'(T - λ)] = 1: the density ratios of the shifted critic have mean 1. The tight bound is never
below the plain one, and it is the same for all T + c. On a finite batch it is biased upward, because λ is computed from
the samples; if all data lie above all samples it is not a bound (T - λ then leaves dom f*).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from fgan.divergences import KL, Divergence, Pearson
from fgan.divergences.elementary import value_and_slope, widened
from fgan.divergences.families.renyi import log_mean_exp
from fgan.divergences.traced import Operator, settled
from fgan.errors import FganError

MAX_STEPS = 200


def plain_bound(divergence: Divergence, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
    """Return E_P[T] - E_Q[f*(T)], a scalar; see `Divergence.bound`."""
    return divergence.bound(v_real, v_fake, dim)


def tight_bound(divergence: Divergence, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
    r"""Return E_P[T] - inf over λ of {λ + E_Q[f*(T - λ)]}, a scalar for each critic, with T = g_f(v).

    For KL it is Donsker and Varadhan's E_P[T] - log E_Q[e^T], for Pearson E_P[T] - E_Q[T] - ¼ Var_Q[T] if
    T - E_Q[T] >= -2. In all other cases safeguarded Newton steps in float64 find λ. Gradients are those of the
    bound at this λ (envelope theorem).

    Args:
        divergence: the divergence; its link maps v to T.
        v_real: raw critic outputs on data, any shape.
        v_fake: raw critic outputs on model samples, any shape, not empty.
        dim: the dimension of a critic's outputs, if those of several critics are stacked along the others; default:
            all outputs belong to one critic.

    Source: Ruderman et al., "Tighter Variational Representations of f-Divergences" (2012), and Agrawal and
    Horel, "Optimal Bounds between f-Divergences and Integral Probability Metrics" (2021).

    >>> v = torch.tensor([0.0, 1.0])
    >>> tight_bound(KL(), v, v), tight_bound(KL(), v + 5, v + 5)
    (tensor(-0.1201), tensor(-0.1201))
    """
    if v_fake.numel() == 0 or v_real.numel() == 0:
        raise FganError("a bound needs at least one critic output on data and one on samples; got none.")
    real, fake = rows(dim, v_real, v_fake)
    return where_finite(
        divergence,
        lambda fake, real: divergence.real_term(real).mean(-1) - shifted_fake_side(divergence, fake),
        lambda fake, real: divergence.bound(real, fake, -1),  # only its fused terms are finite there
        fake,
        real,
    )


def rows(dim: int | None, *outputs: Tensor) -> list[Tensor]:
    """Return outputs in a wide enough dtype, with those of one critic along the last dimension.

    Args:
        dim: the present dimension of a critic's outputs; None if all outputs belong to one critic.
        outputs: raw critic outputs.
    """
    return [widened(v).flatten() if dim is None else widened(v).movedim(dim, -1) for v in outputs]


def where_finite(
    divergence: Divergence,
    inside: Callable[..., Tensor],
    overflowed: Callable[..., Tensor],
    v_fake: Tensor,
    *others: Tensor,
) -> Tensor:
    """Return one function for critics whose T is finite on all samples, and another for the rest.

    Args:
        divergence: defines T.
        inside, overflowed: map v_fake and the others to a tensor with one number or one row per critic.
        v_fake: raw outputs on samples (..., m).
        others: further outputs of the same critics, each along the last dimension.
    """
    finite = divergence.real_term(v_fake.detach()).isfinite().all(-1, keepdim=True)
    if settled(finite):
        return inside(v_fake, *others)
    # Rows of the other kind are replaced by zeros, so that their gradient cannot be infinity times 0.
    here = inside(*(torch.where(finite, v, 0) for v in (v_fake, *others)))
    there = overflowed(*(torch.where(finite, 0, v) for v in (v_fake, *others)))
    return torch.where(finite if here.ndim == v_fake.ndim else finite.squeeze(-1), here, there)


def shifted_fake_side(divergence: Divergence, v: Tensor) -> Tensor:
    """Return inf over λ of {λ + mean of f*(T - λ)} for each critic (...,) from its outputs (..., m); T is finite."""
    t = divergence.real_term(v)
    if isinstance(divergence, KL):
        return log_mean_exp(t, -1)
    shift = best_shift(divergence, t.double()).to(t.dtype)
    return shift + divergence.conjugate(t - shift.unsqueeze(-1)).mean(-1)


def best_shift(divergence: Divergence, t: Tensor) -> Tensor:
    """Return the λ that minimises λ + mean of f*(t - λ), without a gradient: a scalar for each row.

    Args:
        divergence: a divergence.
        t: values of T under the model (..., m), finite.
    """
    return SHIFT(t, divergence).squeeze(-1)


def _best_shift(t: Tensor, divergence: Divergence) -> Tensor:
    """Return the shift of each row (..., 1)."""
    mean = t.mean(-1, keepdim=True)
    if isinstance(divergence, KL):
        return log_mean_exp(t, -1).unsqueeze(-1) - 1
    near = (t - mean >= -2).all(-1, keepdim=True)
    if isinstance(divergence, Pearson) and settled(near):
        return mean
    # At the upper end no ratio is above 1. At the lower end all are at least 1, or the largest alone makes the mean 2,
    # with t - λ still in dom f*: the root is well inside the bracket, where Newton's method converges.
    twice = divergence.real_at(t.new_tensor(math.log(2 * t.shape[-1])))
    least, most = t.amin(-1, keepdim=True), t.amax(-1, keepdim=True)
    low, high = torch.maximum(least - divergence.threshold, most - twice), most - divergence.threshold
    root = _root_of_increasing(lambda shift: _mean_ratio_excess(divergence, t, shift), low, high)
    return torch.where(near, mean, root) if isinstance(divergence, Pearson) else root


SHIFT = Operator("best_shift", _best_shift, narrow=True)


def _mean_ratio_excess(divergence: Divergence, t: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Return 1 - mean u(t - λ), the derivative of the objective in λ, and its own derivative."""
    return value_and_slope(lambda at: 1 - divergence.log_ratio_at(t - at).exp().mean(-1, keepdim=True), shift)


def _root_of_increasing(
    function: Callable[[Tensor], tuple[Tensor, Tensor]], low: Tensor, high: Tensor
) -> Tensor:
    """Return the zeros of increasing functions, elementwise, by Newton steps inside shrinking brackets.

    It stops when all have converged, which on CUDA synchronises at every step. During the capture of a graph it takes
    all MAX_STEPS instead, about ten times as many as needed.
    """
    x = (low + high) / 2
    last_move = high - low
    for _ in range(MAX_STEPS):
        value, slope = function(x)
        arrived = (value == 0) | (last_move <= 1e-15 * (1 + x.abs()))
        if settled(arrived):
            break
        below = value < 0
        low, high = torch.where(below, x, low), torch.where(below, high, x)
        newton = x - value / slope
        inside = (newton > low) & (newton < high) & (2 * value.abs() <= (last_move * slope).abs())
        new = torch.where(arrived, x, torch.where(inside, newton, (low + high) / 2))
        last_move, x = (new - x).abs(), new
    return x
