"""Fitted log-ratios: regressions, networks, kernels and bridges."""
