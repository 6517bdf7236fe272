"""What a generator really does: the divergence that it follows, and the character of that one.

A critic learns one divergence; a generator with the non-saturating loss follows another. Cards, the catalogue and the
report all take their words from here, so that none of them says of the generator what holds only for the critic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from fgan.divergences import Divergence, divergence
from fgan.objectives.followed import followed_by_the_trick
from fgan.reporting.wording import character_in_full, costs, leaning_by
from fgan.training.config import TrainConfig
from fgan.training.trainer import objective_of

BETWEEN_P_AND_Q = ("plain", "tight")
"""Objectives whose generator follows a divergence of data and samples themselves."""
FARTHEST = 30.0
"""The log-ratio up to which the cost of missed data is integrated."""


@dataclass(frozen=True)
class Character:
    """What a generator does.

    Args:
        follows: the divergence that it follows, in words.
        leaning: which error that divergence penalises more, in two or three words; "" where nothing is known.
        in_full: the same in sentences.
    """

    follows: str
    leaning: str = ""
    in_full: str = ""


def character_of(config: TrainConfig) -> Character:
    """Return what the generator of a recipe does.

    >>> found = character_of(TrainConfig(data="ring8", divergence="kl"))
    >>> found.follows, found.leaning
    ('reverse-kl', 'mode-seeking')
    >>> character_of(TrainConfig(data="ring8", divergence="kl", generator_loss="saturating")).leaning
    'mode-covering'
    """
    follows = objective_of(config).follows
    if config.objective not in BETWEEN_P_AND_Q:
        return Character(follows)
    if config.generator_divergence:
        return _of(follows, divergence(config.generator_divergence))
    trained = divergence(config.divergence)
    return by_the_trick(trained) if config.generator_loss == "non-saturating" else _of(follows, trained)


def by_the_trick(d: Divergence) -> Character:
    """Return what a generator with the non-saturating loss does whose critic learns d.

    >>> from fgan import divergence
    >>> by_the_trick(divergence("pearson")).follows, by_the_trick(divergence("pearson")).leaning
    ('2 × kl', 'mode-covering')
    >>> by_the_trick(divergence("jeffreys")).leaning
    'mode-seeking'
    """
    follows = followed_by_the_trick(d)
    if follows == d.name:  # both losses are one, as for total variation
        return _of(follows, d)
    if not d.smooth:
        return Character(follows)
    order = None if d.local_order is None else d.local_order - 1
    return _character(follows, *_costs_by_the_trick(d), order)


def _of(follows: str, d: Divergence) -> Character:
    return _character(follows, *costs(d), d.local_order)


def _character(follows: str, missed: float, implausible: float, order: float | None) -> Character:
    return Character(follows, leaning_by(missed, implausible), character_in_full(missed, implausible, order))


def _costs_by_the_trick(d: Divergence) -> tuple[float, float]:
    """Return `costs` of the h with h'' = f''/u.

    The cost of missed data is ∫₁^∞ h''(u) du = ∫₁^∞ f''(u)/u du, infinite where f grows like u² or faster; that of
    implausible samples is ∫₀¹ u h''(u) du = f'(1) - f'(0).
    """
    implausible = d.threshold - d.slope_at_zero
    over_model, _ = d.growth
    if over_model >= 2:
        return math.inf, implausible
    l = torch.linspace(0, FARTHEST, 30_001, dtype=torch.float64)  # noqa: E741 - the log-ratio is l throughout
    simpson = torch.tensor([2.0, 4.0], dtype=torch.float64).repeat(15_001)[:-1] * float(l[1]) / 3
    simpson[[0, -1]] /= 2
    integrand = d.weight(l) * (-2 * l).exp()
    beyond = float(integrand[-1]) / (2 - over_model)  # a power of u there
    return float((simpson * integrand).sum()) + beyond, implausible
