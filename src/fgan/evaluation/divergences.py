"""f-divergences between the features of data and of samples."""

from __future__ import annotations

from torch import Tensor

from fgan.estimation.estimate import estimate
from fgan.estimation.result import Estimates
from fgan.evaluation.domain import Caveat, require_memory_of
from fgan.evaluation.jackknife import Uncertain

PRICED = ("kl", "reverse-kl", "js", "squared-hellinger", "total-variation")
MOST = 2000
"""Maximum number of samples per side; more would cost more than all other metrics together."""


def fit_critics(samples: Tensor, reference: Tensor) -> Estimates:
    """Return D_f(data‖samples) of features (n, d) and (m, d) for each of PRICED, with the critics.

    Raises:
        MemoryLimitError: if they do not fit into memory.
    """
    p, q = reference[:MOST], samples[:MOST]
    # Measured: the critics of five folds and their batches each hold the numbers of both sides.
    require_memory_of("divergences", 112 * (p.numel() + q.numel()), p, q, device="cpu")
    found = estimate(p.cpu(), q.cpu(), PRICED, method="logistic", device="cpu")
    assert isinstance(found, Estimates), "several were asked for"
    return found


def feature_divergences(found: Estimates) -> dict[str, Uncertain]:
    """Return D_f(data‖samples) of features for each of PRICED, all from one critic.

    Divergences of features are at most those of the samples (data-processing inequality). They are estimated from
    held-out samples, see `fgan.estimate`.

    Source: Nowozin, Cseke, Tomioka, "f-GAN" (2016), eq. 4, at a critic of its own.

    >>> import torch
    >>> x = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    >>> found = feature_divergences(fit_critics(x[:200] + 3, x[200:]))
    >>> found["total-variation"].value > 0.8  # 0.97 for a shift of 3 in both coordinates
    True
    """
    return {
        name: Uncertain(one.value, one.standard_error, caveats=tuple(map(Caveat, one.warnings)))
        for name, one in found.items()
    }
