"""How many members fit into memory together, found by letting one of them take a step."""

from __future__ import annotations

import os

import torch
from torch import Tensor

from fgan.data import Dataset
from fgan.training.config import TrainConfig
from fgan.training.trainer import Trainer

SAFETY = 1.5
"""What a step needs for a moment besides what it keeps: gradients on their way, workspaces of convolutions."""


def members_that_fit(config: TrainConfig, dataset: Dataset, share: float = 1.0) -> int:
    """Return how many runs like this one fit into a share of the machine's memory, at least 1.

    Args:
        config: the recipe of one of them, on a device that exists.
        dataset: what it learns from.
        share: of the memory: all that is free on a GPU, half of what is built in on other machines.
    """
    return max(int(share * _memory(config.device) / (SAFETY * bytes_of_a_member(config, dataset))), 1)


def bytes_of_a_member(config: TrainConfig, dataset: Dataset) -> int:
    """Return how many bytes a run holds in the middle of a step: its state, its gradients, its activations."""
    trainer = Trainer(config, dataset)
    saved: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        trainer.step()
    state = sum(t.nbytes for group in trainer.state().values() for t in group.values())
    gradients = sum(p.nbytes for player in (trainer.generator, trainer.critic) for p in player.parameters)
    return state + gradients + sum(saved.values())


def _memory(device: str) -> float:
    if device.startswith("cuda"):
        return torch.cuda.mem_get_info(torch.device(device))[0]
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2
    except (ValueError, OSError, AttributeError):  # a system that does not tell
        return 4 * 2**30
