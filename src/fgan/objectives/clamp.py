"""A soft limit on the critic's outputs."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.objectives.objective import Objective


def soft_clamp(v: Tensor, limit: float) -> Tensor:
    """Return limit · tanh(v/limit), elementwise: v near 0, never beyond ±limit.

    >>> soft_clamp(torch.tensor([0.1, 100.0]), 10.0)
    tensor([ 0.1000, 10.0000])
    """
    return limit * torch.tanh(v / limit)


class Clamped(Objective):
    """An objective that sees softly clamped critic outputs.

    A last resort: with a limit of a few units no term overflows. But beyond the limit the critic has no gradient, and
    the bound is not tight where |log(p/q)| is larger than the limit allows.

    Args:
        inner: the objective.
        limit: the largest |v| that it sees.
    """

    def __init__(self, inner: Objective, limit: float) -> None:
        self.inner, self.limit = inner, limit
        self.divergence = inner.divergence
        self.needs_real = inner.needs_real

    @property
    def follows(self) -> str:
        """The divergence that the generator actually follows, in words."""
        return self.inner.follows

    def _clamped(self, *outputs: Tensor) -> list[Tensor]:
        return [soft_clamp(v, self.limit) for v in outputs]

    def critic(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return the inner critic's loss at the clamped outputs, a scalar."""
        return self.inner.critic(*self._clamped(v_real, v_fake), dim=dim)

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None, dim: int | None = None) -> Tensor:
        """Return the inner generator's loss at the clamped outputs, a scalar."""
        if v_real is None:
            return self.inner.generator(*self._clamped(v_fake), dim=dim)
        return self.inner.generator(*self._clamped(v_fake, v_real), dim=dim)

    def evidence(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return the inner evidence at the clamped outputs."""
        real, fake = self._clamped(v_real, v_fake)
        return self.inner.evidence(real, fake)

    def log_ratios(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return the inner log-ratios at the clamped outputs."""
        real, fake = self._clamped(v_real, v_fake)
        return self.inner.log_ratios(real, fake)
