"""Many small trainings at once: a process each core, a thread each, since small networks gain nothing by more."""

from __future__ import annotations

import functools
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

from fgan.divergences import EXAMPLES

# Not to be trained with: its bound is 0, and flat, as soon as p/q is on one side of γ everywhere.
UNDEFINED = ("hockey-stick",)


def trainable_divergences() -> list[str]:
    """Return one name for each entry of the catalogue that is defined for training."""
    first = {name.split(":")[0]: name for name in reversed(EXAMPLES)}
    return [name for entry, name in reversed(first.items()) if entry not in UNDEFINED]


def in_parallel(
    work: Callable[[Any], Any], jobs: Iterable[Any], processes: int | None = None
) -> Iterator[tuple[Any, Any]]:
    """Yield each job with what `work` returns for it, as they come to an end."""
    jobs = list(jobs)
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes or os.cpu_count(), initializer=_alone) as pool:
        for index, result in pool.imap_unordered(functools.partial(_numbered, work), list(enumerate(jobs))):
            yield jobs[index], result


def _numbered(work: Callable[[Any], Any], numbered: tuple[int, Any]) -> tuple[int, Any]:
    index, job = numbered
    return index, work(job)


def _alone() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
