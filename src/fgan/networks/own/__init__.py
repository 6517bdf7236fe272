"""Custom networks: how they are referenced, found again, checked and called."""

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
