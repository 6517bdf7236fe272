"""Objectives: losses for both players from any f-divergence, baselines, and penalties on the critic."""

from fgan.objectives.bounds import plain_bound, tight_bound
from fgan.objectives.build import BASELINES, OBJECTIVES, build_objective
from fgan.objectives.gan_loss import GENERATOR_LOSSES, GANLoss
from fgan.objectives.objective import Objective
from fgan.objectives.own_loop import CriticPenalty, penalty
from fgan.objectives.penalties import PENALTIES, squared_gradient
from fgan.objectives.schedule import Penalties, cooled, faded, read_terms

__all__ = [
    "BASELINES",
    "GENERATOR_LOSSES",
    "OBJECTIVES",
    "PENALTIES",
    "CriticPenalty",
    "GANLoss",
    "Objective",
    "Penalties",
    "build_objective",
    "cooled",
    "faded",
    "penalty",
    "plain_bound",
    "read_terms",
    "squared_gradient",
    "tight_bound",
]
