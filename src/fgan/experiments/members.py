"""The runs of a comparison, each in a process of its own: one that fails, or is killed, leaves the others alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

from tqdm import tqdm

from fgan.data.notes import on_a_terminal
from fgan.errors import DivergedError, FganError, RunError
from fgan.experiments.comparison import ComparisonDirectory, Member
from fgan.training.interruption import StopRequest

STOPPED = 130
SECONDS_BETWEEN_LOOKS = 0.3


@dataclass(frozen=True)
class Outcome:
    """What became of a member: "finished", "diverged", "failed" or "stopped", and why."""

    state: str
    reason: str = ""


def train_members(
    members: Sequence[Member],
    directory: ComparisonDirectory,
    jobs: int,
    say: Callable[[str], None],
) -> dict[str, Outcome]:
    """Train every member that is not finished, `jobs` at once, and return what became of each.

    On Ctrl-C or SIGTERM each running member writes a checkpoint.

    Args:
        members: what to train.
        directory: where to.
        jobs: processes at once; each has its share of the cores.
        say: told as each comes to its end.
    """
    outcomes = {member.name: Outcome("finished") for member in members if directory.finished(member)}
    waiting = [member for member in members if member.name not in outcomes]
    running: dict[str, BaseProcess] = {}
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
                member = waiting.pop(0)
                running[member.name] = context.Process(target=_train, args=(directory, member, threads))
                running[member.name].start()
            for name, process in list(running.items()):
                if stop.signal:
                    process.terminate()  # noted by the run, which writes a checkpoint
                process.join(SECONDS_BETWEEN_LOOKS / len(running))
                if process.exitcode is not None:
                    del running[name]
                    outcomes[name] = _outcome(directory, name, process.exitcode)
                    why = f": {outcomes[name].reason}" if outcomes[name].reason else ""
                    (bar.write if not bar.disable else say)(f"{name} {outcomes[name].state}{why}")
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


def _outcome(directory: ComparisonDirectory, name: str, code: int) -> Outcome:
    if code == 0:
        return Outcome("finished")
    if code in (STOPPED, -signal.SIGTERM, -signal.SIGINT):
        return Outcome("stopped")
    log = directory.path / f"{name}.log"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    reason = lines[-1] if lines and code > 0 else f"its process ended with {code}, see {log}"
    return Outcome("diverged" if code == DivergedError.exit_code else "failed", reason)


def _train(directory: ComparisonDirectory, member: Member, threads: int) -> None:
    """Train one member; the process's exit code tells how it went, and the last line of its log why."""
    import torch

    from fgan.experiments.train import train

    torch.set_num_threads(threads)
    run = directory.run(member)
    with (directory.path / f"{member.name}.log").open("a", encoding="utf-8", buffering=1) as log:

        def say(line: str) -> None:
            log.write(f"{line}\n")

        sys.stderr = log
        began = time.perf_counter()
        try:
            summary = train(member.config, run.path, resume=run.config_path.is_file(), say=say, lines=False)
        except (FganError, RunError) as error:
            say(str(error))
            sys.exit(error.exit_code)
        say(f"{summary.step} steps, {time.perf_counter() - began:.0f} s in this process")
        sys.exit(STOPPED if summary.stopped_by else 0)
