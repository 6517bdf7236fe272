"""`fgan train`: from data to a run directory."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path

from fgan import torchrun
from fgan.cli import print_error, print_out
from fgan.cli.arguments import read
from fgan.cli.common import as_json, base_recipe, is_given, is_whole, whole_or_fitting
from fgan.cli.help import Page
from fgan.cli.memory import MemoryFlag
from fgan.errors import DivergedError
from fgan.training.config import TrainConfig

HELP = Page(
    "fgan train",
    examples=(
        "fgan train moons --divergence js --steps 500",
        "fgan train photos/ --preset mnist-small --image-size 32",
        "fgan train moons --out runs/moons-gan-seed0 --resume",
    ),
    common=(
        "--divergence",
        "--preset",
        "--steps",
        "--out",
        "--resume",
        "--seed",
        "--lr",
        "--batch-size",
        "--network",
        "--image-size",
        "--sample-every",
        "--device",
    ),
)


@dataclass(frozen=True, kw_only=True)
class TrainCommand(MemoryFlag):
    """Train a generator on your data with any f-divergence.

    A run directory keeps the settings, pictures, metrics and checkpoints. The same settings and seed give the same run.
    """

    recipe: TrainConfig
    preset: str = "auto"
    """A named recipe to start from; other flags override it. auto is the one that fits the data: default (perceptrons),
    table (for tables and vectors: three critic steps per generator step, and a cooldown), color-small (convolutions for
    colour pictures; at 32x32 an hour of a CPU core), or mnist-small (convolutions for grey pictures with --conditional
    or --augment; at 28x28 11 minutes). Others: original (the classic script), mnist-dcgan (mnist-small's predecessor),
    stacked-mnist (an hour), color or cifar-resnet (for a GPU)."""
    config: Path | None = None
    """Start from the config.json of another run; other flags override it. (default: start from --preset)"""
    out: Path | None = None
    """Run directory to create. (default: runs/DATA-PRESET-DIVERGENCE-seedN, without PRESET if it is auto)"""
    resume: bool = False
    """Continue from the newest checkpoint in the run directory. If the data have moved, give their new path: fgan
    recognises them by their content."""
    log_to: str = ""
    """Also log to these trackers, separated by commas: tensorboard, wandb, trackio."""
    gif: bool = False
    """Write time-lapse.gif to the run directory: an animation of the pictures drawn during training. It has at least
    48 frames unless you set --sample-every."""
    json: bool = False
    """Print one JSON object to stdout at the end; everything else goes to stderr."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and train."""
    command = read(TrainCommand, arguments, HELP, default=lambda: TrainCommand(recipe=base_recipe(arguments)))
    from fgan.experiments.train import train
    from fgan.output import on_a_terminal
    from fgan.training.pictures import often_enough
    from fgan.training.run import default_folder

    recipe, out = command.recipe, command.out
    if command.gif:
        recipe = often_enough(recipe, told=is_given("--sample-every", arguments) or is_whole(arguments))
    if out is None:  # always the same folder: a command that is repeated by mistake is refused
        out = default_folder(recipe, command.preset)
    source, chosen = whole_or_fitting(recipe, command.preset, arguments)
    run = train(
        source,
        out,
        **chosen,
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
    if summary.warning and not torchrun.rank():
        print_error(f"fgan: {summary.warning}")
    if summary.diverged:
        raise DivergedError(summary.diverged)
