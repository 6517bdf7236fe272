"""`fgan train`: from data to a run directory."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from fgan.cli import print_error, print_out
from fgan.errors import FganError
from fgan.experiments.presets import preset
from fgan.training.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class TrainCommand:
    """Train a generator on data, by any f-divergence, into a run directory."""

    recipe: TrainConfig
    preset: str = "default"
    """A named recipe, whose settings the other flags change: default, mnist-dcgan, stacked-mnist, cifar-resnet,
    or original (the classic script)."""
    config: Path | None = None
    """Repeat the run whose config.json this is; other flags change it."""
    out: Path | None = None
    """The run directory; runs/DATA-DIVERGENCE-seedN if not given."""
    resume: bool = False
    """Go on from the newest checkpoint in the run directory."""
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

    summary = train(
        command.recipe,
        command.out,
        resume=command.resume,
        say=print_error if command.json else print_out,
        # A log file wants its lines, although a terminal shows the progress bar.
        lines=None if command.json or on_a_terminal(sys.stdout) else True,
    )
    if command.json:
        print_out(json.dumps(dataclasses.asdict(summary), allow_nan=False))
    else:
        steps = f"{summary.step:,} of {summary.steps:,} steps in {summary.seconds:.0f} s"
        bound = "" if summary.bound is None else f", bound {summary.bound:.4g}"
        best = "" if summary.best_step is None else f", best {summary.best:.4g} at step {summary.best_step:,}"
        picture = f", {summary.sample}" if summary.sample else ""
        print_out(f"{summary.run}: {steps}{bound}{best}{picture}")


def base_recipe(arguments: list[str]) -> TrainConfig:
    """Return the recipe that the flags start from: a config file, the run to resume, or a preset.

    It has to be known before the flags are read, so that they change it and `--help` shows its values.
    """
    early = argparse.ArgumentParser("fgan train", add_help=False, allow_abbrev=False)
    early.add_argument("--preset")
    early.add_argument("--config", type=Path)
    early.add_argument("--out", type=Path)
    early.add_argument("--resume", action="store_true")
    known, _ = early.parse_known_args(arguments)
    if known.config and known.preset:
        raise FganError("--config and --preset are two whole recipes; give one of them.")
    if known.config:
        return TrainConfig.read(known.config)
    if known.resume and known.out and not known.preset and (known.out / "config.json").is_file():
        return TrainConfig.read(known.out / "config.json")
    return dataclasses.replace(preset(known.preset or "default", "digits"), data=tyro.MISSING)
