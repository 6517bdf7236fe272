"""Generators and critics, sized by the shape of the data."""

from fgan.networks.build import NETWORKS, build_critic, build_generator
from fgan.networks.conditioning import Critic, Generator
from fgan.networks.initialisation import INITS
from fgan.networks.layers import ACTIVATIONS, NORMS
from fgan.networks.pair import Architecture
from fgan.networks.pairs.dcgan import DCGANCritic, DCGANGenerator
from fgan.networks.pairs.mlp import MLPCritic, MLPGenerator
from fgan.networks.pairs.r3gan import R3GANCritic, R3GANGenerator
from fgan.networks.pairs.resnet import ResNetCritic, ResNetGenerator
from fgan.networks.pairs.upconv import UpconvCritic, UpconvGenerator
from fgan.networks.units import Affine

__all__ = [
    "ACTIVATIONS",
    "INITS",
    "NETWORKS",
    "NORMS",
    "Affine",
    "Architecture",
    "Critic",
    "DCGANCritic",
    "DCGANGenerator",
    "Generator",
    "MLPCritic",
    "MLPGenerator",
    "R3GANCritic",
    "R3GANGenerator",
    "ResNetCritic",
    "ResNetGenerator",
    "UpconvCritic",
    "UpconvGenerator",
    "build_critic",
    "build_generator",
]
