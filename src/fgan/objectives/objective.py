"""The interface of objectives: a loss for each player, and how to interpret the critic's raw outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from fgan.divergences import Divergence


class Objective(ABC):
    """A game between a generator and a critic with one raw output v per sample; larger means more real.

    `divergence` is the f-divergence of the objective, or None for a baseline without one.
    """

    divergence: Divergence | None = None

    @property
    def link(self) -> str | None:
        """The link that maps v to T; None if there is no divergence."""
        return self.divergence.link if self.divergence else None

    @property
    def linked(self) -> Divergence | None:
        """The divergence whose link maps the raw output v to T; None if the objective uses v differently."""
        return None

    @property
    @abstractmethod
    def follows(self) -> str:
        """The divergence that the generator actually follows, in words."""

    @abstractmethod
    def critic(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return the critic's loss, a scalar; its negative is the bound, if there is one.

        Args:
            v_real: raw critic outputs on data (n,).
            v_fake: raw critic outputs on model samples (m,).
            dim: the dimension to average over, as in `torch.mean`, if outputs of several critics are stacked along
                the others; default: all.
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
        """Return numbers for data and for samples that are positive where the critic decides "real"."""

    def log_ratios(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return the critic's log(p/q) on data and on samples; None if its output does not determine it."""
        return None
