"""`fgan export`: from a run to a file, or a folder, that works without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.arguments import read
from fgan.cli.help import Page
from fgan.errors import FganError

HELP = Page(
    "fgan export",
    examples=(
        "fgan export runs/moons-js-seed0",
        "fgan export runs/moons-js-seed0 --to safetensors --out generator.safetensors",
        "fgan export runs/moons-js-seed0 --to hub --license mit",
    ),
)


@dataclass(frozen=True, kw_only=True)
class ExportCommand:
    """Export a run's generator as ONNX, a torch program, safetensors, or a folder for the Hugging Face Hub.

    The exported generator takes standard normal latents (n, d), and labels (n,) if it has classes. It returns what
    `fgan sample` draws: images with values from 0 to 1, vectors in the units of the data. Its output is checked against
    the run's generator before anything is written.
    """

    run: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN")]
    """Run directory; or an exported generator to convert: hub:USER/NAME, a .safetensors file, a hub folder."""
    path: Annotated[tyro.conf.Positional[Path | None], tyro.conf.arg(metavar="PATH")] = None
    """Same as --out. (default: RUN/export/)"""
    to: Literal["onnx", "torch", "safetensors", "hub"] = "onnx"
    """Format: onnx; torch (a .pt2 file from torch.export); safetensors (for `fgan.load`); hub (a folder with a model
    card)."""
    out: Path | None = None
    """File to write, or folder for hub. (default: in RUN/export/)"""
    step: int | None = None
    """Step of the checkpoint to export. (default: the newest)"""
    best: bool = False
    """Export the best checkpoint instead of the newest; needs a run trained with --evaluate-every."""
    license: str | None = None
    """License for the model card, such as mit or cc-by-4.0. (default: unknown)"""
    generator: str = ""
    """Where to find a custom generator now, FILE.py:NAME or package.module:NAME, if it is no longer where config.json
    says."""
    force: bool = False
    """Overwrite existing files."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and export."""
    command = read(ExportCommand, arguments, HELP)
    if command.path and command.out:
        raise FganError(f"two output paths given: {command.path} and --out {command.out}. Leave one out.")
    from fgan.exporting import export

    path = export(
        command.run,
        command.to,
        command.out or command.path,
        step=command.step,
        best=command.best,
        force=command.force,
        license=command.license,
        generator=command.generator,
        say=print_error,
    )
    print_out(str(path))
