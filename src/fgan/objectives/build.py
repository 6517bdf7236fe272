"""Every objective by its name."""

from __future__ import annotations

from collections.abc import Callable

from fgan.errors import FganError
from fgan.objectives.baselines import Hinge, LeastSquares, Wasserstein
from fgan.objectives.clamp import Clamped
from fgan.objectives.gan_loss import GANLoss
from fgan.objectives.objective import Objective
from fgan.objectives.relativistic import RelativisticLoss
from fgan.objectives.tight import ReweightedLoss, TightLoss

F_GAN: dict[str, type[GANLoss]] = {
    "plain": GANLoss,
    "tight": TightLoss,
    "relativistic": RelativisticLoss,
    "reweighted": ReweightedLoss,
}
BASELINES: dict[str, Callable[[], Objective]] = {
    "wasserstein": Wasserstein,
    "hinge": Hinge,
    "least-squares": LeastSquares,
}
OBJECTIVES = (*F_GAN, *BASELINES)


def build_objective(
    name: str,
    divergence: str,
    *,
    link: str | None = None,
    generator: str = "non-saturating",
    generator_divergence: str | None = None,
    critic_clamp: float = 0.0,
) -> Objective:
    """Return the objective of that name.

    Args:
        name: one of OBJECTIVES.
        divergence, link, generator, generator_divergence: as for `GANLoss`; baselines ignore them.
        critic_clamp: limit of a soft clamp on the critic's outputs; 0 for none.

    Raises:
        FganError: for an unknown name, and as for `GANLoss`.

    >>> build_objective("relativistic", "js").follows
    '0.5 × softened-reverse-kl between pairs (real, fake) and swapped pairs, as the swapped pairs move'
    """
    if name not in OBJECTIVES:
        raise FganError(f'the objective must be one of {", ".join(OBJECTIVES)}; got "{name}".')
    if name in BASELINES:
        if generator_divergence:
            raise FganError(
                f'a generator divergence needs a critic that knows log(p/q); got the objective "{name}". '
                "Use plain, tight or relativistic."
            )
        objective = BASELINES[name]()
    else:
        objective = F_GAN[name](
            divergence, link=link, generator=generator, generator_divergence=generator_divergence
        )
    return Clamped(objective, critic_clamp) if critic_clamp else objective
