"""What the two players optimise: losses from any f-divergence, and penalties on the critic."""

from fgan.objectives.bounds import plain_bound, tight_bound
from fgan.objectives.gan_loss import GENERATOR_LOSSES, GANLoss
from fgan.objectives.penalties import squared_gradient

__all__ = ["GENERATOR_LOSSES", "GANLoss", "plain_bound", "squared_gradient", "tight_bound"]
