"""`fgan train`: from data to a run directory."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from fgan import torchrun
from fgan.cli import print_error, print_out
from fgan.cli.common import as_json, base_recipe, is_given, is_whole
from fgan.errors import DivergedError
from fgan.training.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class TrainCommand:
    """Train a generator on data, by any f-divergence, into a run directory."""

    recipe: TrainConfig
    preset: str = "default"
    """A named recipe, whose settings the other flags change: default, mnist-dcgan, stacked-mnist, cifar-resnet,
    table, or original (the classic script)."""
    config: Path | None = None
    """Repeat the run whose config.json this is; other flags change it."""
    out: Path | None = None
    """The run directory; runs/DATA-PRESET-DIVERGENCE-seedN if not given, without the default preset."""
    resume: bool = False
    """Go on from the newest checkpoint in the run directory. Where the data lie elsewhere now, name them again: they
    are known by their content."""
    log_to: str = ""
    """Trackers to log to besides, separated by commas: tensorboard, wandb, trackio."""
    gif: bool = False
    """Keep a time lapse of the pictures, time-lapse.gif in the run directory. There are at least 48 unless
    --sample-every says how often."""
    json: bool = False
    """Print one JSON object on stdout at the end, and everything else on stderr."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and train."""
    command = tyro.cli(
        TrainCommand,
        prog="fgan train",
        args=arguments,
        default=TrainCommand(recipe=base_recipe(arguments)),
        config=(tyro.conf.OmitArgPrefixes,),
    )
    from fgan.experiments.train import train
    from fgan.output import on_a_terminal
    from fgan.training.pictures import often_enough
    from fgan.training.run import default_folder

    recipe, out = command.recipe, command.out
    if command.gif:
        recipe = often_enough(recipe, told=is_given("--sample-every", arguments) or is_whole(arguments))
    if out is None:  # always the same folder: a command that is repeated by mistake is refused
        out = default_folder(recipe, command.preset)
    run = train(
        recipe,
        out,
        resume=command.resume,
        log_to=command.log_to,
        gif=command.gif,
        say=print_error if command.json else print_out,
        # A log file wants its lines, although a terminal shows the progress bar.
        lines=None if command.json or on_a_terminal(sys.stdout) else True,
    )
    summary = run.summary
    assert summary, "it was trained just now"
    if torchrun.rank():  # rank 0 speaks for all
        pass
    elif command.json:
        print_out(as_json(dataclasses.asdict(summary)))
    else:
        steps = f"{summary.step:,} of {summary.steps:,} steps in {summary.seconds:.0f} s"
        bound = "" if summary.bound is None else f", bound {summary.bound:.4g}"
        best = "" if summary.best_step is None else f", best {summary.best:.4g} at step {summary.best_step:,}"
        picture = f", {summary.sample}" if summary.sample else ""
        print_out(f"{summary.run}: {steps}{bound}{best}{picture}")
    if summary.diverged:
        raise DivergedError(summary.diverged)
