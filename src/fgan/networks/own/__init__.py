"""Networks that users bring: named, found again, checked once, and called as fgan's own are."""

from fgan.networks.own.build import own_critic, own_generator
from fgan.networks.own.reference import Recorded, Reference, refer_to
from fgan.networks.own.wrapped import OwnCritic, OwnGenerator

__all__ = [
    "OwnCritic",
    "OwnGenerator",
    "Recorded",
    "Reference",
    "own_critic",
    "own_generator",
    "refer_to",
]
