"""A training's first steps, in one process or as one of the ranks that torchrun's variables name."""

import contextlib
import dataclasses
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

import fgan
from fgan.training.ensemble import Ensemble
from fgan.training.ranks import joined
from fgan.training.trainer import Trainer

SMALL = {"batch_size": 16, "width": 16, "depth": 1, "latent": 4, "device": "cpu"}
Numbers = dict[str, torch.Tensor]


def environment_of(rank: int, size: int, port: int) -> dict[str, str]:
    """What torchrun tells a process, but for its own store: rank 0 has it here."""
    names = {
        "RANK": rank,
        "LOCAL_RANK": rank,
        "WORLD_SIZE": size,
        "LOCAL_WORLD_SIZE": size,
        "MASTER_PORT": port,
    }
    values = {name: str(value) for name, value in names.items()}
    return {**os.environ, **values, "MASTER_ADDR": "127.0.0.1", "TORCHELASTIC_RUN_ID": "test"}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def of_type(dtype: torch.dtype) -> Iterator[None]:
    """Networks, data and random numbers of a type; in float64 only a mistake makes two ways of adding up differ."""
    draw = Trainer.draw

    def drawn(self: Trainer) -> Any:
        batch = draw(self)
        noise = tuple(None if one is None else one.to(dtype) for one in batch.noise)
        return dataclasses.replace(
            batch, real=batch.real.to(dtype), latent=batch.latent.to(dtype), noise=noise
        )

    Trainer.draw = drawn
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        Trainer.draw = draw
        torch.set_default_dtype(torch.float32)


def first_steps(cases: list[dict[str, Any]], steps: int, dtype: torch.dtype) -> list[Numbers]:
    """Everything that a trainer of each recipe holds after so many steps, and its metrics."""
    found, ranks = [], joined()
    for case in cases:
        config = fgan.preset("default", **{"data": "ring8", **SMALL, **case})
        with of_type(dtype):
            trainer = Trainer(config, fgan.load_data(config.data), ranks)
            ensemble = Ensemble([trainer])
            for _ in range(steps):
                ensemble.step()
        numbers = {f"{group}.{k}": v for group, values in trainer.state().items() for k, v in values.items()}
        found.append({name: value.clone() for name, value in numbers.items()})
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    request, answer = map(Path, sys.argv[1:])
    found = first_steps(*torch.load(request))
    torch.save(found, answer)
