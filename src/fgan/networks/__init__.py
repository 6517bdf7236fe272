"""Generators and critics, sized by the shape of the data."""

from fgan.networks.mlp import Affine, Frame, MLPCritic, MLPGenerator

__all__ = ["Affine", "Frame", "MLPCritic", "MLPGenerator"]
