"""Divergences, density ratios and mutual information from samples, cross-fitted: held-out samples report."""

from fgan.estimation.density_ratio import DensityRatio
from fgan.estimation.estimate import estimate
from fgan.estimation.frontier import frontier
from fgan.estimation.methods import INFORMATION_METHODS, METHODS
from fgan.estimation.mutual_information import mutual_information
from fgan.estimation.result import Estimate, Estimates, Information
from fgan.estimation.trade_off.result import Frontier

__all__ = [
    "INFORMATION_METHODS",
    "METHODS",
    "DensityRatio",
    "Estimate",
    "Estimates",
    "Frontier",
    "Information",
    "estimate",
    "frontier",
    "mutual_information",
]
