"""Many small trainings at once: a process each core, a thread each, since small networks gain nothing by more."""

from __future__ import annotations

import dataclasses
import functools
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

import fgan
from fgan.experiments.comparison import trainable_divergences as trainable_divergences
from fgan.training.summary import Summary


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


def finished(config: fgan.TrainConfig, out: Path) -> tuple[fgan.RunDirectory, Summary]:
    """Train into a folder without pictures, or go on there, and return the run with its summary."""
    config = dataclasses.replace(config, sample_every=0, sample_count=0, keep_checkpoints=1)
    run = fgan.RunDirectory(out)
    summary = fgan.train(config, out, resume=run.config_path.exists(), say=lambda line: None)
    return run, summary
