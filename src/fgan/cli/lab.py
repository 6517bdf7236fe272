"""`fgan lab`: a page on which divergences train side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from fgan.cli import print_out
from fgan.cli.arguments import read
from fgan.cli.help import Page
from fgan.errors import FganError

HELP = Page(
    "fgan lab",
    examples=("fgan lab moons", "fgan lab points.csv --port 9000", "fgan lab runs/mnist-js-seed0 --no-open"),
)


@dataclass(frozen=True, kw_only=True)
class LabCommand:
    """Watch divergences train side by side, on a page in your browser.

    The page is served to this machine only. Ctrl-C ends it and everything that trains.
    """

    data: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="DATA")] = ()
    """A target such as ring, grid, moons or mixture; a table with two columns of numbers; or run directories and
    comparisons. (default: the page chooses)"""
    port: int | None = None
    """Port of the page; 0 takes any that is free. (default: 8765, or the next that is free)"""
    no_open: bool = False
    """Only print the link; do not open it in the browser."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and serve."""
    command = read(LabCommand, arguments, HELP)
    try:
        from fgan.lab.serving.server import serve
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn", "websockets"):
            raise
        raise FganError(
            f'fgan lab needs {error.name}, which is not installed. Run: pip install "fgan[lab]".'
        ) from None
    serve(command.data, command.port, not command.no_open, print_out)
