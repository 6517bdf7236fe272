"""The mathematics of f-divergences: f, f', f*, the links from a critic's output, and the catalogue."""

from fgan.divergences.base import Divergence, Link
from fgan.divergences.catalogue import CATALOGUE, EXAMPLES, divergence
from fgan.divergences.facts import Interval
from fgan.divergences.families.alpha import Alpha, CressieRead, Tsallis
from fgan.divergences.families.chi_power import Chi
from fgan.divergences.families.chi_squared import Marton, Neyman, Pearson, SymmetricChi2
from fgan.divergences.families.hellinger import SquaredHellinger
from fgan.divergences.families.jensen_shannon import GAN, JensenShannon, SkewJensenShannon
from fgan.divergences.families.kullback_leibler import KL, Jeffreys, ReverseKL
from fgan.divergences.families.renyi import Bhattacharyya, Renyi
from fgan.divergences.families.skewed import SkewKL, SkewPearson
from fgan.divergences.families.softened import (
    ArithmeticGeometric,
    RelativeArithmeticGeometric,
    SoftenedKL,
    SoftenedReverseKL,
)
from fgan.divergences.families.total_variation import HockeyStick, TotalVariation
from fgan.divergences.families.triangular import Harmonic, Triangular

__all__ = [
    "CATALOGUE",
    "EXAMPLES",
    "GAN",
    "KL",
    "Alpha",
    "ArithmeticGeometric",
    "Bhattacharyya",
    "Chi",
    "CressieRead",
    "Divergence",
    "Harmonic",
    "HockeyStick",
    "Interval",
    "Jeffreys",
    "JensenShannon",
    "Link",
    "Marton",
    "Neyman",
    "Pearson",
    "RelativeArithmeticGeometric",
    "Renyi",
    "ReverseKL",
    "SkewJensenShannon",
    "SkewKL",
    "SkewPearson",
    "SoftenedKL",
    "SoftenedReverseKL",
    "SquaredHellinger",
    "SymmetricChi2",
    "TotalVariation",
    "Triangular",
    "Tsallis",
    "divergence",
]
