"""The setup around the loop of a run, and training several loops as one ensemble.

`fgan.experiments.train` trains one run with these, and adds the judge; `train_together` trains several.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import torch

from fgan.cores import working
from fgan.data import Dataset, absolute_name, load_data
from fgan.data.load import short_name
from fgan.device import resolve_device
from fgan.errors import CompileError, FganError, MemoryLimitError, TakenError
from fgan.memory import TRAINING, running_out
from fgan.objectives import BASELINES
from fgan.training.checkpoint import Guard, do_nothing
from fgan.training.config import TrainConfig
from fgan.training.ensemble import Ensemble, together
from fgan.training.follower import Follower
from fgan.training.interruption import StoppedError, StopRequest
from fgan.training.judging import BuildJudge
from fgan.training.loggers import Logger, closing
from fgan.training.loop import Loop
from fgan.training.named_data import remember_data
from fgan.training.operations import operations_of
from fgan.training.resuming import check_start
from fgan.training.run_directory import RunDirectory
from fgan.training.summary import Summary

PATIENCE, SECONDS_BETWEEN_LOOKS = 3.0, 0.1
"""How long to wait for locked folders, as the workers of a killed comparison leave them for a moment."""


@dataclass(frozen=True)
class Job:
    """One of several runs.

    Args:
        config: its recipe.
        out: its run directory; an existing run is resumed.
        say: receives its messages.
        guard: called before anything is written; raises if this process may not write.
        loggers: receive everything that its run directory does, and are closed at the end.
    """

    config: TrainConfig
    out: Path
    say: Callable[[str], None]
    guard: Guard = do_nothing
    loggers: Sequence[Logger] = ()


def train_together(
    jobs: Sequence[Job], dataset: Dataset, *, build_judge: BuildJudge, stop: StopRequest | None = None
) -> list[Summary | FganError]:
    """Train several runs on the same data, as ensembles where they agree, each into its own run directory.

    Args:
        jobs: the runs; those that differ, or are at different steps, train as separate ensembles in turn.
        dataset: the data of all of them.
        build_judge: called before anything is written, for each run whose config requests evaluations.
        stop: ends all of them early; default: a new one.

    Returns:
        For each run its summary, or the error if it failed; failures do not affect the others.
    """
    prepare_torch()
    began = time.monotonic()
    ends: dict[int, Summary | FganError] = {}
    loops: dict[int, Loop] = {}
    resumed: dict[int, bool] = {}
    with ExitStack() as stack:
        for index, job in enumerate(jobs):
            try:
                config = resolved(job.config)
                dataset = dataset.to(config.device)
                run = RunDirectory(job.out)
                run.guard = job.guard
                resumed[index] = run.config_path.is_file()
                check_start(run, config, resume=resumed[index])
                with running_out(*TRAINING):
                    loops[index] = Loop(
                        config,
                        dataset,
                        run,
                        build_judge,
                        job.say,
                        lines=False,
                        bar=False,
                        loggers=job.loggers,
                        members=len(jobs),
                    )
            except FganError as error:
                ends[index] = error
        stack.enter_context(working(sum(operations_of(loop.trainer) for loop in loops.values())))
        for index, loop in list(loops.items()):
            remember_data(loop.config, loop.fingerprint)
            try:
                stack.enter_context(closing(jobs[index].loggers))
                _open(loop, stack, resume=resumed[index], until=began + PATIENCE)
            except FganError as error:
                ends[index] = error
                del loops[index]
        with nullcontext(stop) if stop else StopRequest() as stop:
            in_lockstep(list(loops.values()), stop)
    ends |= {index: loop.failure or loop.summary() for index, loop in loops.items()}
    return [ends[index] for index in range(len(jobs))]


def _open(loop: Loop, stack: ExitStack, *, resume: bool, until: float) -> None:
    """Open a loop; wait some time for the lock of its folder, since whoever holds it may be ending.

    Raises:
        FganError: as for `Loop.opened`.
    """
    while True:
        try:
            stack.enter_context(loop.opened(resume=resume))
            return
        except TakenError:
            if time.monotonic() > until:
                raise
            time.sleep(SECONDS_BETWEEN_LOOKS)


def default_folder(config: TrainConfig, preset: str = "auto") -> Path:
    """Return the default run directory of a recipe, named by data, preset, objective and seed.

    >>> default_folder(TrainConfig(data="idx:../kmnist", divergence="kl")).as_posix()
    'runs/kmnist-kl-seed0'
    >>> default_folder(TrainConfig(data="mnist", objective="hinge")).as_posix()
    'runs/mnist-hinge-seed0'
    >>> default_folder(TrainConfig(data="moons", divergence="reverse-kl"), "original").as_posix()
    'runs/moons-original-reverse-kl-seed0'
    """
    game = [] if config.objective in BASELINES else [config.divergence]
    game += [] if config.objective == "plain" else [config.objective]
    game += [f"as-{config.generator_divergence}"] if config.generator_divergence else []
    data = short_name(config.data)
    named = [] if preset in ("auto", data) else [preset]
    name = "-".join([data, *named, *game, f"seed{config.seed}"])
    return Path("runs") / re.sub(r"[^\w.+-]+", "_", name)


def data_of(config: TrainConfig, say: Callable[[str], None]) -> Dataset:
    """Return the data that a recipe names.

    Raises:
        FganError: as for `load_data`.
    """
    return load_data(config.data, data_dir=config.data_dir, options=config.load_options(), say=say)


def prepare_torch() -> None:
    """Set torch's options for reproducibility and speed; see `fgan.train`."""
    torch.set_flush_denormal(True)
    torch.backends.cudnn.deterministic = True


