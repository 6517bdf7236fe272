"""Divergences and density ratios from samples, reported by samples that trained nothing."""

from fgan.estimation.density_ratio import DensityRatio
from fgan.estimation.estimate import estimate
from fgan.estimation.methods import METHODS
from fgan.estimation.result import Estimate, Estimates

__all__ = ["METHODS", "DensityRatio", "Estimate", "Estimates", "estimate"]
