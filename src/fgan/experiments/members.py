"""The runs of a comparison: chunks of them train as one ensemble, each chunk in a process of its own."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from tqdm import tqdm

from fgan.data import Dataset, load_data
from fgan.data.notes import on_a_terminal
from fgan.errors import DivergedError, FganError
from fgan.experiments.comparison import ComparisonDirectory, Member
from fgan.training.config import TrainConfig
from fgan.training.ensemble import together
from fgan.training.interruption import StopRequest

SECONDS_BETWEEN_LOOKS = 0.3


@dataclass(frozen=True)
class Outcome:
    """What became of a member: "finished", "diverged", "failed" or "stopped", and why."""

    state: str
    reason: str = ""


Chunk = list[Member]


def chunks_of(members: Sequence[Member], at_once: int, at_most: int) -> list[Chunk]:
    """Return members in chunks, of runs that can train as one ensemble.

    Args:
        members: what is to be trained.
        at_once: chunks that train at the same time; none of them should be left without work.
        at_most: members that fit into memory together.

    >>> from fgan.experiments.comparison import plan
    >>> from fgan.training.config import TrainConfig
    >>> members = plan(TrainConfig(data="ring8"), ["kl", "js", "gan"], seeds=3)
    >>> [len(chunk) for chunk in chunks_of(members, 2, 28)], [len(chunk) for chunk in chunks_of(members, 2, 2)]
    ([5, 4], [2, 2, 2, 2, 1])
    """
    alike: dict[object, Chunk] = {}
    for member in members:
        alike.setdefault(together(member.config), []).append(member)
    chunks = []
    for group in alike.values():
        size = min(at_most, math.ceil(len(group) / at_once))
        chunks += [group[first : first + size] for first in range(0, len(group), size)]
    return chunks


@dataclass
class Work:
    """A chunk that trains in a process, which sends what became of its members at the end."""

    chunk: Chunk
    process: BaseProcess
    ends: Connection


def train_members(
    chunks: Sequence[Chunk],
    directory: ComparisonDirectory,
    jobs: int,
    say: Callable[[str], None],
) -> dict[str, Outcome]:
    """Train chunks, `jobs` at once, and return what became of each member.

    On Ctrl-C or SIGTERM each running member writes a checkpoint.

    Args:
        chunks: what to train.
        directory: where to.
        jobs: processes at once; each has its share of the cores.
        say: told as each comes to its end.
    """
    outcomes: dict[str, Outcome] = {}
    waiting, running = list(chunks), list[Work]()
    members = [member for chunk in chunks for member in chunk]
    # Spawned, since a fork would inherit torch's threads.
    context = multiprocessing.get_context("spawn")
    threads = max((os.cpu_count() or 1) // jobs, 1)
    total = sum(member.config.steps for member in members)
    with (
        StopRequest() as stop,
        tqdm(total=total, unit="step", disable=not on_a_terminal(sys.stderr), dynamic_ncols=True) as bar,
    ):
        while running or (waiting and not stop.signal):
            while waiting and len(running) < jobs and not stop.signal:
                chunk = waiting.pop(0)
                ends, child = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(directory, chunk, threads, child))
                process.start()
                child.close()
                running.append(Work(chunk, process, ends))
            for work in list(running):
                if stop.signal:
                    work.process.terminate()  # noted by the runs, which write checkpoints
                work.process.join(SECONDS_BETWEEN_LOOKS / len(running))
                if work.process.exitcode is not None:
                    running.remove(work)
                    found = _outcomes(directory, work)
                    outcomes |= found
                    for name, outcome in found.items():
                        why = f": {outcome.reason}" if outcome.reason else ""
                        (say if bar.disable else bar.write)(f"{name} {outcome.state}{why}")
            _show(bar, members, directory, outcomes)
    return {member.name: outcomes.get(member.name, Outcome("stopped")) for member in members}


def _show(
    bar: tqdm, members: Sequence[Member], directory: ComparisonDirectory, outcomes: dict[str, Outcome]
) -> None:
    if bar.disable:
        return
    steps = [directory.run(member).metrics()[-1:] for member in members]
    bar.update(sum(line[0]["step"] for line in steps if line) - bar.n)
    bar.set_postfix_str(f"{len(outcomes)} of {len(members)} runs done", refresh=False)


def _outcomes(directory: ComparisonDirectory, work: Work) -> dict[str, Outcome]:
    """Return what a process said, and of one that could not say anything, what it left behind."""
    if work.ends.poll():
        try:
            return work.ends.recv()
        except EOFError:
            pass
    code = work.process.exitcode or 0
    stopped = code in (-signal.SIGTERM, -signal.SIGINT)
    lost = Outcome("stopped") if stopped else Outcome("failed", f"its process ended with {code}")
    return {member.name: Outcome("finished") if directory.finished(member) else lost for member in work.chunk}


def _work(directory: ComparisonDirectory, chunk: Chunk, threads: int, ends: Connection) -> None:
    import torch

    torch.set_num_threads(threads)
    ends.send(train_chunk(directory, chunk))


def data_of(config: TrainConfig, say: Callable[[str], None] = lambda line: None) -> Dataset:
    """Return the data that a recipe names."""
    return load_data(
        config.data, data_dir=config.data_dir, image_size=config.image_size, strict=config.strict, say=say
    )


def train_chunk(directory: ComparisonDirectory, chunk: Chunk) -> dict[str, Outcome]:
    """Train members as one ensemble in this process, each with a log of its own, and return what became of them."""
    from fgan.experiments.train import judge_of
    from fgan.training.train import Job, train_together

    dataset = data_of(chunk[0].config)
    with ExitStack() as stack:
        jobs = []
        for member in chunk:
            path = directory.path / f"{member.name}.log"
            log = stack.enter_context(path.open("a", encoding="utf-8", buffering=1))
            jobs.append(Job(member.config, directory.run(member).path, partial(print, file=log)))
        ends = train_together(jobs, dataset, build_judge=judge_of)
        outcomes = {}
        for member, job, end in zip(chunk, jobs, ends, strict=True):
            if isinstance(end, FganError):
                job.say(str(end))
                outcomes[member.name] = Outcome(
                    "diverged" if isinstance(end, DivergedError) else "failed", str(end)
                )
            else:
                job.say(f"{end.step} steps, {end.seconds:.0f} s in this process")
                outcomes[member.name] = Outcome("stopped" if end.stopped_by else "finished")
    return outcomes
