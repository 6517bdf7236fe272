"""Training the runs of a comparison: each chunk is one ensemble, and several chunks train in parallel."""

from __future__ import annotations

import math
import multiprocessing
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Protocol

from fgan.cores import take_share, usable_cores, wait_without_spinning
from fgan.data import Dataset
from fgan.errors import DivergedError, FganError, RunError, TakenError
from fgan.experiments.comparison import ComparisonDirectory, Member
from fgan.experiments.lifeline import call_with_lifeline, packed
from fgan.output import Pace, for_people, progress_bar
from fgan.training.checkpoint import Guard, do_nothing
from fgan.training.ensemble import together
from fgan.training.interruption import StopRequest
from fgan.training.run_files import last_line

SECONDS_BETWEEN_LOOKS = 0.3
SECONDS_BETWEEN_COUNTS = 2.0
"""Between two looks at how far the runs are, which reads the end of each log."""
MOST_MEMBERS = 500
"""Maximum runs per chunk: each holds a lock file, and a process can often open only 1,024 files."""

MOST_TRACKED = 100
"""Maximum runs per chunk if they log to trackers, each of which holds files and threads."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: "finished", "diverged", "failed", "stopped", "taken" by another process, or
    "unranked", which is finished without a number to rank by; and why."""

    state: str
    reason: str = ""


Chunk = list[Member]


def chunks_of(members: Sequence[Member], at_once: int, at_most: int) -> list[Chunk]:
    """Divide members into chunks of runs that can train as one ensemble.

    Args:
        members: the runs to train.
        at_once: number of chunks that train in parallel; all should have work.
        at_most: number of members that fit into memory together.

    >>> from fgan.experiments.comparison import plan
    >>> from fgan.training.config import TrainConfig
    >>> members = plan(TrainConfig(data="ring8"), ["kl", "js", "gan"], seeds=3)
    >>> [len(chunk) for chunk in chunks_of(members, 2, 28)], [len(chunk) for chunk in chunks_of(members, 2, 2)]
    ([5, 4], [2, 2, 2, 2, 1])
    """
    at_most = min(at_most, MOST_MEMBERS)
    alike: dict[object, Chunk] = {}
    for member in members:
        alike.setdefault(together(member.config), []).append(member)
    chunks = []
    for group in alike.values():
        size = min(at_most, math.ceil(len(group) / at_once))
        chunks += [group[first : first + size] for first in range(0, len(group), size)]
    return chunks


class Work(Protocol):
    """A chunk in training."""

    chunk: Chunk

    def stop(self) -> None:
        """Request checkpoints and an end; one call is enough."""
        ...

    def wait(self, seconds: float) -> dict[str, Outcome] | None:
        """Return the outcomes of its members, or None if it is still running after these seconds."""
        ...


class Workplace(Protocol):
    """A place where chunks train: this machine, or a cluster."""

    @property
    def places(self) -> int:
        """The number of chunks that train in parallel."""
        ...

    @property
    def neighbours(self) -> int:
        """The number of chunks that share one memory."""
        ...

    def start(self, directory: ComparisonDirectory, chunk: Chunk) -> Work:
        """Start a chunk."""
        ...


