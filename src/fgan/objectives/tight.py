"""The tight bound as an objective, and f-WGAN's re-weighted samples, which use the same shift."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.objectives.bounds import best_shift, rows, shifted_fake_side, tight_bound, where_finite
from fgan.objectives.gan_loss import GANLoss, finite


class TightLoss(GANLoss):
    r"""GANLoss with the tight bound: the best constant is added to T first.

    .. math:: -L_{critic} = E_P[T] - \inf_\lambda \{\lambda + E_Q[f^*(T - \lambda)]\}, \quad T = g_f(v)

    The critic need not learn the constant. Its output means log(p/q) only after this shift, which is computed for
    every batch of samples. If T overflows there is no shift, and the plain bound is used.

    Raises:
        FganError: as for `GANLoss`, and for the link "soft-hinge".

    Source: see `fgan.objectives.bounds`.

    >>> v = torch.tensor([0.0, 1.0])
    >>> TightLoss("kl").critic(v, v), TightLoss("kl").critic(v + 5, v + 5)
    (tensor(0.1201), tensor(0.1201))
    """

    joins_samples = True
    unfit_links = ("soft-hinge",)  # no shift gives its ratios mean 1

    @property
    def linked(self) -> None:
        """None: v determines a ratio only after a shift that depends on the batch."""
        return None

    def critic(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return the negative of the tight bound, a scalar."""
        return -tight_bound(self.divergence, v_real, v_fake, dim)

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None, dim: int | None = None) -> Tensor:
        """Return the generator's loss, a scalar, from raw critic outputs on its samples (m,)."""
        (fake,) = rows(dim, v_fake)
        return where_finite(self.divergence, self._answer, lambda v: GANLoss.generator(self, v, dim=-1), fake)

    def _answer(self, v_fake: Tensor) -> Tensor:
        if self.generator_divergence:
            # In float64, where a small difference keeps its digits.
            shift = best_shift(self.divergence, self.divergence.real_term(v_fake.detach().double()))
            shifted = self.divergence.real_term(v_fake).double() - shift.unsqueeze(-1)
            log_ratio = finite(self.divergence.log_ratio_at, shifted).to(v_fake.dtype)
            return -self.generator_divergence.fake_at(log_ratio).mean(-1)
        if self.generator_loss == "saturating":
            return -shifted_fake_side(self.divergence, v_fake)
        return GANLoss.generator(self, v_fake, dim=-1)

    def _shifted(self, v_fake: Tensor, *values: Tensor) -> list[Tensor]:
        """Return values of T less the λ of these samples, in float64, where a small difference keeps its digits."""
        v = v_fake.detach().double()
        shift = where_finite(
            self.divergence,
            lambda v: best_shift(self.divergence, self.divergence.real_term(v)),
            lambda v: torch.zeros_like(v[..., 0]),
            v,
        )
        return [value.double() - shift.unsqueeze(-1) for value in values]

    def evidence(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return T - λ - f'(1)."""
        outputs = [self.divergence.real_term(v.double()) for v in (v_real, v_fake)]
        real, fake = (t - self.divergence.threshold for t in self._shifted(v_fake, *outputs))
        return real.to(v_real.dtype), fake.to(v_fake.dtype)

    def log_ratios(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return log(p/q) on data and on samples; None if the optimal critic does not determine it."""
        if not self.divergence.identifies_ratio:
            return None
        outputs = [self.divergence.real_term(v.double()) for v in (v_real, v_fake)]
        real, fake = (self.divergence.log_ratio_at(t) for t in self._shifted(v_fake, *outputs))
        return real.to(v_real.dtype), fake.to(v_fake.dtype)


class ReweightedLoss(TightLoss):
    r"""f-WGAN: a hinge loss that weights each sample by its estimated density ratio p/q.

    .. math::
        L_{critic} = E_P[(1 - v)_+] + E_Q[(1 + r v)_+], \quad L_{generator} = -E_Q[r v], \quad
        r = (f^*)'(g_f(v) - \lambda), \; E_Q[r] = 1

    Both players treat the weights r as constants, which is correct for optimal weights (envelope theorem); the
    authors' code differentiates them too. For KL they are softmax weights: KL-WGAN.

    Args:
        divergence, link: as for `GANLoss`; the choice of the generator loss has no effect here.

    Raises:
        FganError: as for `GANLoss`, for a divergence whose critic does not determine the ratio, and for a generator
            divergence.

    Source: Song, Ermon, "Bridging the Gap Between f-GANs and Wasserstein GANs" (2020).

    >>> v = torch.tensor([0.0, 1.0])
    >>> ReweightedLoss("kl").generator(v)
    tensor(-0.7311)
    """

    def __init__(
        self,
        divergence: str | Divergence,
        *,
        generator: str = "non-saturating",
        link: str | None = None,
        generator_divergence: str | Divergence | None = None,
    ) -> None:
        super().__init__(divergence, generator=generator, link=link)
        if generator_divergence:
            raise FganError(
                f'the objective "reweighted" takes no generator divergence; got "{generator_divergence}". '
                "Use plain, tight or relativistic."
            )
        if not self.divergence.identifies_ratio:
            raise FganError(
                'the objective "reweighted" needs a critic output that determines p/q; with '
                f'"{self.divergence.name}" it does not. Use kl or another smooth f.'
            )

    @property
    def follows(self) -> str:
        """The divergence that the generator actually follows, in words."""
        return (
            f"a Wasserstein-like distance from the data to its samples re-weighted by {self.divergence.name}"
        )

    def critic(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return the hinge loss with re-weighted samples, a scalar; its negative is not a bound."""
        real, fake = rows(dim, v_real, v_fake)
        return (1 - real).relu().mean(-1) + (1 + self.ratios(fake) * fake).relu().mean(-1)

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None, dim: int | None = None) -> Tensor:
        """Return minus the re-weighted mean of the outputs on samples, a scalar."""
        (fake,) = rows(dim, v_fake)
        return -(self.ratios(fake) * fake).mean(-1)

    @torch.no_grad()
    def ratios(self, v_fake: Tensor) -> Tensor:
        """Return the weights r (..., m) of samples with these raw outputs, of mean 1."""
        divergence = self.divergence

        def shifted(v: Tensor) -> Tensor:
            t = divergence.real_term(v)
            return divergence.log_ratio_at(t - best_shift(divergence, t).unsqueeze(-1)).exp()

        def divided(v: Tensor) -> Tensor:  # by their mean
            return divergence.log_ratio(v).softmax(-1) * v.shape[-1]

        return where_finite(divergence, shifted, divided, v_fake.double()).to(v_fake.dtype)
