"""The laws that every divergence must obey, by the names shown in reports."""

from __future__ import annotations

from typing import Protocol

from fgan.divergences.base import Divergence
from fgan.verification import laws_of_f, laws_of_links, laws_of_losses, laws_of_pairs
from fgan.verification.points import FIXED, Points


class Law(Protocol):
    """A law: returns None if it holds at these points, or a complaint that names the value that breaks it."""

    def __call__(self, d: Divergence, at: Points = FIXED, /) -> str | None:
        """Check it on one divergence."""
        ...


LAWS_OF_F: dict[str, Law] = {
    "f is convex": laws_of_f.convex,
    "f(1) = 0": laws_of_f.zero_at_one,
    "f' is the slope of f": laws_of_f.derivative,
    "Fenchel-Young": laws_of_f.fenchel_young,
    "f** = f": laws_of_f.biconjugate,
    "dom f*": laws_of_f.domain,
    "inverse of f'": laws_of_f.inverse,
    "slope of f* is u": laws_of_f.conjugate_slope,
    "weight is u² f''": laws_of_f.weight,
    "limits of f": laws_of_f.limits,
    "printed formulas": laws_of_f.formulas,
    "range": laws_of_pairs.spread,
    "dual": laws_of_pairs.duality,
    "loss between logits": laws_of_losses.between_logits,
    "finite between far logits": laws_of_losses.far_logits,
    "preference score is f'": laws_of_losses.preference,
    "distillation weight is r² f''": laws_of_losses.distillation,
    "robust mean": laws_of_losses.robust,
}
"""Laws that do not depend on the link."""

LAWS_OF_LINKS: dict[str, Law] = {
    "activation into dom f*": laws_of_links.activation,
    "terms are composed": laws_of_links.terms,
    "log-ratio of v": laws_of_links.log_ratio,
    "T = f'(u)": laws_of_links.optimal,
    "bound is tight": laws_of_pairs.tight,
    "bound is below D_f": laws_of_pairs.bound,
    "float64": laws_of_links.float64,
    "float32": laws_of_links.float32,
    "bfloat16": laws_of_links.bfloat16,
}
"""Laws that are checked under each link."""

LAWS: dict[str, Law] = {**LAWS_OF_F, **LAWS_OF_LINKS}
"""All laws."""


def broken_laws(divergence: Divergence, at: Points = FIXED) -> dict[str, str]:
    """Return the complaints of the laws that a divergence breaks, under all of its links.

    A law that raises counts as broken: the code that raised is part of the divergence.

    Args:
        divergence: the divergence to check.
        at: the points at which to check.

    >>> from fgan.divergences import KL
    >>> broken_laws(KL())
    {}
    """
    broken = {name: words for name, law in LAWS_OF_F.items() if (words := _heed(law, divergence, at))}
    for link in divergence.links:
        linked = divergence if link == divergence.link else divergence.with_link(link)
        for name, law in LAWS_OF_LINKS.items():
            words = _heed(law, linked, at)
            if words and name not in broken:
                broken[name] = f"{words} (link {link})" if len(divergence.links) > 1 else words
    return broken


def _heed(law: Law, divergence: Divergence, at: Points) -> str | None:
    try:
        return law(divergence, at)
    except Exception as error:  # the divergence may be custom code
        return f"raised {type(error).__name__}: {error}"
