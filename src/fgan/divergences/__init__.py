"""The mathematics of f-divergences: f, f', f*, the links from a critic's output, and the catalogue."""

from fgan.divergences.base import Divergence, Link
from fgan.divergences.card import Card, Formulas
from fgan.divergences.catalogue import *  # noqa: F403 - the class of every entry
from fgan.divergences.catalogue import CATALOGUE, EXAMPLES, divergence
from fgan.divergences.facts import Interval
from fgan.divergences.families.renyi import Bhattacharyya, Renyi

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll] - the classes are the catalogue's
    "CATALOGUE",
    "EXAMPLES",
    "Bhattacharyya",
    "Card",
    "Divergence",
    "Formulas",
    "Interval",
    "Link",
    "Renyi",
    "divergence",
    *(kind.__name__ for kind in CATALOGUE.values()),
]
