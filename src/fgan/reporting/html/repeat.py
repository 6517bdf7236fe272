"""How to have runs again: the commands, and what their recipes share and do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from fgan.errors import FganError
from fgan.experiments.comparison import Member, plan
from fgan.training.config import TrainConfig
from fgan.visible import fgan_command

INDIFFERENT = frozenset(
    {"steps", "keep_checkpoints", "data_dir", "device", "log_every", "sample_every", "sample_count"}
)
"""Settings that give a run no name of its own: they do not decide what a given step computes."""


def varying(configs: Sequence[TrainConfig]) -> list[str]:
    """Return the settings in which recipes differ and that decide what they compute.

    >>> varying([TrainConfig(data="ring8", lr=0.1), TrainConfig(data="ring8", steps=5)])
    ['lr']
    """
    return [name for name in _differing(configs) if name not in INDIFFERENT]


def shared_settings(configs: Sequence[TrainConfig]) -> dict[str, Any]:
    """Return what all recipes have in common."""
    differing = _differing(configs)
    return {name: value for name, value in dataclasses.asdict(configs[0]).items() if name not in differing}


def differing_settings(configs: Mapping[str, TrainConfig]) -> tuple[list[str], dict[str, list[Any]]]:
    """Return the settings in which recipes differ, and each run's values of them."""
    names = _differing(list(configs.values()))
    return names, {run: [getattr(config, name) for name in names] for run, config in configs.items()}


def _differing(configs: Sequence[TrainConfig]) -> list[str]:
    return [
        field.name
        for field in dataclasses.fields(TrainConfig)
        if any(getattr(config, field.name) != getattr(configs[0], field.name) for config in configs)
    ]


def train_command(config: TrainConfig, out: str) -> str:
    """Return the command that trains by a recipe.

    >>> train_command(TrainConfig(data="ring8", divergence="kl", standardize=False), "runs/kl")
    'fgan train ring8 --preset default --divergence kl --no-standardize --out runs/kl'
    """
    return fgan_command("train", config.data, *flags(config), "--out", out)


def flags(config: TrainConfig, without: Sequence[str] = ()) -> list[str]:
    """Return the flags of `fgan train` that make the default recipe this one."""
    words = ["--preset", "default"]
    for name, default in dataclasses.asdict(TrainConfig(data=config.data)).items():
        value = getattr(config, name)
        if value == default or name in without:
            continue
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", str(value)]
    return words


def replanned(configs: Mapping[str, TrainConfig]) -> tuple[list[Member], str] | None:
    """Return the members of a comparison, and the command that plans them; None where no command does.

    Args:
        configs: every member's recipe by its name, in order.
    """
    recipes = list(configs.values())
    if not recipes:
        return None
    divergences = list(dict.fromkeys(config.divergence for config in recipes))
    ways = list(dict.fromkeys(config.generator_divergence or config.generator_loss for config in recipes))
    seeds = [config.seed for config in recipes]
    # A way to train the generator that all share may have been named, or be the recipe's own.
    for generators in ([], ways):
        base = next((one for one in recipes if one.generator_divergence), recipes[0])
        base = dataclasses.replace(base, seed=min(seeds))
        if generators:
            base = dataclasses.replace(base, generator_divergence=None)
        try:
            members = plan(base, divergences, generators, len(set(seeds)))
        except FganError:  # of a version that could do what this one refuses
            continue
        if {member.name: member.config for member in members} == dict(configs):
            words = ["compare", base.data, "--divergences", ",".join(divergences)]
            words += ["--generators", ",".join(generators)] if generators else []
            words += ["--seeds", str(len(set(seeds))), *flags(base, without=("divergence",))]
            return members, fgan_command(*words)
    return None
