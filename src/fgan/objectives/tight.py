"""The tight bound as an objective, and f-WGAN's re-weighted fakes, which share its shift."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.objectives.bounds import best_shift, shifted_fake_side, tight_bound
from fgan.objectives.gan_loss import GANLoss


class TightLoss(GANLoss):
    r"""GANLoss with the tight bound: the best constant is added to T before it is judged.

    .. math:: -L_{critic} = E_P[T] - \inf_\lambda \{\lambda + E_Q[f^*(T - \lambda)]\}, \quad T = g_f(v)

    The critic need not learn the constant, and its output means log(p/q) only after that shift, which is found
    anew from every batch of samples.

    Source: see `fgan.objectives.bounds`.

    >>> v = torch.tensor([0.0, 1.0])
    >>> TightLoss("kl").critic(v, v), TightLoss("kl").critic(v + 5, v + 5)
    (tensor(0.1201), tensor(0.1201))
    """

    def critic(self, v_real: Tensor, v_fake: Tensor) -> Tensor:
        """Return the negative of the tight bound, a scalar."""
        return -tight_bound(self.divergence, v_real, v_fake)

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None) -> Tensor:
        """Return the generator's loss, a scalar, from raw critic outputs on its samples (m,)."""
        if self.generator_divergence:
            return -self.generator_divergence.fake_at(self._shifted(v_fake, v_fake)).mean()
        if self.generator_loss == "saturating":
            return -shifted_fake_side(self.divergence, self.divergence.real_term(v_fake))
        return super().generator(v_fake)

    def _shifted(self, v: Tensor, v_fake: Tensor) -> Tensor:
        """Return the log-ratio at v once T is shifted by the λ of these samples."""
        real_term, log_ratio_at = self.divergence.real_term, self.divergence.log_ratio_at
        shift = best_shift(self.divergence, real_term(v_fake).detach().double())
        return log_ratio_at(real_term(v).double() - shift).to(v.dtype)

    def evidence(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return log(p/q) after the shift."""
        return self._shifted(v_real, v_fake), self._shifted(v_fake, v_fake)

    def log_ratios(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return log(p/q) on data and on samples; None where the best critic does not determine it."""
        return self.evidence(v_real, v_fake) if self.divergence.identifies_ratio else None


class ReweightedLoss(TightLoss):
    r"""f-WGAN: a hinge game in which every sample weighs as much as the critic takes it for real.

    .. math::
        L_{critic} = E_P[(1 - v)_+] + E_Q[(1 + r v)_+], \quad L_{generator} = -E_Q[r v], \quad
        r = (f^*)'(g_f(v) - \lambda), \; E_Q[r] = 1

    The weights r are given numbers to both players. For KL they are softmax weights: KL-WGAN.

    Source: Song, Ermon, "Bridging the Gap Between f-GANs and Wasserstein GANs" (2020), eq. 13 and its code.

    >>> v = torch.tensor([0.0, 1.0])
    >>> ReweightedLoss("kl").generator(v)
    tensor(-0.7311)
    """

    @property
    def follows(self) -> str:
        """Which divergence the generator really follows, in words."""
        return f"a Wasserstein-like distance of the data to its samples re-weighted by {self.divergence.name}"

    def critic(self, v_real: Tensor, v_fake: Tensor) -> Tensor:
        """Return the hinge loss with re-weighted samples, a scalar; its negative is no bound."""
        return (1 - v_real).relu().mean() + (1 + self._ratio(v_fake) * v_fake).relu().mean()

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None) -> Tensor:
        """Return minus the re-weighted mean of the outputs, a scalar."""
        return -(self._ratio(v_fake) * v_fake).mean()

    def _ratio(self, v_fake: Tensor) -> Tensor:
        return self._shifted(v_fake.detach(), v_fake).exp()
