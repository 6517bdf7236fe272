"""Direct preference optimisation with any f-divergence from the reference policy."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.catalogue import DivergenceLike
from fgan.divergences.elementary import value_and_slope, widened
from fgan.errors import FganError
from fgan.losses.common import chosen, reduced


def preference_score(log_ratio: Tensor, divergence: DivergenceLike = "kl") -> Tensor:
    r"""Return f'(u) at u = π/π_ref, elementwise: β times this is the reward that makes the policy π optimal.

    .. math:: \pi = \arg\max_\pi E_\pi[r] - \beta D_f(\pi\|\pi_{ref})
        \;\Rightarrow\; r = \beta f'(\pi/\pi_{ref}) + \text{const}

    Where f' exceeds the square root of the largest number of the dtype (1.8e19 in float32), it continues as a straight
    line. So scores and gradients are finite and ordered for all finite log-ratios.

    Args:
        log_ratio: log π(y) - log π_ref(y), any shape; for a sequence, the sum over its tokens.
        divergence: a name or a `Divergence`. P is the policy, Q the reference: what this field calls reverse KL, the
            penalty of DPO, is "kl".

    Returns:
        Scores of the same shape; float32 for half-precision inputs.

    Raises:
        FganError: for an unknown divergence, and for an f with a kink or a flat part, whose f' does not determine u.

    Source: Wang et al., "Beyond Reverse KL: Generalizing Direct Preference Optimization with Diverse Divergence
    Constraints" (2024), Theorem 1.

    >>> preference_score(torch.tensor([-1.0, 0.0, 1.0]))  # 1 + log u
    tensor([0., 1., 2.])
    >>> preference_score(torch.tensor([-1e4, 0.0, 1e4]), "js")  # log 2u/(1 + u)
    tensor([-9.9993e+03,  0.0000e+00,  6.9315e-01])
    """
    d = chosen(divergence)
    if not (d.identifies_ratio and d.smooth):
        raise FganError(
            f'a preference score needs an f whose slope determines the ratio; "{d.name}" has a kink or a flat part. '
            'Use "kl" (DPO), "js" or "reverse-kl".'
        )
    wide = widened(log_ratio)
    low, high, slope_low, slope_high = _straight(d, torch.finfo(wide.dtype).max ** 0.5)
    score = d.real_at(wide.clamp(low, high))
    if math.isfinite(high):
        score = score + slope_high * (wide - high).clamp(min=0.0)
    if math.isfinite(low):
        score = score - slope_low * (low - wide).clamp(min=0.0)
    return score


@lru_cache(maxsize=128)
def _straight(d: Divergence, largest: float) -> tuple[float, float, float, float]:
    """Return the log-ratios beyond which T is continued as a line, ±inf if it never gets there, and its slopes."""
    ends = d.log_ratio_at(torch.tensor([-largest, largest], dtype=torch.float64))
    ends = torch.where(
        ends.isnan(), torch.tensor([-math.inf, math.inf], dtype=torch.float64), ends
    )  # no such T
    slopes = value_and_slope(d.real_at, torch.where(ends.isfinite(), ends, 0))[1]
    slopes = slopes.clamp(max=largest)  # a line all the same where rounding leaves the slope infinite
    low, high = ends.tolist()
    return (low, high, *slopes.tolist())


def preference_loss(
    chosen_log_ratio: Tensor,
    rejected_log_ratio: Tensor,
    divergence: DivergenceLike = "kl",
    *,
    beta: float = 0.1,
    reduction: str = "mean",
) -> Tensor:
    r"""Return the loss of f-DPO: the negative log-likelihood of preferences under the policy's own reward.

    .. math:: -\log \sigma\big(\beta f'(u_w) - \beta f'(u_l)\big), \quad u = \pi(y)/\pi_{ref}(y)

    "kl" is DPO itself. "0.5*pearson + kl" is χPO without its clipping.

    Args:
        chosen_log_ratio: log π(y) - log π_ref(y) of the preferred answers y_w, any shape.
        rejected_log_ratio: the same of the other answers y_l.
        divergence: a name or a `Divergence`; P is the policy, Q the reference.
        beta: β > 0, the price of leaving the reference. Its scale depends on f: compare at equal β f''(1).
        reduction: "mean", "sum", or "none".

    Returns:
        The loss, a scalar unless reduction="none"; float32 for half-precision inputs.

    Raises:
        FganError: for an f with f'(0) > -∞, under which the best policy may drop answers, so that the reward is no
            longer a function of the ratio; see also `preference_score`.

    Source: Wang et al. (2024), eq. 10; Rafailov et al., "Direct Preference Optimization" (2023); Huang et al.,
    "Correcting the Mythos of KL-Regularization" (2024) for χPO.

    >>> preference_loss(torch.tensor([1.0]), torch.tensor([-1.0]), beta=0.5)  # log(1 + 1/e)
    tensor(0.3133)
    """
    d = chosen(divergence)
    if d.slope_at_zero != -math.inf:
        raise FganError(
            f'f-DPO needs an f with f\'(0) = -inf; that of "{d.name}" is {d.slope_at_zero:g}, so the best policy may '
            f'never give some answers. Use "{d.name} + kl", or fgan.losses.preference_score for a loss of your own.'
        )
    if not 0 < beta < math.inf:
        raise FganError(f"beta must be a positive finite number; got {beta!r}.")
    margin = preference_score(chosen_log_ratio, d) - preference_score(rejected_log_ratio, d)
    return reduced(-F.logsigmoid(beta * margin), reduction)
