"""`fgan export`: from a run to a file, or a folder, that works without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from fgan.cli import print_error, print_out
from fgan.errors import FganError


@dataclass(frozen=True, kw_only=True)
class ExportCommand:
    """Export a run's generator: as ONNX, as a torch program, as safetensors, or as a folder for the Hugging Face hub.

    It takes standard normal latents (n, d), and labels (n,) if it has classes, and gives what `fgan sample` draws:
    images with values from 0 to 1, vectors in the units of the data. It is compared with the run's own generator before
    anything is written.
    """

    run: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN")]
    """The run directory; or hub:USER/NAME, a .safetensors file or a hub folder, to export it in another form."""
    path: Annotated[tyro.conf.Positional[Path | None], tyro.conf.arg(metavar="PATH")] = None
    """The same as --out."""
    to: Literal["onnx", "torch", "safetensors", "hub"] = "onnx"
    """onnx; torch, a .pt2 file of torch.export; safetensors, for `fgan.load`; or hub, a folder with a model card."""
    out: Path | None = None
    """The file, or the folder of hub; RUN/export/ if not given."""
    step: int | None = None
    """A checkpoint of the run; the newest if not given."""
    best: bool = False
    """The best checkpoint of a run that was judged while it trained, rather than the newest."""
    license: str | None = None
    """What the model card says, such as mit or cc-by-4.0; unknown if not given."""
    generator: str = ""
    """The generator of a run with one of your own, FILE.py:NAME or package.module:NAME; where it cannot be found by
    what config.json says."""
    force: bool = False
    """Replace what is there."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and export."""
    command = tyro.cli(ExportCommand, prog="fgan export", args=arguments)
    if command.path and command.out:
        raise FganError(f"say once where to; got {command.path} and --out {command.out}.")
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
