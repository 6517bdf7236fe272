"""Relativistic pairing: the critic compares a real with a generated sample instead of judging each."""

from __future__ import annotations

from torch import Tensor

from fgan.objectives.gan_loss import GANLoss


class RelativisticLoss(GANLoss):
    r"""RpGAN for any f: the divergence between pairs (real, fake) and the same pairs exchanged.

    .. math::
        -L_{critic} = E[g_f(\Delta)] - E[f^*(g_f(-\Delta))], \quad \Delta = v(x) - v(y), \; x \sim P, \; y \sim Q

    That is the plain bound of D_f(P×Q ‖ Q×P) for a critic of pairs that changes its sign when they are
    exchanged, and the best Δ stands for log(p/q)(x) - log(p/q)(y). For the GAN it is twice RpGAN's
    -E[softplus(-Δ)]. A constant added to v changes nothing; every real sample pulls at every fake one.

    The generator minimises the bound ("saturating"), or takes exchanged pairs for real ones, -E[g_f(-Δ)]
    ("non-saturating", for the GAN RpGAN's own), or minimises the bound of another divergence h.

    Source: Jolicoeur-Martineau, "The relativistic discriminator" (2018) and "On Relativistic f-Divergences"
    (2020); Huang et al., "The GAN is dead; long live the GAN!" (2024), eq. 2.

    >>> import torch
    >>> v = torch.zeros(4)
    >>> RelativisticLoss("gan").critic(v, v)  # 2 log 2
    tensor(1.3863)
    """

    needs_real = True

    @property
    def follows(self) -> str:
        """Which divergence the generator really follows, in words."""
        return f"{super().follows} between pairs (real, fake) and pairs exchanged"

    def critic(self, v_real: Tensor, v_fake: Tensor) -> Tensor:
        """Return the negative of the bound between pairs, a scalar."""
        return -self.divergence.bound(v_real - v_fake, v_fake - v_real)

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None) -> Tensor:
        """Return the generator's loss, a scalar, from raw critic outputs (n,) on samples and on data."""
        if v_real is None:
            raise TypeError("a relativistic generator loss compares: give it the critic's outputs on data too.")
        exchanged = v_fake - v_real
        if self.generator_divergence:
            h = self.generator_divergence
            there, back = self.log_ratio(-exchanged), self.log_ratio(exchanged)
            return (h.real_at(there) - h.fake_at(back)).mean()
        if self.generator_loss == "saturating":
            return self.divergence.bound(-exchanged, exchanged)
        return -self.divergence.real_term(exchanged).mean()

    def evidence(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return T - f'(1) of the pairs, and of the pairs exchanged."""
        return super().evidence(v_real - v_fake, v_fake - v_real)

    def log_ratios(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return the log-ratios of the pairs, and of the pairs exchanged."""
        return super().log_ratios(v_real - v_fake, v_fake - v_real)
