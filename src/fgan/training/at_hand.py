"""Networks passed to this process for the run of a folder, whose `config.json` cannot lead to them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from fgan.networks.own import Reference, refer_to
from fgan.training.config import TrainConfig
from fgan.training.settings import Network

_kept: dict[tuple[Path, str], Reference] = {}
"""Networks by run folder and player."""


def keep_at_hand(folder: Path, generator: Network, critic: Network) -> None:
    """Remember the networks of a run for the lifetime of this process.

    Raises:
        FganError: for something that is neither a network nor a reference to one.
    """
    for player, network in (("generator", generator), ("critic", critic)):
        reference = refer_to(network, player)
        if isinstance(reference, Reference):
            _kept[folder.absolute(), player] = reference


def at_hand(folder: Path, config: TrainConfig) -> TrainConfig:
    """Return the recipe of a run with the remembered networks instead of the references in its file."""
    own = {
        player: _kept[folder.absolute(), player]
        for player in ("generator", "critic")
        if getattr(config, player) and (folder.absolute(), player) in _kept
    }
    return dataclasses.replace(config, **own) if own else config
