"""What every objective offers: a loss for each player, and how it reads the critic's raw outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from fgan.divergences import Divergence


class Objective(ABC):
    """The rules of the game between a generator and a critic with one raw output v a sample; larger is more real.

    An f-divergence's objective has it as `divergence`; a baseline that belongs to none has None there.
    """

    divergence: Divergence | None = None

    @property
    def link(self) -> str | None:
        """By which link v becomes T; None where there is no divergence."""
        return self.divergence.link if self.divergence else None

    @property
    def linked(self) -> Divergence | None:
        """The divergence whose link turns the raw output v into T; None where the game reads v otherwise."""
        return None

    @property
    @abstractmethod
    def follows(self) -> str:
        """Which divergence the generator really follows, in words."""

    @abstractmethod
    def critic(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return the critic's loss, a scalar; its negative is the bound, where there is one.

        Args:
            v_real: raw critic outputs on data (n,).
            v_fake: raw critic outputs on model samples (m,).
            dim: the dimension to average over, as of `torch.mean`, where outputs of several critics are stacked
                along the others; all of them unless told.
        """

    @abstractmethod
    def generator(self, v_fake: Tensor, v_real: Tensor | None = None, dim: int | None = None) -> Tensor:
        """Return the generator's loss, a scalar.

        Args:
            v_fake: raw critic outputs on model samples (m,).
            v_real: raw critic outputs on data (n,), for the objectives with `needs_real`.
            dim: as for `critic`.
        """

    joins_samples: bool = False
    """Whether a loss is more than a mean over samples, or over pairs of them: parts of a batch do not add up to it."""
    needs_real: bool = False
    """Whether the generator's loss looks at data too."""

    @abstractmethod
    def evidence(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return numbers for data and for samples that are positive where the critic says "real"."""

    def log_ratios(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return log(p/q) on data and on samples as the critic has it; None where it cannot be told."""
        return None
