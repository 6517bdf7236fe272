"""The mathematics of f-divergences: f, f', f*, the links from a critic's output, and the catalogue."""

from fgan.divergences.base import Divergence, Interval, Link
from fgan.divergences.catalogue import CATALOGUE, divergence

__all__ = ["CATALOGUE", "Divergence", "Interval", "Link", "divergence"]
