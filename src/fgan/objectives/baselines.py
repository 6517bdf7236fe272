"""Games that minimise no f-divergence, or only by the way: what people compare an f-GAN with."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from fgan.objectives.objective import Objective


class Baseline(Objective):
    """A game without a divergence of its own; the number at which it is undecided is `middle`."""

    middle = 0.0

    @abstractmethod
    def generator(self, v_fake: Tensor, v_real: Tensor | None = None) -> Tensor:
        """Return the generator's loss, a scalar, from raw critic outputs on its samples, any shape."""

    def evidence(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs' distance from where the critic is undecided."""
        return v_real - self.middle, v_fake - self.middle


class Wasserstein(Baseline):
    r"""The Wasserstein-1 distance, if a penalty holds the critic's slope at 1: sup E_P[v] - E_Q[v].

    Source: Arjovsky, Chintala, Bottou, "Wasserstein GAN" (2017), eq. 2.

    >>> Wasserstein().critic(torch.ones(2), torch.zeros(2))
    tensor(-1.)
    """

    follows = "the Wasserstein-1 distance, times the critic's largest slope"

    def critic(self, v_real: Tensor, v_fake: Tensor) -> Tensor:
        """Return E_Q[v] - E_P[v], a scalar."""
        return v_fake.mean() - v_real.mean()

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None) -> Tensor:
        """Return -E_Q[v], a scalar."""
        return -v_fake.mean()


class Hinge(Baseline):
    r"""The hinge game: E_P[(1 - v)_+] + E_Q[(1 + v)_+]; at the best critic in [-1, 1] it is total variation's.

    Source: Lim, Ye, "Geometric GAN" (2017), eq. 7; Miyato et al., "Spectral normalization" (2018), eq. 17.

    >>> Hinge().critic(torch.ones(2), torch.zeros(2))
    tensor(1.)
    """

    follows = "twice total variation, where the critic is free"

    def critic(self, v_real: Tensor, v_fake: Tensor) -> Tensor:
        """Return E_P[(1 - v)_+] + E_Q[(1 + v)_+], a scalar."""
        return (1 - v_real).relu().mean() + (1 + v_fake).relu().mean()

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None) -> Tensor:
        """Return -E_Q[v], a scalar."""
        return -v_fake.mean()


class LeastSquares(Baseline):
    r"""LSGAN with targets 1 and 0: ½E_P[(v - 1)²] + ½E_Q[v²] against ½E_Q[(v - 1)²].

    The best critic is p/(p + q). With targets b - c = 1 and b - a = 2 the sum of both players' terms at it is
    half of Pearson's χ² between p + q and 2q; with these it is not, but the pull is the one people use.

    Source: Mao et al., "Least Squares Generative Adversarial Networks" (2017), eq. 9.

    >>> LeastSquares().critic(torch.ones(2), torch.ones(2))
    tensor(0.5000)
    """

    middle = 0.5
    follows = "no f-divergence exactly; near p = q, Pearson's"

    def critic(self, v_real: Tensor, v_fake: Tensor) -> Tensor:
        """Return ½E_P[(v - 1)²] + ½E_Q[v²], a scalar."""
        return ((v_real - 1).square().mean() + v_fake.square().mean()) / 2

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None) -> Tensor:
        """Return ½E_Q[(v - 1)²], a scalar."""
        return (v_fake - 1).square().mean() / 2

    def log_ratios(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return log(v/(1 - v)), from the best critic p/(p + q); outputs are held to (0, 1)."""
        real, fake = (torch.logit(v, eps=1e-6) for v in (v_real, v_fake))
        return real, fake
