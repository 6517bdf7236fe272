"""Formulas for KL and for powers of the ratio, and all the divergences that they serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fgan.divergences import Alpha, Divergence

Side = TypeVar("Side")

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


def formula_of(
    divergence: Divergence,
    kl: Callable[[Side, Side], float],
    moment: Callable[[float, Side, Side], float],
) -> Callable[[Side, Side], float] | None:
    """Return the formula of D_f(P‖Q) for KL, reverse KL, Jeffreys and powers of the ratio; None for any other.

    Args:
        divergence: whose.
        kl: the formula of KL.
        moment: that of E_Q[u^α], from α, P and Q.
    """
    if divergence.name == "kl":
        return kl
    if divergence.name == "reverse-kl":
        return lambda p, q: kl(q, p)
    if divergence.name == "jeffreys":
        return lambda p, q: kl(p, q) + kl(q, p)
    power = power_of(divergence)
    if power is None:
        return None
    alpha, factor = power
    return lambda p, q: factor * (moment(alpha, p, q) - 1)
