"""`fgan push`: a folder of `fgan export --to hub`, to the Hugging Face hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.arguments import read
from fgan.cli.help import Page

HELP = Page(
    "fgan push",
    examples=(
        "fgan export runs/moons-js-seed0 --to hub",
        "fgan push runs/moons-js-seed0/export/hub me/moons-generator --private",
    ),
)


@dataclass(frozen=True, kw_only=True)
class PushCommand:
    """Upload a folder written by `fgan export RUN --to hub` to the Hugging Face Hub."""

    folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FOLDER")]
    """Folder with README.md, config.json and generator.safetensors."""
    repo_id: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="USER/NAME")]
    """Repository on the hub; created if it does not exist."""
    private: bool = False
    """Create the repository as private."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and push."""
    command = read(PushCommand, arguments, HELP)
    from fgan.exporting import push

    print_out(push(command.folder, command.repo_id, private=command.private, say=print_error))
