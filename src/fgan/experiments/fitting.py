"""The preset that fits the data."""

from __future__ import annotations

import dataclasses

from fgan.data import Dataset
from fgan.experiments.presets import PRESETS
from fgan.networks.pyramid import has_pyramid
from fgan.output import Say
from fgan.training.config import TrainConfig
from fgan.training.settings import Settings

SMALLEST = 16
"""Side of pictures from which on convolutions are worth their time."""
NETWORKS = {"network", "generator", "critic"}
"""Settings by which a user chooses networks."""
OF_A_MEMBER = {"divergence", "generator_loss"}
"""Settings in which the members of a comparison differ."""


def fitting(
    data: Dataset, *, own_networks: bool = False, conditional: bool = False, augmented: bool = False
) -> str:
    """Return the preset that "auto" stands for: by whether data are pictures, a table or points, and their size.

    In the same time, "table" is closer to vectors by JS, and "default" has found more of many known clusters
    (docs/benchmarks/quality.md). Of grey pictures perceptrons learn faster, but only convolutions make the class that
    is asked for, and bear augmentation (docs/guides/small-data.md).

    Args:
        data: the data.
        own_networks: whether the user chose the networks.
        conditional: whether classes are learnt too.
        augmented: whether the critic sees augmented pictures.

    >>> from fgan.data import load_data
    >>> fitting(load_data("ring8")), fitting(load_data("moons")), fitting(load_data("digits"))
    ('default', 'table', 'default')
    """
    convolves = data.is_image and data.shape[1] >= SMALLEST and has_pyramid(data.shape) and not own_networks
    if convolves and data.shape[0] > 1:
        return "color-small"
    if convolves and (conditional or augmented):
        return "mnist-small"
    return "table" if data.table or (len(data.shape) == 1 and not data.modes) else "default"


def fitted_to(data: Dataset, config: TrainConfig, settings: Settings, say: Say) -> TrainConfig:
    """Return a default recipe with what the preset that fits the data changes, apart from the user's settings.

    Args:
        data: the data.
        config: the default recipe with these settings.
        settings: which the user named.
        say: receives a line about the choice.
    """
    name = fitting(
        data,
        own_networks=bool(NETWORKS & settings.keys()),
        conditional=config.conditional,
        augmented=config.augment != "none",
    )
    changes = {field: value for field, value in PRESETS[name].items() if field not in settings}
    if changes:
        shown = ", ".join(f"{field.replace('_', '-')} {value}" for field, value in changes.items())
        say(f"preset {name}, which fits these data: {shown} (others: --preset)")
    return dataclasses.replace(config, **changes)  # pyright: ignore[reportArgumentType] - networks become their names


def as_begun(config: TrainConfig, begun: TrainConfig, settings: Settings) -> TrainConfig:
    """Return a default recipe with everything that a preset may have changed as in one that was begun.

    Args:
        config: the default recipe with these settings.
        begun: a recipe of the comparison that goes on.
        settings: which the user named.
    """
    of_presets = {field for changes in PRESETS.values() for field in changes} - OF_A_MEMBER - settings.keys()
    return dataclasses.replace(config, **{field: getattr(begun, field) for field in of_presets})
