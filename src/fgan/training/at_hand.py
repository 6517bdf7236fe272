"""Networks that this process was handed for the run of a folder, whose `config.json` cannot say where they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from fgan.networks.own import Reference, refer_to
from fgan.training.config import TrainConfig
from fgan.training.settings import Network

_kept: dict[tuple[Path, str], Reference] = {}
"""By the folder of a run and the player."""


def keep_at_hand(folder: Path, generator: Network, critic: Network) -> None:
    """Keep the networks of a run for as long as this process lives.

    Raises:
        FganError: for something that is no network and names none.
    """
    for player, network in (("generator", generator), ("critic", critic)):
        reference = refer_to(network, player)
        if isinstance(reference, Reference):
            _kept[folder.absolute(), player] = reference


def at_hand(folder: Path, config: TrainConfig) -> TrainConfig:
    """Return the recipe of a run with the networks that are at hand in place of what its file says of them."""
    own = {
        player: _kept[folder.absolute(), player]
        for player in ("generator", "critic")
        if getattr(config, player) and (folder.absolute(), player) in _kept
    }
    return dataclasses.replace(config, **own) if own else config
