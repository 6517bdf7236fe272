"""The mathematics of f-divergences: f, f', f*, the links from a critic's output, and the catalogue."""

from fgan.divergences.alpha import Alpha, CressieRead, Tsallis
from fgan.divergences.base import Divergence, Link
from fgan.divergences.catalogue import CATALOGUE, EXAMPLES, divergence
from fgan.divergences.chi_power import Chi
from fgan.divergences.chi_squared import Marton, Neyman, Pearson, SymmetricChi2
from fgan.divergences.facts import Interval
from fgan.divergences.hellinger import SquaredHellinger
from fgan.divergences.jensen_shannon import GAN, JensenShannon, SkewJensenShannon
from fgan.divergences.kullback_leibler import KL, Jeffreys, ReverseKL
from fgan.divergences.renyi import Bhattacharyya, Renyi
from fgan.divergences.skewed import SkewKL, SkewPearson
from fgan.divergences.softened import (
    ArithmeticGeometric,
    RelativeArithmeticGeometric,
    SoftenedKL,
    SoftenedReverseKL,
)
from fgan.divergences.total_variation import HockeyStick, TotalVariation
from fgan.divergences.triangular import Harmonic, Triangular

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
