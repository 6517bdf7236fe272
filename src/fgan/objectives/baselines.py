"""Baselines to compare an f-GAN with: Wasserstein, hinge and least squares."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.divergences.elementary import widened
from fgan.objectives.objective import Objective


class Baseline(Objective):
    """An objective without an f-divergence."""

    middle = 0.0
    """The output at which the critic is undecided."""
    wording: str

    @property
    def follows(self) -> str:
        """The divergence that the generator actually follows, in words."""
        return self.wording

    def evidence(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return the distance of the outputs from the value at which the critic is undecided."""
        return v_real - self.middle, v_fake - self.middle


class Wasserstein(Baseline):
    r"""The Wasserstein-1 distance sup E_P[v] - E_Q[v], if a penalty keeps the critic's slope at 1.

    Source: Arjovsky, Chintala, Bottou, "Wasserstein GAN" (2017), eq. 2.

    >>> Wasserstein().critic(torch.ones(2), torch.zeros(2))
    tensor(-1.)
    """

    wording = "the Wasserstein-1 distance, times the critic's largest slope"

    def critic(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return E_Q[v] - E_P[v], a scalar."""
        return widened(v_fake).mean(dim) - widened(v_real).mean(dim)

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None, dim: int | None = None) -> Tensor:
        """Return -E_Q[v], a scalar."""
        return -widened(v_fake).mean(dim)

    def evidence(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return the distance of the outputs from the midpoint of their means; a constant added to v cancels."""
        middle = (v_real.mean() + v_fake.mean()) / 2
        return v_real - middle, v_fake - middle


class Hinge(Baseline):
    r"""The hinge loss E_P[(1 - v)_+] + E_Q[(1 + v)_+]; for the optimal critic sign(p - q) it is 2 - 2 TV(P, Q).

    Source: Lim, Ye, "Geometric GAN" (2017), eq. 7; Miyato et al., "Spectral normalization" (2018), eq. 17.

    >>> Hinge().critic(torch.ones(2), torch.zeros(2))
    tensor(1.)
    """

    wording = "twice total variation, if nothing restricts the critic"

    def critic(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return E_P[(1 - v)_+] + E_Q[(1 + v)_+], a scalar."""
        return (1 - widened(v_real)).relu().mean(dim) + (1 + widened(v_fake)).relu().mean(dim)

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None, dim: int | None = None) -> Tensor:
        """Return -E_Q[v], a scalar."""
        return -widened(v_fake).mean(dim)


class LeastSquares(Baseline):
    r"""LSGAN with targets 1 and 0: ½E_P[(v - 1)²] + ½E_Q[v²] against ½E_Q[(v - 1)²].

    The optimal critic is p/(p + q). Its loss is then ¼ minus an eighth of the triangular divergence
    ∫(p - q)²/(p + q). The generator's gradient is -E_Q[w ∇l] with w = u/(1 + u)³, an eighth of the non-saturating
    gradient for that divergence. (With targets b - c = 1 and b - a = 2, both terms would add up to half of it; the
    authors call it Pearson's χ² between p + q and 2q.)

    Source: Mao et al., "Least Squares Generative Adversarial Networks" (2017), eq. 9.

    >>> LeastSquares().critic(torch.ones(2), torch.ones(2))
    tensor(0.5000)
    """

    middle = 0.5
    wording = "the h with h'' = f''/(8u) of triangular, near p = q like alpha:-0.5"

    def critic(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return ½E_P[(v - 1)²] + ½E_Q[v²], a scalar."""
        return ((widened(v_real) - 1).square().mean(dim) + widened(v_fake).square().mean(dim)) / 2

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None, dim: int | None = None) -> Tensor:
        """Return ½E_Q[(v - 1)²], a scalar."""
        return (widened(v_fake) - 1).square().mean(dim) / 2

    def log_ratios(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return log(v/(1 - v)), from the optimal critic p/(p + q); outputs are clamped to (0, 1)."""
        real, fake = (torch.logit(widened(v), eps=1e-6) for v in (v_real, v_fake))
        return real, fake
