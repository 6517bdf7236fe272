"""Telemetry: the health of a run, computed from the critic's raw outputs on one batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.objectives import Objective

EDGE = 0.01
"""An output is near the edge of dom f* within this fraction of the distance from f'(1) to the edge."""
TELEMETRY = (
    "true_positive_rate",
    "false_positive_rate",
    "log_ratio_real",
    "log_ratio_fake",
    "near_edge",
    "effective_sample_size",
)


@torch.no_grad()
def telemetry(objective: Objective, v_real: Tensor, v_fake: Tensor) -> dict[str, float | None]:
    """Return the telemetry of a batch; None means not applicable, or not finite.

    Args:
        objective: defines how outputs are interpreted.
        v_real, v_fake: raw critic outputs on data and on samples (n,).

    Returns:
        `true_positive_rate` and `false_positive_rate`: the shares of data and of samples that the critic calls
        real, T > f'(1). `log_ratio_real` and `log_ratio_fake`: means of log(p/q). `near_edge`: the share of all
        outputs within a hundredth of the edge of dom f*, if it has one. `effective_sample_size`: the share
        (Σu)²/(n Σu²) of samples that carry the ratio u = p/q.

    >>> from fgan import GANLoss
    >>> telemetry(GANLoss("kl"), torch.tensor([3.0, 0.0]), torch.tensor([0.0, 0.0]))["true_positive_rate"]
    0.5
    """
    v_real, v_fake = v_real.cpu(), v_fake.cpu()  # a few numbers, and some devices have no float64
    real, fake = objective.evidence(v_real, v_fake)
    values = [_share(real > 0), _share(fake > 0)]
    ratios = objective.log_ratios(v_real, v_fake)
    values += [None, None] if ratios is None else [finite_or_none(part.mean()) for part in ratios]
    values.append(_near_edge(objective, v_real, v_fake))
    values.append(None if ratios is None else finite_or_none(effective_share(ratios[1])))
    return dict(zip(TELEMETRY, values, strict=True))


def effective_share(log_ratio: Tensor) -> Tensor:
    """Return (Σu)²/(n Σu²) for u = e^l, a scalar between 1/n and 1, without forming u.

    Source: Kong, "A note on importance sampling using standardized weights" (1992).

    >>> effective_share(torch.tensor([1000.0, 1000.0, 0.0, 0.0]))
    tensor(0.5000)
    """
    l = log_ratio.double()  # noqa: E741 - the log-ratio is l throughout
    share = 2 * l.logsumexp(0) - (2 * l).logsumexp(0) - math.log(len(l))
    return share.exp().to(log_ratio.dtype)


def _near_edge(objective: Objective, v_real: Tensor, v_fake: Tensor) -> float | None:
    divergence = objective.linked
    if divergence is None or math.isinf(divergence.slope_at_infinity):
        return None
    edge, middle = divergence.slope_at_infinity, divergence.threshold
    return _share(divergence.real_term(torch.cat([v_real, v_fake])) > edge - EDGE * (edge - middle))


def _share(which: Tensor) -> float:
    return which.float().mean().item()


def finite_or_none(value: Tensor | float | None) -> float | None:
    """Return a scalar as a float, or None if it is missing or not finite."""
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else None
