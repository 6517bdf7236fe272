"""Relativistic pairing: the critic compares a real with a generated sample instead of scoring each alone."""

from __future__ import annotations

from torch import Tensor

from fgan.divergences.elementary import widened
from fgan.objectives.gan_loss import GANLoss, finite


class RelativisticLoss(GANLoss):
    r"""RpGAN for any f: the divergence between pairs (real, fake) and the same pairs swapped.

    .. math::
        -L_{critic} = E[g_f(\Delta)] - E[f^*(g_f(-\Delta))], \quad \Delta = v(x) - v(y), \; x \sim P, \; y \sim Q

    This is the plain bound of D_f(P×Q ‖ Q×P) for a critic of pairs that is antisymmetric in the pair. With the
    log-ratio link, the default here, the optimal Δ is log(p/q)(x) - log(p/q)(y), which is antisymmetric. The same
    holds for activations with log_ratio(-v) = -log_ratio(v). For others, such as KL's v - 1, no Δ is optimal for
    both a pair and its swap, and the bound stays below the divergence. For the GAN it is twice RpGAN's
    -E[softplus(-Δ)]. Adding a constant to v changes nothing.

    The generator minimises the bound ("saturating"), or treats swapped pairs as real ones, -E[g_f(-Δ)]
    ("non-saturating"; for the GAN this is RpGAN's own loss), or minimises the bound of another divergence h. Both
    kinds of pairs move with the generator. The gradient of the bound is that of the divergence between them. The
    non-saturating gradient is that of the h with h'' = f''/u when only the swapped pairs move.

    Source: Jolicoeur-Martineau, "The relativistic discriminator" (2018) and "On Relativistic f-Divergences"
    (2020); Huang et al., "The GAN is dead; long live the GAN!" (2024), eq. 2.

    >>> import torch
    >>> v = torch.zeros(4)
    >>> RelativisticLoss("gan").critic(v, v)  # 2 log 2
    tensor(1.3863)
    """

    needs_real = True
    preferred_link = "log-ratio"

    @property
    def linked(self) -> None:
        """None: a single v has no meaning, only the difference of two."""
        return None

    @property
    def follows(self) -> str:
        """The divergence that the generator actually follows, in words."""
        between = f"{super().follows} between pairs (real, fake) and swapped pairs"
        whole = self.generator_divergence or self.generator_loss == "saturating"
        return between if whole else f"{between}, as the swapped pairs move"

    def critic(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return the negative of the bound between pairs, a scalar."""
        paired = widened(v_real) - widened(v_fake)
        return -self.divergence.bound(paired, -paired, dim)

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None, dim: int | None = None) -> Tensor:
        """Return the generator's loss, a scalar, from raw critic outputs (n,) on samples and on data."""
        if v_real is None:
            raise TypeError(
                "a relativistic generator loss needs the critic's outputs on data too. Pass v_real."
            )
        exchanged = widened(v_fake) - widened(v_real)
        if self.generator_divergence:
            h = self.generator_divergence
            there, back = finite(self.log_ratio, -exchanged), finite(self.log_ratio, exchanged)
            return (h.real_at(there) - h.fake_at(back)).mean(dim)
        if self.generator_loss == "saturating":
            return self.divergence.bound(-exchanged, exchanged, dim)
        return -self.divergence.real_term(exchanged).mean(dim)

    def evidence(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return T - f'(1) of the pairs, and of the swapped pairs."""
        return super().evidence(v_real - v_fake, v_fake - v_real)

    def log_ratios(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return the log-ratios of the pairs, and of the swapped pairs."""
        return super().log_ratios(v_real - v_fake, v_fake - v_real)
