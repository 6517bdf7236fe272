"""The losses of the critic and the generator for any f-divergence."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from fgan.divergences import Divergence, catalogue
from fgan.divergences.elementary import widened
from fgan.errors import FganError
from fgan.objectives.followed import followed_by_the_trick
from fgan.objectives.objective import Objective

GENERATOR_LOSSES: dict[str, Callable[[Divergence, Tensor, int | None], Tensor]] = {
    "saturating": lambda f, v_fake, dim: -f.fake_term(v_fake).mean(dim),
    "non-saturating": lambda f, v_fake, dim: -f.real_term(v_fake).mean(dim),
}
FARTHEST = 50.0
"""The log-ratio used for infinity where a generator needs a finite number."""
BLIND = 0.05
"""The log-ratio up to which, on both sides of 0, f may be straight."""


class GANLoss(Objective):
    r"""The critic's and the generator's loss of an f-GAN, as functions of the critic's raw outputs.

    .. math::
        L_{critic} = -F = E_Q[f^*(g_f(v))] - E_P[g_f(v)], \quad
        L_{generator} = -E_Q[f^*(g_f(v))] \text{ or } -E_Q[g_f(v)] \text{ or } -E_Q[h^*(h'(e^{\ell(v)}))]

    The generator's gradient is -E_Q[w ∇l] with l = log(p/q). The first loss (saturating) has w = u² f''(u), the
    second (non-saturating, the paper's trick) has w = u f''(u), and the third has w = u² h''(u): it follows h,
    whatever divergence trains the critic.

    Args:
        divergence: a name from the catalogue, or a `Divergence`.
        generator: "non-saturating" for the trick of the paper's §3.2, "saturating" for the bound itself.
        link: how raw outputs become the bound, one of the divergence's `links`; for a divergence given by name.
            Default: see `default_link`; a `Divergence` keeps its own.
        generator_divergence: the divergence h that the generator follows instead, through the critic's log-ratio.
            If the critic outputs p/q = 0 (possible for some activations, such as Pearson's below v = -2), the sample
            has no gradient; with link="log-ratio" every sample has one.

    Raises:
        FganError: for an unknown name, link or generator loss, for a link that has no gradient, for a custom f that
            is straight around 1, and for a generator divergence if the critic's output does not determine the
            log-ratio.

    Source: Nowozin, Cseke, Tomioka, "f-GAN" (2016), eq. 6 and §3.2; Shannon, "Properties of f-divergences and
    f-GAN training" (2020), for two divergences at once.

    >>> import torch
    >>> loss = GANLoss("kl")
    >>> loss.critic(v_real=torch.ones(8), v_fake=torch.zeros(8))
    tensor(-0.6321)
    >>> loss.generator(torch.ones(8))
    tensor(-1.)
    >>> loss.follows
    'reverse-kl'
    """

    divergence: Divergence
    unfit_links: ClassVar[tuple[str, ...]] = ()
    """Links by which this objective is not played."""
    preferred_link: ClassVar[str] = "soft-hinge"
    """The link that `default_link` takes before the divergence's first, where it can be trained."""

    def __init__(
        self,
        divergence: str | Divergence,
        *,
        generator: str = "non-saturating",
        link: str | None = None,
        generator_divergence: str | Divergence | None = None,
    ) -> None:
        chosen = trainable(divergence, link)
        if link is None and isinstance(divergence, str):
            default = self.default_link(chosen, generator)
            chosen = chosen if default == chosen.link else chosen.with_link(default)
        if chosen.link in self.unfit_links:
            raise FganError(
                f'{type(self).__name__} does not work with the link "{chosen.link}". Use link="{chosen.links[0]}".'
            )
        self.divergence = chosen  # pyright: ignore[reportIncompatibleVariableOverride]
        if generator not in GENERATOR_LOSSES:
            raise FganError(
                f'the generator loss must be one of {", ".join(GENERATOR_LOSSES)}; got "{generator}".'
            )
        self.generator_loss = generator
        self.generator_divergence = (
            catalogue.divergence(generator_divergence)
            if isinstance(generator_divergence, str)
            else generator_divergence
        )
        if self.generator_divergence and not self.divergence.identifies_ratio:
            raise FganError(
                f'a generator divergence needs a critic that knows log(p/q); one trained with "{self.divergence.name}" '
                "does not. Train the critic with gan, kl or another smooth f."
            )
        if self.generator_divergence and not self.generator_divergence.smooth:
            raise FganError(
                f'a generator cannot follow "{self.generator_divergence.name}" through the log-ratio: its f has a '
                "kink, so the gradient is 0 at nearly every sample. Use a divergence with a smooth f."
            )

    @classmethod
    def default_link(cls, divergence: Divergence, generator: str) -> str:
        """Return the default link of this objective.

        It is the first link of the divergence, with two exceptions: the soft hinge for the plain objective with the
        "non-saturating" generator loss, and "log-ratio" for a smooth f in the relativistic objective, unless the first
        is "linear".

        >>> from fgan import divergence
        >>> GANLoss.default_link(divergence("kl"), "non-saturating")
        'paper'
        >>> GANLoss.default_link(divergence("total-variation"), "non-saturating")
        'soft-hinge'
        """
        # f* is flat where the soft hinge is not, so only a generator that climbs T benefits from it.
        by_ratio = divergence.smooth and divergence.links[0] != "linear"
        trainable_by = {"soft-hinge": generator == "non-saturating", "log-ratio": by_ratio}
        link, offered = cls.preferred_link, set(divergence.links).difference(cls.unfit_links)
        return link if link in offered and trainable_by[link] else divergence.links[0]

    def __repr__(self) -> str:
        """Return it as text."""
        return (
            f"fgan.objectives.{type(self).__name__}({self.divergence!r}, generator={self.generator_loss!r})"
        )

    @property
    def linked(self) -> Divergence | None:
        """The divergence whose link maps the raw output v to T."""
        return self.divergence

    @property
    def follows(self) -> str:
        """The divergence that the generator actually follows, in words."""
        if self.generator_divergence:
            return self.generator_divergence.name
        return (
            self.divergence.name
            if self.generator_loss == "saturating"
            else followed_by_the_trick(self.divergence)
        )

    def critic(self, v_real: Tensor, v_fake: Tensor, dim: int | None = None) -> Tensor:
        """Return the critic's loss, a scalar: the negative of the bound.

        Args:
            v_real: raw critic outputs on data, any shape.
            v_fake: raw critic outputs on model samples, any shape.
            dim: the dimension to average over; default: all.
        """
        return -self.divergence.bound(v_real, v_fake, dim)

    def generator(self, v_fake: Tensor, v_real: Tensor | None = None, dim: int | None = None) -> Tensor:
        """Return the generator's loss, a scalar, from the raw critic outputs on its samples, any shape."""
        v_fake = widened(v_fake)
        if self.generator_divergence:
            return -self.generator_divergence.fake_at(finite(self.log_ratio, v_fake)).mean(dim)
        return GENERATOR_LOSSES[self.generator_loss](self.divergence, v_fake, dim)

    def log_ratio(self, v: Tensor) -> Tensor:
        """Return the critic's log(p/q), elementwise."""
        return self.divergence.log_ratio(v)

    def evidence(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return T - f'(1), which is positive where the critic decides "real" (the paper's §3.2)."""
        real, fake = (self.divergence.real_term(v) - self.divergence.threshold for v in (v_real, v_fake))
        return real, fake

    def log_ratios(self, v_real: Tensor, v_fake: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return log(p/q) on data and on samples; None if the optimal critic does not determine it."""
        if not self.divergence.identifies_ratio:
            return None
        return self.log_ratio(v_real), self.log_ratio(v_fake)


def finite(log_ratio: Callable[[Tensor], Tensor], v: Tensor) -> Tensor:
    """Return log_ratio(v), elementwise; where it is infinite, ∓FARTHEST with zero gradient."""
    value = log_ratio(v)
    return torch.where(value.isfinite(), value, value.detach().clamp(-FARTHEST, FARTHEST))


def trainable(divergence: str | Divergence, link: str | None = None) -> Divergence:
    """Return a divergence that can train a critic, from a name or a `Divergence`.

    Raises:
        FganError: for an unknown name or link, for a link that has no gradient, and for a custom f that is straight
            around 1.
    """
    if isinstance(divergence, str):
        divergence = catalogue.divergence(divergence, link)
    elif not isinstance(divergence, Divergence):
        raise FganError(f"a divergence must be a name or an fgan.Divergence; got {divergence!r}.")
    elif link not in (None, divergence.link):
        raise FganError(f'{divergence!r} already has a link; got link="{link}" as well. Omit one of them.')
    if divergence.link == "log-ratio" and not divergence.smooth:
        raise FganError(
            f'"{divergence.name}" cannot be trained with link="log-ratio": its f has a kink, so the '
            "bound jumps there and has no gradient. Use one of its other links: "
            f"{', '.join(other for other in divergence.links if other != 'log-ratio')}."
        )
    if divergence.link == "linear":
        _require_signal(divergence)
    return divergence


def _require_signal(divergence: Divergence) -> None:
    """Refuse an f that is straight around 1, so that D_f is 0 also for P other than Q."""
    low, high = divergence.linear.straight
    if low < -BLIND and high > BLIND:
        raise FganError(
            f'"{divergence.name}" cannot train a generator: f is straight {_between(low, high)}, so D_f is 0 as soon '
            "as every p/q is there, although P is not Q. Add some of another divergence, such as "
            f'"0.1*js + {divergence.name}".'
        )


def _between(low: float, high: float) -> str:
    """Return an interval of ratios in words.

    >>> _between(-600.0, math.log(2)), _between(-1.0, 1.0)
    ('below u = 2', 'between u = 0.368 and 2.72')
    """
    if low < -FARTHEST:
        return f"below u = {math.exp(high):.3g}"
    if high > FARTHEST:
        return f"above u = {math.exp(low):.3g}"
    return f"between u = {math.exp(low):.3g} and {math.exp(high):.3g}"
