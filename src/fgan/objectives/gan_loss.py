"""What the critic and the generator minimise, for any f-divergence."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from fgan.divergences import Divergence, catalogue
from fgan.errors import FganError

GENERATOR_LOSSES: dict[str, Callable[[Divergence, Tensor], Tensor]] = {
    "saturating": lambda f, v_fake: -f.fake_term(v_fake).mean(),
    "non-saturating": lambda f, v_fake: -f.real_term(v_fake).mean(),
}


class GANLoss:
    r"""The two losses of f-GAN training, as functions of the critic's raw outputs.

    .. math::
        L_{critic} = -F = E_Q[f^*(g_f(v))] - E_P[g_f(v)], \quad
        L_{generator} = -E_Q[f^*(g_f(v))] \text{ or } -E_Q[g_f(v)]

    Args:
        divergence: a name from the catalogue, or a `Divergence`.
        generator: "non-saturating" for the paper's §3.2 trick, "saturating" for the bound itself.
        link: how raw outputs become the bound, "paper" or "log-ratio", the first that the divergence has
            unless told; for a divergence given by name.

    Raises:
        FganError: for an unknown name, link or generator loss, and for a link that has no gradient.

    Source: Nowozin, Cseke, Tomioka, "f-GAN" (2016), eq. 6 and §3.2.

    >>> import torch
    >>> loss = GANLoss("kl")
    >>> loss.critic(v_real=torch.ones(8), v_fake=torch.zeros(8))
    tensor(-0.6321)
    >>> loss.generator(torch.ones(8))
    tensor(-1.)
    """

    def __init__(
        self, divergence: str | Divergence, *, generator: str = "non-saturating", link: str | None = None
    ) -> None:
        if isinstance(divergence, str):
            divergence = catalogue.divergence(divergence, link)
        elif not isinstance(divergence, Divergence):
            raise FganError(f"a divergence must be a name or an fgan.Divergence; got {divergence!r}.")
        elif link not in (None, divergence.link):
            raise FganError(f'{divergence!r} has its link; got link="{link}" beside it. Leave one out.')
        self.divergence = divergence
        if generator not in GENERATOR_LOSSES:
            raise FganError(
                f'the generator loss must be one of {", ".join(GENERATOR_LOSSES)}; got "{generator}".'
            )
        if self.divergence.link == "log-ratio" and not self.divergence.smooth:
            instead = (
                'Use link="paper".'
                if "paper" in self.divergence.links
                else "Take a smooth f, or total-variation, whose activation is made for it."
            )
            raise FganError(
                f'"{self.divergence.name}" cannot be trained with link="log-ratio": its f has a kink, so the '
                f"bound steps up there without a gradient. {instead}"
            )
        self.generator_loss = generator

    def critic(self, v_real: Tensor, v_fake: Tensor) -> Tensor:
        """Return the critic's loss, a scalar: the negative of the bound.

        Args:
            v_real: raw critic outputs on data, any shape.
            v_fake: raw critic outputs on model samples, any shape.
        """
        return -self.divergence.bound(v_real, v_fake)

    def generator(self, v_fake: Tensor) -> Tensor:
        """Return the generator's loss, a scalar, from raw critic outputs on its samples, any shape."""
        return GENERATOR_LOSSES[self.generator_loss](self.divergence, v_fake)
