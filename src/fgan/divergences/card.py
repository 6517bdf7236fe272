"""The description of a divergence: its card in words, and its formulas as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Card:
    r"""The description of a divergence.

    Args:
        title: its usual name.
        symbol: its symbol in LaTeX.
        use: when to choose it.
        avoid: when not to choose it.
        normalisation: how it relates to other conventions.
        references: keys of `references.bib`.
    """

    title: str = ""
    symbol: str = r"D_f(P\|Q)"
    use: str = ""
    avoid: str = ""
    normalisation: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Formulas:
    """The formulas of a divergence, in the syntax of `fgan.divergences.expression`; the laws check them.

    Args:
        f: f(u).
        derivative: f'(u).
        conjugate: f*(t), where it is finite.
        activation: g_f(v) of the paper's link.
        soft_hinge: g_f(v) of the soft hinge.
        constants: the values of letters other than u, t and v.

    None means no closed form, or no such link.
    """

    f: str | None = None
    derivative: str | None = None
    conjugate: str | None = None
    activation: str | None = None
    soft_hinge: str | None = None
    constants: Mapping[str, float] = field(default_factory=dict)
