"""Generators to export, with weights by chance."""

import torch

from fgan.draws import DrawnFrom
from fgan.exporting import TrainedGenerator
from fgan.frame import Frame
from fgan.networks import Architecture, build_generator

IMAGES, VECTORS = Frame.of_images((1, 8, 8)), Frame((3,), center=(1.0, -2.0, 500.0), scale=(0.1, 1.0, 20.0))
TIMES = Frame((2,), center=(0.5, 0.0), scale=(2.0, 1.0), origin=(1.7e9, 0.0), unit=(3600.0, 1.0))


def trained(kind="mlp", classes=0, frame=IMAGES, **changed) -> TrainedGenerator:
    """A generator with weights by chance, as a run or a file gives it."""
    given = {"latent": 5, "width": 8, "depth": 2, "activation": "leaky-relu"} | changed
    architecture = Architecture(kind=kind, classes=classes, **given)
    with DrawnFrom.seeded(1):
        network = build_generator(architecture, frame).eval().requires_grad_(False)
    about = {"data": "somewhere", "divergence": "kl", "step": 7, "fgan": "0", "best": False, "recipe": {}}
    names = [f"class {i}" for i in range(classes)]
    return TrainedGenerator(network, frame, given["latent"], names, "a test", vars(architecture), about)


def latents(one: TrainedGenerator, n: int) -> tuple[torch.Tensor, ...]:
    """The inputs that `sample(n, seed=0)` has."""
    z = torch.randn(n, one.latent, generator=torch.Generator().manual_seed(0))
    return (z, torch.arange(n) % len(one.classes)) if one.classes else (z,)