def resolved(config: TrainConfig) -> TrainConfig:
    """Return a config with absolute data paths and a device that exists here."""
    return dataclasses.replace(named_from_root(config), device=resolve_device(config.device))


def named_from_root(config: TrainConfig) -> TrainConfig:
    """Return a config whose data paths work from any directory."""
    data_dir = config.data_dir and str(Path(config.data_dir).expanduser().absolute())
    return dataclasses.replace(config, data=absolute_name(config.data), data_dir=data_dir)


def in_lockstep(loops: Sequence[Loop | Follower], stop: StopRequest) -> None:
    """Run all loops to their last steps; those that agree and are at the same step form one ensemble.

    A loop that rolls back continues alone when the others are done. A loop that fails has its `failure` set and does
    not affect the others.

    Args:
        loops: opened.
        stop: ends all of them early, each with a checkpoint.
    """

    def alike(loop: Loop | Follower) -> str:
        apart = id(loop) if loop.trainer.draws else None
        return repr((together(loop.config), loop.trainer.steps_done, apart))

    groups = deque(list(group) for _, group in groupby(sorted(loops, key=alike), alike))
    while groups:
        group = groups.popleft()
        went_back = _step_together(group, stop)
        groups.extend([loop] for loop in went_back)
        # Finish now, not when all groups are done: whatever ends the others cannot affect finished runs.
        for loop in group:
            if loop not in went_back:
                loop.finish(stop)


def _step_together(group: list[Loop | Follower], stop: StopRequest) -> list[Loop | Follower]:
    """Step loops until their last step or a stop request; return those that rolled back and are not done."""
    went_back: list[Loop | Follower] = []
    while group:
        whole = True
        try:
            with running_out(*TRAINING):
                ensemble = Ensemble(
                    [loop.trainer for loop in group],
                    group[0].line,
                    must_compile=any(loop.must_compile for loop in group),
                    stop=stop,
                )
            while whole and not stop.signal and group[0].is_unfinished():
                with running_out(*TRAINING):
                    ensemble.step()
                unbroken = [loop.after_step() for loop in group]
                whole = all(unbroken)
        except (CompileError, MemoryLimitError) as error:
            for loop in group:
                loop.failure = error
            return went_back
        except StoppedError:
            pass
        broken = [loop for loop in group if not loop.failure and not loop.trainer.is_finite()]
        for loop in broken:
            loop.go_back()
        went_back += [loop for loop in broken if not loop.failure]
        group = [] if whole else [loop for loop in group if loop not in broken and not loop.failure]
    return went_back
