"""`fgan.train`: from keywords or a recipe to a run directory."""

from __future__ import annotations

import dataclasses
import shlex
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
from fgan.experiments.fitting import fitted_to
from fgan.experiments.presets import FITTING
from fgan.experiments.presets import preset as preset_of
from fgan.experiments.run import Run
from fgan.memory import TRAINING, running_out
from fgan.output import Say, silent, to_people
from fgan.tracking import checked_trackers, trackers_of
from fgan.training.callbacks import Callbacks
from fgan.training.config import TrainConfig, loaded_record, require_settings
from fgan.training.follower import Follower, Leader
from fgan.training.interruption import StopRequest
from fgan.training.judging import Judge
from fgan.training.loggers import Logger, checked_loggers, closing
from fgan.training.loop import Loop
from fgan.training.named_data import remember_data
from fgan.training.operations import operations_of
from fgan.training.pictures import keep_time_lapse, often_enough
from fgan.training.ranks import facts_of, fitted, joined
from fgan.training.resuming import check_start
from fgan.training.run import data_of, default_folder, in_lockstep, prepare_torch, resolved
from fgan.training.run_directory import RunDirectory
from fgan.training.settings import Settings


def train(
    data: str | Path | Dataset | Passable | TrainConfig,
    out: str | Path | None = None,
    *,
    preset: str = FITTING,
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
    """Train a generator on data with any f-divergence, and save everything in a run directory.

    Example: `fgan.train("moons", divergence="js", steps=500, out="runs/moons")`.

    Sets `torch.backends.cudnn.deterministic` for reproducible results, and `torch.set_flush_denormal(True)` because
    inactive units leave moments near 1e-40, which are slow on a CPU. Threads inherit this setting when they start, so
    call this function before other work with torch to get full speed and the same bits as from the command line.

    In a script started by torchrun, all processes make the same call and train one run together; see
    docs/guides/scaling.md.

    Args:
        data: a name or path as in `TrainConfig.data`, a complete `TrainConfig`, or the data themselves: a `Dataset`, a
            tensor, an array, PIL pictures, a torch data set or loader, or anything that `fgan.data.as_dataset` takes.
        out: the run directory, new unless `resume`; default: runs/DATA-PRESET-DIVERGENCE-seedN, without a preset that
            is not named, and with -2, -3, ... if it already exists. When resuming, the default is the last of these.
        preset: the named recipe to start from, see `fgan.experiments.presets`; "auto" is the one that fits the data.
        resume: continue from the newest checkpoint; the result is the same as without the interruption. The data may
            have moved, and the device may differ: data are recognised by their content.
        dataset: the data, or their path, if they should not be loaded by `TrainConfig.data`.
        say: receives messages as lines of text; default: below a notebook cell, otherwise on standard error.
        lines: print each line of metrics; default: only without a progress bar. With a bar, lines are printed when a
            picture is drawn. Evaluations are always printed.
        bar: show a progress bar, in a terminal or notebook.
        loggers: receive everything that the run directory does, after it. They are closed when the run ends or fails,
            but not if the arguments are refused. If one raises, the run stops with a checkpoint and an error that names
            the logger.
        log_to: trackers that receive the same: "tensorboard", "wandb", "trackio". If one fails, this is printed once
            and training continues. They are not part of the recipe: a run may be resumed with others, or none.
        callbacks: objects with any of `on_step(state)`, `on_log(step, metrics)`, `on_evaluation(step, metrics)`,
            `on_checkpoint(step, path)`. If one returns `fgan.STOP`, the run stops with a checkpoint; if one raises, it
            stops the same way, with an error that names the callback. See docs/guides/tracking.md.
        gif: save a time lapse of the pictures as `time-lapse.gif` in the run directory, also if the run is stopped. It
            has at least 48 pictures, unless `sample_every` or a whole config sets the number. Training is not affected.
        settings: fields of `TrainConfig`, changed from the preset or the config.

    Returns:
        The run, with methods such as `run.sample(64)`, `run.plot()` and `run.evaluate()`. Its `summary` holds the
        result of this call; `run.diverged` says why a completed run is unusable, if it is.

    Raises:
        FganError: for an unknown preset or setting, bad data, a bad folder, a different config, or metrics that do not
            apply to the data (nothing is written then); or if a logger or callback raised.
        DivergedError: if a loss or weight becomes NaN or infinite a fourth time. The first three times the run rolls
            back to its last good checkpoint and halves the learning rate.
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
    found: Dataset | None = None

    def load(config: TrainConfig, run: RunDirectory, *, goes_on: bool) -> Dataset:
        hear = silent if ranks.rank else say
        if dataset is None:
            return data_of(resolved(config), hear)
        stream = _streams(run, goes_on, dataset)
        return as_dataset(dataset, options=config.load_options(), say=hear, stream=stream)

    def begin() -> tuple[tuple[TrainConfig, RunDirectory, bool], Mapping[str, object]]:
        nonlocal found
        prepare_torch()
        config = recipe_of(source, preset, settings)
        again = resume or torchrun.restarts() > 0
        run = RunDirectory(next_folder(default_folder(config, preset), again=again) if out is None else out)
        goes_on = resume or (again and run.config_path.is_file())
        if preset == FITTING and not isinstance(source, TrainConfig):
            if goes_on and run.config_path.is_file():
                config = dataclasses.replace(run.config(), data=absolute_name(config.data), **settings)
            elif not goes_on:
                if not ranks.rank:
                    check_start(run, config, resume=False)  # before the data are loaded
                found = load(config, run, goes_on=False)
                config = fitted_to(found, config, settings, silent if ranks.rank else say)
        if gif:
            told = isinstance(source, TrainConfig) or "sample_every" in settings
            config = often_enough(config, told=told or goes_on)
        config = fitted(ranks, resolved(config), resume=goes_on)
        if not ranks.rank:
            check_start(run, config, resume=goes_on)
        return (config, run, goes_on), facts_of(config)

    def prepare() -> tuple[Loop | Follower, Mapping[str, object]]:
        nonlocal found
        if goes_on and dataset is None:
            _require_there(config.data, run)
        found = found or load(config, run, goes_on=goes_on)
        if ranks.size > 1 and isinstance(found.train, IteratedSource):
            raise DataError(
                "an iterable data set can only be read by a single process; got several ranks. Pass a map-style data "
                "set, or train with a single process."
            )
        if ranks.rank:
            loop = Follower(config, found, ranks)
        else:
            kind = Loop if ranks.size == 1 else Leader
            with running_out(*TRAINING):
                loop = kind(
                    config,
                    found,
                    run,
                    judge_of,
                    say,
                    lines,
                    bar,
                    loggers=followers,
                    callbacks=told,
                    ranks=ranks,
                )
        if dataset is None and not ranks.rank:
            remember_data(config, loop.fingerprint)
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
        own = {"generator": config.generator, "critic": config.critic}  # so far only rank 0 has stored them
        return Run(run.path, summary=loop.summary(), dataset=found, **own)


def _keep_time_lapse(run: RunDirectory, say: Say, failure: FganError | None) -> None:
    try:
        keep_time_lapse(run, say)
    except FganError as error:
        if failure is None:
            raise
        failure.add_note(f"The time lapse could not be written either: {error}")


def _streams(run: RunDirectory, goes_on: bool, dataset: object) -> bool | None:
    """Whether a resumed run streamed its data before: then it does so again, however much memory is free."""
    if not goes_on or isinstance(dataset, (Dataset, str, Path)):
        return None
    return bool(loaded_record(run.config_path).get("streamed"))


def next_folder(first: Path, *, again: bool) -> Path:
    """Return the first free folder of this name, with a number appended if needed; with `again` the last used one."""
    last, number = first, 1
    while (folder := first if number == 1 else first.with_name(f"{first.name}-{number}")).exists():
        last, number = folder, number + 1
    return last if again else folder


def _require_there(name: str, run: RunDirectory) -> None:
    if is_gone(name):
        raise DataError(
            f"{run.path} was trained on {name}, which no longer exists. Pass the new path of the data: fgan train "
            f"NEWPATH --resume --out {shlex.quote(str(run.path))} (in Python the first argument, or dataset=). "
            "fgan checks that the content is the same."
        )


def recipe_of(data: str | Path | TrainConfig, preset: str, settings: Settings) -> TrainConfig:
    """Return the recipe for keywords: a preset for these data, or a whole config, with settings changed.

    Args:
        data, preset, settings: as for `train`; "auto" is the default recipe, until the data are known.

    Raises:
        FganError: for an unknown preset or setting, a value out of range, or both a preset and a config.

    >>> recipe_of("moons", "original", {"steps": 7}).batch_size, recipe_of(TrainConfig(data="x"), "default", {}).data
    (32, 'x')
    """
    if isinstance(data, TrainConfig):
        if preset not in (FITTING, "default"):
            raise FganError(
                f'pass either a TrainConfig or a preset; got a TrainConfig and the preset "{preset}".'
            )
        require_settings(settings)
        return dataclasses.replace(data, **settings)
    return preset_of("default" if preset == FITTING else preset, data, **settings)


def judge_of(config: TrainConfig, dataset: Dataset, say: Say) -> Judge:
    """Return the judge for runs of this recipe; the first of its metrics decides.

    Raises:
        FganError: for metrics that do not exist or do not apply to the data.
    """
    from fgan import evaluation  # a heavy import, needed only if the run is evaluated

    metrics = evaluation.metrics_for(config.evaluate_metrics, dataset, config.evaluate_n)
    measure = evaluation.judge_for(dataset, metrics, config.evaluate_n, config.device, say)
    return Judge(measure, evaluation.deciding(metrics[0]), evaluation.higher_is_better(metrics[0]))
