"""How many members fit into memory together, found by letting one of them take a step."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from fgan.data import Dataset
from fgan.dispatch import DispatchMode
from fgan.memory import free_memory, installed_memory
from fgan.training.config import TrainConfig
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer

SAFETY = 1.5
"""What a step needs for a moment besides its tensors: workspaces of convolutions, memory in pieces."""


def members_that_fit(config: TrainConfig, dataset: Dataset, share: float = 1.0) -> int:
    """Return how many runs like this one fit into a share of the machine's memory, at least 1.

    Args:
        config: the recipe of one of them, on a device that exists.
        dataset: what it learns from.
        share: of the memory: all that is free on a GPU, half of what is built in on other machines.
    """
    return max(int(share * _memory(config.device) / (SAFETY * bytes_of_a_member(config, dataset))), 1)


def notes_of(config: TrainConfig, dataset: Dataset) -> tuple[str, ...]:
    """Return what is worth knowing of the networks of runs like this one.

    Raises:
        FganError: for networks of the user's that do not keep to what is asked of them.
    """
    asks = config.generator or config.critic or config.augment != "none"
    return Trainer(config, dataset).notes if asks else ()


def bytes_of_a_member(config: TrainConfig, dataset: Dataset) -> int:
    """Return how many bytes a run holds at the fullest moment of a step: its state, its gradients, its activations."""
    return bytes_of_steps([config], dataset)


def bytes_of_steps(configs: Sequence[TrainConfig], dataset: Dataset) -> int:
    """Return how many bytes runs that step as one ensemble hold at the fullest moment; see `bytes_of_a_member`."""
    trainers = [Trainer(dataclasses.replace(config, compile="off"), dataset) for config in configs]
    with _Made() as made:
        Ensemble(trainers).step()
    held = (t.nbytes for trainer in trainers for group in trainer.state().values() for t in group.values())
    return sum(held) + made.most


class _Made(DispatchMode):
    """Counts the bytes of the tensors that are made while it is entered and still needed, and the most of them."""

    def __init__(self) -> None:
        super().__init__()
        self.most = self._now = 0
        self._known = set[int]()

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: tuple[type, ...],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the operation returns
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._note(tensor.untyped_storage())
        return made

    def _note(self, storage: torch.UntypedStorage) -> None:
        if (key := storage._cdata) not in self._known:
            self._known.add(key)
            self._now += storage.nbytes()
            self.most = max(self.most, self._now)
            weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._now -= size


def _memory(device: str) -> float:
    if device.startswith("cuda"):
        return free_memory(device) or 0
    # Half of what is built in, which does not change from one run to the next, unless less is free.
    known = [number for number in (free_memory(), (installed_memory() or 0) / 2) if number]
    return min(known, default=4 * 2**30)
