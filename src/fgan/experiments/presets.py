"""Named recipes: how each differs from the default one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Unpack

from fgan.errors import FganError, did_you_mean
from fgan.training.config import TrainConfig, require_settings
from fgan.training.settings import Settings

FITTING = "auto"
"""Stands for the preset that fits the data."""
# Lazy penalties halve the cost of a step and take little away where networks are convolutional. They fade sooner than
# the default's: on MNIST, with 0.2 and fade=2000, a GAN's critic lost its signal, and samples were at 8.6 times real
# against real after 10,000 steps and at 10.5 after 14,000; with these, at 4.7 after 10,000. Neyman's weights are
# powers of the ratio: one batch had a gradient of 1e11, Adam hardly moved again, and samples were black. Gradients by
# fifteen others had norms below 10 in every logged step on MNIST.
SMALL_CONVOLUTIONS: Settings = {
    "network": "upconv",
    "norm": "group",
    "latent": 64,
    "width": 32,
    "penalties": "r1:0.1:every=4:fade=250,r2:0.1:every=4:fade=250",
    "gradient_clip": 10.0,
}
PRESETS: dict[str, Settings] = {
    "default": {},
    "mnist-small": {**SMALL_CONVOLUTIONS, "batch_size": 32, "steps": 30_000},
    "mnist-dcgan": {**SMALL_CONVOLUTIONS, "network": "dcgan", "batch_size": 64, "steps": 20_000},
    # CIFAR-10, KL, two minutes on one core, one seed (docs/benchmarks/quality.md): fid 111 by cifar-cnn, the default's
    # perceptrons 223. On icons as good as with the network dcgan, without its pattern of dots. With twice the rate a
    # run on few icons blew up.
    "color-small": {**SMALL_CONVOLUTIONS, "batch_size": 32, "steps": 60_000},
    # R3GAN's pairing, penalties and networks, at a width for one GPU. Without normalisation a rate of 1e-3 saturated
    # the generator's last layer within 1,500 steps.
    "color": {
        "network": "r3gan",
        "objective": "relativistic",
        "latent": 64,
        "width": 64,
        "depth": 1,
        "batch_size": 64,
        "lr": 5e-4,
        "beta1": 0.0,
        "penalties": "r1:0.05:every=4,r2:0.05:every=4",
        "steps": 100_000,
    },
    # Pairs see which mode is missing; see R3GAN's ablation (Huang et al. 2024) for RpGAN with R1 and R2. With constant
    # penalties the critic of a GAN lost its signal: KL to uniform modes 0.33 after 16,000 steps, with these 0.07.
    "stacked-mnist": {
        "network": "dcgan",
        "objective": "relativistic",
        "norm": "group",
        "latent": 128,
        "width": 32,
        "batch_size": 64,
        "penalties": "r1:0.2:every=4:fade=500,r2:0.2:every=4:fade=500",
        "steps": 40_000,
    },
    "cifar-resnet": {
        "network": "resnet",
        "norm": "group",
        "latent": 128,
        "width": 64,
        "batch_size": 64,
        "lr": 2e-4,
        "beta1": 0.0,
        "penalties": "r1:0.2,r2:0.2",
        "ema": 0.9995,
        "steps": 50_000,
        "sample_every": 2500,
        "checkpoint_every": 2500,
    },
    # On a made table of 9 mixed columns and 3,000 rows (one seed), boosted trees told held-out rows from synthetic ones
    # with an AUC of 0.63 after 1,000 steps of these, and of 0.77 after 2,000 of the default's, in 27 processor seconds.
    # With a constant rate samples of moons come too close together: JS 0.22 after 30,000 steps, with a cooldown 0.06.
    "table": {"n_critic": 3, "cooldown": 0.5},
    # The classic public script: its networks, its optimiser, its one line and one 4x4 grid every 1000 steps.
    "original": {
        "divergence": "reverse-kl",
        "generator_loss": "saturating",
        "steps": 1_000_000,
        "batch_size": 32,
        "lr": 1e-3,
        "beta1": 0.9,
        "beta2": 0.999,
        "penalties": "none",
        "ema": 0.0,
        "latent": 10,
        "width": 128,
        "depth": 1,
        "activation": "relu",
        "standardize": False,
        "log_every": 1000,
        "sample_every": 1000,
        "sample_count": 16,
    },
}


def preset(name: str, data: str | Path, **changes: Unpack[Settings]) -> TrainConfig:
    """Return the recipe of that name for a data set.

    Args:
        name: a key of `PRESETS`.
        data: as in `TrainConfig.data`.
        changes: fields of `TrainConfig` to change.

    Raises:
        FganError: for an unknown name or field, or a value out of range.

    >>> preset("original", "mnist", steps=30_000).batch_size
    32
    """
    if name not in PRESETS:
        raise FganError(
            f'unknown preset "{name}".{did_you_mean(name, PRESETS)} There are: {", ".join(PRESETS)}.'
        )
    require_settings(changes)
    return dataclasses.replace(TrainConfig(data=str(data), **PRESETS[name]), **changes)  # pyright: ignore[reportArgumentType] - networks become their names
