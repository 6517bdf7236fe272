"""How many members fit into memory together, measured by simulating a step of one of them."""

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
"""Extra memory of a step beyond its tensors: convolution workspaces and fragmentation."""


def members_that_fit(config: TrainConfig, dataset: Dataset, share: float = 1.0) -> int:
    """Return how many such runs fit into a share of the machine's memory, at least 1.

    Args:
        config: the recipe of one of them, on a device that exists.
        dataset: the data.
        share: of the free memory on a GPU, or of half the installed memory on other machines.
    """
    return max(int(share * _memory(config.device) / (SAFETY * bytes_of_a_member(config, dataset))), 1)


def notes_of(config: TrainConfig, dataset: Dataset) -> tuple[str, ...]:
    """Return notes about the networks of such runs.

    Raises:
        FganError: for custom networks that do not meet the requirements.
    """
    asks = config.generator or config.critic or config.augment != "none"
    return Trainer(config, dataset).notes if asks else ()


def bytes_of_a_member(config: TrainConfig, dataset: Dataset) -> int:
    """Return the peak memory of a step of one run in bytes: state, gradients and activations."""
    return bytes_of_steps([config], dataset)


def bytes_of_steps(configs: Sequence[TrainConfig], dataset: Dataset) -> int:
    """Return the peak memory in bytes of a step of an ensemble; see `bytes_of_a_member`."""
    trainers = [Trainer(dataclasses.replace(config, compile="off"), dataset) for config in configs]
    with _Made() as made:
        Ensemble(trainers).step()
    held = (t.nbytes for trainer in trainers for group in trainer.state().values() for t in group.values())
    return sum(held) + made.most


class _Made(DispatchMode):
    """Tracks the bytes of live tensors created while it is entered, and their maximum."""

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
    # Half of the installed memory, which is the same for every run, unless less is free.
    known = [number for number in (free_memory(), (installed_memory() or 0) / 2) if number]
    return min(known, default=4 * 2**30)
