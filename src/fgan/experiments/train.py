"""Training as users call it: from keywords or a recipe to a run directory."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Unpack

from fgan import torchrun
from fgan.cores import working
from fgan.data import Dataset, absolute_name, as_dataset
from fgan.data.load import PASSED, is_gone
from fgan.data.passed import Passable, kind_of
from fgan.data.streamed import IteratedSource
from fgan.errors import DataError, FganError
from fgan.experiments.presets import preset as preset_of
from fgan.experiments.run import Run
from fgan.output import Say, silent, to_people
from fgan.tracking import checked_trackers, trackers_of
from fgan.training.callbacks import Callbacks
from fgan.training.config import TrainConfig, require_settings
from fgan.training.follower import Follower, Leader
from fgan.training.interruption import StopRequest
from fgan.training.judging import Judge
from fgan.training.loggers import Logger, checked_loggers, closing
from fgan.training.loop import Loop
from fgan.training.operations import operations_of
from fgan.training.pictures import keep_time_lapse, often_enough
from fgan.training.ranks import facts_of, fitted, joined
from fgan.training.run import data_of, default_folder, in_lockstep, prepare_torch, resolved
from fgan.training.run_directory import RunDirectory
from fgan.training.settings import Settings


def train(
    data: str | Path | Dataset | Passable | TrainConfig,
    out: str | Path | None = None,
    *,
    preset: str = "default",
    resume: bool = False,
    dataset: Dataset | Passable | str | Path | None = None,
    say: Say = to_people,
    lines: bool | None = None,
    bar: bool = True,
    loggers: Iterable[Logger] = (),
    log_to: str | Iterable[str] = (),
    callbacks: Iterable[object] = (),
    gif: bool = False,
    **settings: Unpack[Settings],
) -> Run:
    """Train a generator on data, by any f-divergence, into a run directory.

    `fgan.train("moons", divergence="js", steps=500, out="runs/moons")` is all it takes.

    Sets `torch.backends.cudnn.deterministic`, for the same bits again, and `torch.set_flush_denormal(True)`:
    units that fall silent leave moments near 1e-40 behind, on which a CPU is slow. Threads inherit the setting when
    they start, so call this before other work on torch to have all of the speed, and the same bits as the command
    line.

    In a script that torchrun starts, all its processes call this alike and train one run together; see docs/guides/scaling.md.

    Args:
        data: a name or path as `TrainConfig.data`, a complete `TrainConfig`, or the data themselves: a `Dataset`, a
            tensor, an array, PIL pictures, a torch data set or loader, whatever `fgan.data.as_dataset` takes.
        out: the run directory, new unless `resume`; default: runs/DATA-PRESET-DIVERGENCE-seedN, without
            the default preset, and -2, -3, ... behind it where there are such already. To resume: the last of these.
        preset: the named recipe to start from; see `fgan.experiments.presets`.
        resume: go on from the newest checkpoint; the run ends as if it had never been stopped. The data may lie
            elsewhere now, and the device be another: data are known by their content.
        dataset: the data, as above or where they lie, if they are not to be loaded by `TrainConfig.data`.
        say: receives lines for people; default: shown below a notebook's cell, elsewhere on standard error.
        lines: say each line of metrics; default: where there is no progress bar. With one, only the lines that go
            with a picture are said. Evaluations are always said.
        bar: show progress, on a terminal and in a notebook.
        loggers: receive what the run directory does, after it, and are closed when the run ends or fails; not where
            the arguments are refused. If one raises, the run stops with a checkpoint of the step and an error that
            names the logger.
        log_to: trackers that receive the same: "tensorboard", "wandb", "trackio". One that fails is said once, and
            training goes on. No part of the recipe: a run may be resumed with others, or none.
        callbacks: objects with any of `on_step(state)`, `on_log(step, metrics)`, `on_evaluation(step, metrics)`,
            `on_checkpoint(step, path)`. One that returns `fgan.STOP` stops the run with a checkpoint; one that raises
            does too, with an error that names it. See docs/guides/tracking.md.
        gif: keep a time lapse of the pictures in the run directory, `time-lapse.gif`, also when the run is stopped.
            Where neither `sample_every` nor a whole config says how often, there are at least 48. What is trained is
            the same with and without.
        settings: fields of `TrainConfig`, changed from the preset or the config.

    Returns:
        The run: its folder, and what one does next with it, such as `run.sample(64)`, `run.plot()`, `run.evaluate()`.
        What this call did, and in `run.diverged` why the run is of no use, if so, is its `summary`.

    Raises:
        FganError: for an unknown preset or setting, bad data, a bad folder, another config, or metrics that cannot
            judge the data; nothing is half-written then. For a logger or a callback that raised.
        DivergedError: where a loss or a weight stops being finite a fourth time; the first three times the run goes
            back to its last good checkpoint and on with half the learning rate.
    """
    followers, trackers = checked_loggers(loggers), checked_trackers(log_to)
    if data is None:
        raise DataError('data must be a name such as "mnist", a path, or the data themselves; got None.')
    if not isinstance(data, (str, Path, TrainConfig)):
        if dataset is not None:
            raise FganError(f"got two data sets: the {kind_of(data)}, and dataset=. Omit one of them.")
        dataset, data = data, PASSED + (data.name if isinstance(data, Dataset) else kind_of(data))
    source, ranks = data, joined()
    stop = StopRequest(ranks)
    told = Callbacks(callbacks, stop)

    def begin() -> tuple[tuple[TrainConfig, RunDirectory, bool], Mapping[str, object]]:
        config = recipe_of(
            source, preset, settings, RunDirectory(out) if resume and out is not None else None
        )
        if gif:
            told = isinstance(source, TrainConfig) or "sample_every" in settings
            config = often_enough(config, told=told or (resume and out is not None))
        again = resume or torchrun.restarts() > 0
        run = RunDirectory(next_folder(default_folder(config, preset), again=again) if out is None else out)
        goes_on = resume or (again and run.config_path.is_file())
        prepare_torch()
        config = fitted(ranks, resolved(config), resume=goes_on)
        if not ranks.rank:
            run.check(config, resume=goes_on)
        return (config, run, goes_on), facts_of(config)

    found: Dataset | None = None

    def prepare() -> tuple[Loop | Follower, Mapping[str, object]]:
        nonlocal found
        if goes_on and dataset is None:
            _require_there(config.data, run)
        hear = silent if ranks.rank else say
        found = (
            data_of(config, hear)
            if dataset is None
            else as_dataset(
                dataset, options=config.load_options(), say=hear, stream=_streams(run, goes_on, dataset)
            )
        )
        if ranks.size > 1 and isinstance(found.train, IteratedSource):
            raise DataError(
                "an iterable data set can only be read by a single process; got several ranks. Pass a map-style data "
                "set, or train with a single process."
            )
        if ranks.rank:
            loop = Follower(config, found, ranks)
        else:
            kind = Loop if ranks.size == 1 else Leader
            loop = kind(
                config, found, run, judge_of, say, lines, bar, loggers=followers, callbacks=told, ranks=ranks
            )
        return loop, {"data": loop.fingerprint[:12] or found.name, "frame": loop.trainer.frame.to_json()}

    config, run, goes_on = ranks.agreed(begin)
    if not ranks.rank:
        followers += trackers_of(trackers, run, say)
    with closing(followers):
        loop = ranks.agreed(prepare)
        with (
            working(operations_of(loop.trainer)),
            loop.opened(resume=goes_on),
            stop,
        ):
            in_lockstep([loop], stop)
        if gif and not ranks.rank:
            _keep_time_lapse(run, say, loop.failure)
        if loop.failure:
            raise loop.failure
        own = {"generator": config.generator, "critic": config.critic}  # which rank 0 alone has kept so far
        return Run(run.path, summary=loop.summary(), dataset=found, **own)


def _keep_time_lapse(run: RunDirectory, say: Say, failure: FganError | None) -> None:
    try:
        keep_time_lapse(run, say)
    except FganError as error:
        if failure is None:
            raise
        failure.add_note(f"The time lapse could not be written either: {error}")


def _streams(run: RunDirectory, goes_on: bool, dataset: object) -> bool | None:
    """Whether a run that goes on read samples when they were drawn: it does so again, however much memory is free."""
    if not goes_on or isinstance(dataset, (Dataset, str, Path)):
        return None
    loaded = json.loads(run.config_path.read_text(encoding="utf-8")).get("loaded")
    return bool(loaded and loaded.get("streamed"))


def next_folder(first: Path, *, again: bool) -> Path:
    """Return the first folder of this name, with a number behind it, that is free; or the last one that is not."""
    last, number = first, 1
    while (folder := first if number == 1 else first.with_name(f"{first.name}-{number}")).exists():
        last, number = folder, number + 1
    return last if again else folder


def _require_there(name: str, run: RunDirectory) -> None:
    if is_gone(name):
        raise DataError(
            f"{run.path} was trained on {name}, which no longer exists. Pass the new path of the data: fgan train "
            f"NEWPATH --resume --out {run.path} (in Python the first argument, or dataset=). "
            "fgan checks that the content is the same."
        )


def recipe_of(
    data: str | Path | TrainConfig, preset: str, settings: Settings, run: RunDirectory | None = None
) -> TrainConfig:
    """Return the recipe that keywords stand for: a preset for these data, or a whole config, with settings changed.

    Args:
        data, preset, settings: as `train` takes them.
        run: one to go on with, whose recipe is changed if no preset is named; as the command line does.

    Raises:
        FganError: for an unknown preset or setting, a value out of range, or a preset beside a config.

    >>> recipe_of("moons", "original", {"steps": 7}).batch_size, recipe_of(TrainConfig(data="x"), "default", {}).data
    (32, 'x')
    """
    if isinstance(data, TrainConfig):
        if preset != "default":
            raise FganError(
                f'pass either a TrainConfig or a preset; got a TrainConfig and the preset "{preset}".'
            )
        require_settings(settings)
        return dataclasses.replace(data, **settings)
    if run is not None and preset == "default" and run.config_path.is_file():
        require_settings(settings)
        return dataclasses.replace(run.config(), data=absolute_name(str(data)), **settings)
    return preset_of(preset, data, **settings)


def judge_of(config: TrainConfig, dataset: Dataset, say: Say) -> Judge:
    """Return what judges a run of this recipe by its metrics, the first of which decides.

    Raises:
        FganError: for metrics that do not exist or cannot judge the data.
    """
    from fgan import evaluation  # heavy, and of no use to a run that is not judged

    metrics = tuple(name.strip() for name in config.evaluate_metrics.split(","))
    measure = evaluation.judge_for(dataset, metrics, config.evaluate_n, config.device, say)
    return Judge(measure, evaluation.deciding(metrics[0]), evaluation.higher_is_better(metrics[0]))
