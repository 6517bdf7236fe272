"""Which divergences are functions of one power of the ratio, so that a formula for powers serves them all."""

from __future__ import annotations

from fgan.divergences import Alpha, Divergence

NAMED = {"squared-hellinger": (0.5, -2.0), "pearson": (2.0, 1.0), "neyman": (-1.0, 1.0)}


def power_of(divergence: Divergence) -> tuple[float, float] | None:
    r"""Return α and the factor c with D_f = c (E_Q[u^α] - 1), if there are such.

    >>> from fgan.divergences import Pearson
    >>> power_of(Pearson())
    (2.0, 1.0)
    """
    if type(divergence) is Alpha:
        alpha = divergence.value
        return alpha, 1 / (alpha * (alpha - 1))
    return NAMED.get(divergence.name)
