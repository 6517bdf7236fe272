"""Losses made of f-divergences: distillation, preference tuning, one-step generators, robust means.

P comes first everywhere: D_f(P‖Q) = E_Q[f(p/q)]. `docs/guides/losses.md` says which library calls what by which name.
"""

from fgan.losses.between import between
from fgan.losses.distillation import distillation_weight
from fgan.losses.preference import preference_loss, preference_score
from fgan.losses.robust import robust_mean, worst_weights

__all__ = [
    "between",
    "distillation_weight",
    "preference_loss",
    "preference_score",
    "robust_mean",
    "worst_weights",
]