class ThisMachine:
    """Processes on this machine, each with its share of the cores.

    Args:
        jobs: number of processes; default: the number of cores on a CPU, one on a GPU.
        device: the device of the runs.
    """

    def __init__(self, jobs: int | None, device: str) -> None:
        cores = usable_cores()
        self.places = self.neighbours = jobs or (cores if device == "cpu" else 1)
        self._threads = max(cores // self.places, 1)

    def start(self, directory: ComparisonDirectory, chunk: Chunk) -> ProcessWork:
        """Start a process for a chunk."""
        wait_without_spinning()  # inherited by its threads
        return ProcessWork(directory, chunk, self._threads)


class ProcessWork:
    """A chunk that trains in a process on this machine.

    Args:
        directory: the comparison.
        chunk: the runs to train.
        threads: number of cores to use.
    """

    def __init__(self, directory: ComparisonDirectory, chunk: Chunk, threads: int) -> None:
        # Spawned, since a fork would inherit torch's threads.
        context = multiprocessing.get_context("spawn")
        self.chunk, self._directory = chunk, directory
        self._ends, child = context.Pipe(duplex=False)
        self._process = context.Process(
            target=call_with_lifeline, args=(packed(_work, directory, chunk, threads), child)
        )
        with _without_main():
            self._process.start()
        child.close()

    def stop(self) -> None:
        """Send SIGTERM, after which the runs write checkpoints; a second one would kill them."""
        self._process.terminate()

    def wait(self, seconds: float) -> dict[str, Outcome] | None:
        """Return its report; if it could not send one, reconstruct it from the files."""
        if not wait([self._ends, self._process.sentinel], seconds):
            return None
        # Receive before the process has ended: it cannot end while the pipe is full.
        try:
            if self._ends.poll():
                outcomes = self._ends.recv()
                self._process.join()
                return outcomes
        except EOFError:
            pass
        self._process.join()
        code = self._process.exitcode
        killed = code in (-signal.SIGTERM, -signal.SIGINT)  # before its signal handler was installed
        lost = Outcome("stopped") if killed else Outcome("failed", f"its process ended with {code}")
        return left_behind(self._directory, self.chunk, lost)


@contextmanager
def _without_main() -> Iterator[None]:
    """Start processes without importing the running script, which would run again there."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def ended(directory: ComparisonDirectory, member: Member) -> Outcome | None:
    """Return the outcome of a member that has done all its steps, "finished" or "diverged"; None for others."""
    if not directory.finished(member):
        return None
    status = directory.run(member).status()
    if status and status.state in ("finished", "diverged"):
        return Outcome(status.state, status.reason)
    return Outcome("finished")


def left_behind(directory: ComparisonDirectory, chunk: Chunk, lost: Outcome) -> dict[str, Outcome]:
    """Return the outcomes of a chunk that could not report: "finished" for finished runs, `lost` for the rest."""
    return {member.name: ended(directory, member) or lost for member in chunk}


def train_members(
    chunks: Sequence[Chunk],
    directory: ComparisonDirectory,
    workplace: Workplace,
    say: Callable[[str], None],
) -> dict[str, Outcome]:
    """Train chunks and return the outcome of each member.

    On Ctrl-C or SIGTERM each running member writes a checkpoint.

    Args:
        chunks: the runs to train.
        directory: the comparison.
        workplace: where to train.
        say: receives a message when a member ends.

    Raises:
        RunError: if the comparison's folder was removed, renamed or replaced meanwhile; all training has ended then.
    """
    outcomes: dict[str, Outcome] = {}
    waiting, running = list(chunks), list[Work]()
    members = [member for chunk in chunks for member in chunk]
    total = sum(member.config.steps for member in members)
    with (
        StopRequest() as stop,
        progress_bar(total) as bar,
    ):
        tell = say if bar.disable else partial(bar.write, file=for_people())
        asked, pace, counted = False, Pace(total), 0.0
        while running or (waiting and not stop.signal):
            while waiting and len(running) < workplace.places and not stop.signal:
                running.append(workplace.start(directory, waiting.pop(0)))
            if not stop.signal and not _is_there(directory):
                stop.ask("the loss of its folder")
            if stop.signal and not asked:
                asked = True
                for work in running:
                    work.stop()
            for work in list(running):
                found = work.wait(SECONDS_BETWEEN_LOOKS / len(running))
                if found is not None:
                    running.remove(work)
                    outcomes |= found
                    for name, outcome in found.items():
                        why = f": {outcome.reason}" if outcome.reason else ""
                        tell(f"{name} {outcome.state}{why}")
            if time.monotonic() - counted > SECONDS_BETWEEN_COUNTS:
                done = _steps_done(members, directory)
                for line in pace.lines(done, regularly=bar.disable):
                    tell(line)
                bar.update(done - bar.n)
                bar.set_postfix_str(f"{len(outcomes)} of {len(members)} runs done", refresh=False)
                counted = time.monotonic()
    directory.require_there()
    return {member.name: outcomes.get(member.name, Outcome("stopped")) for member in members}


def _is_there(directory: ComparisonDirectory) -> bool:
    try:
        directory.require_there()
    except RunError:
        return False
    return True


def _steps_done(members: Sequence[Member], directory: ComparisonDirectory) -> int:
    """Return the steps that runs have logged; a damaged log counts for nothing here, its run reports it."""
    done = 0
    for member in members:
        with suppress(ValueError):
            done += last_line(directory.run(member).metrics_path).get("step", 0)
    return done


def _work(directory: ComparisonDirectory, chunk: Chunk, threads: int, ends: Connection) -> None:
    # A terminal sends Ctrl-C to all processes of the command, and the main one passes it on as SIGTERM. Ignore SIGINT
    # here, since a second signal would kill the runs while they write their checkpoints.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    take_share(threads)
    try:
        outcomes = train_chunk(directory, chunk)
    except (FganError, OSError) as error:
        outcomes = left_behind(directory, chunk, Outcome("failed", str(error)))
    ends.send(outcomes)


def train_chunk(
    directory: ComparisonDirectory,
    chunk: Chunk,
    guards: Mapping[str, Guard] | None = None,
    stop: StopRequest | None = None,
    dataset: Dataset | None = None,
) -> dict[str, Outcome]:
    """Train members as one ensemble in this process, each with its own log, and return their outcomes.

    Args:
        directory: where to.
        chunk: what to train.
        guards: by member, see `fgan.training.run.Job`.
        stop: see `fgan.training.run.train_together`.
        dataset: the data of their recipe; default: loaded and checked against the plan.

    Raises:
        FganError: if the data cannot be loaded, or differ from those of the plan.
    """
    from fgan.experiments.train import judge_of
    from fgan.tracking import trackers_of
    from fgan.training.run import Job, data_of, train_together

    if dataset is None:
        dataset = data_of(chunk[0].config, lambda line: None)
        directory.require_data(dataset, chunk)
    log_to = directory.log_to()

    def job_of(member: Member) -> Job:
        run, say = directory.run(member), partial(_log, directory, member)
        guard = guards[member.name] if guards else do_nothing
        return Job(member.config, run.path, say, guard, trackers_of(log_to, run, say))

    jobs = [job_of(member) for member in chunk]
    ends = train_together(jobs, dataset, build_judge=judge_of, stop=stop)
    outcomes = {}
    for member, job, end in zip(chunk, jobs, ends, strict=True):
        if isinstance(end, FganError):
            job.say(str(end))
            states = ((DivergedError, "diverged"), (TakenError, "taken"), (FganError, "failed"))
            state = next(state for kind, state in states if isinstance(end, kind))
            outcomes[member.name] = Outcome(state, str(end))
        else:
            job.say(f"{end.step} steps, {end.seconds:.0f} s in this process")
            state = "stopped" if end.stopped_by else "diverged" if end.diverged else "finished"
            outcomes[member.name] = Outcome(state, end.diverged or end.warning or "")
    return outcomes


def _log(directory: ComparisonDirectory, member: Member, line: str) -> None:
    directory.require_there()
    # Opened for each line: a thousand runs would need a thousand file descriptors.
    with directory.log_path(member).open("a", encoding="utf-8") as file:
        print(line, file=file)
