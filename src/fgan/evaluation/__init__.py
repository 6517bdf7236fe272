"""How good samples are, measured."""

from fgan.evaluation.modes import ModeCoverage, mode_coverage

__all__ = ["ModeCoverage", "mode_coverage"]
