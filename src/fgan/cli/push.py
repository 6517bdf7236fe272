"""`fgan push`: a folder of `fgan export --to hub`, to the Hugging Face hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from fgan.cli import print_error, print_out


@dataclass(frozen=True, kw_only=True)
class PushCommand:
    """Push a folder that `fgan export RUN --to hub` wrote to the Hugging Face hub."""

    folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FOLDER")]
    """The folder, with README.md, config.json and generator.safetensors."""
    repo_id: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="USER/NAME")]
    """The repository; made if there is none of that name."""
    private: bool = False
    """Let nobody else see the repository."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and push."""
    command = tyro.cli(PushCommand, prog="fgan push", args=arguments)
    from fgan.exporting import push

    print_out(push(command.folder, command.repo_id, private=command.private, say=print_error))
