"""`fgan report`: runs, or a comparison, as one page to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.arguments import read
from fgan.cli.common import as_json
from fgan.cli.help import Page
from fgan.errors import FganError

HELP = Page(
    "fgan report",
    examples=("fgan report runs/moons-js-seed0", "fgan report runs/compare-ring8 --out ring8.html"),
)


@dataclass(frozen=True, kw_only=True)
class ReportCommand:
    """Write an HTML report of one run, several runs or a comparison. It is one file and opens offline.

    The report shows samples side by side, training curves, metrics with intervals, the ranking of a comparison, and the
    commands to repeat it.
    """

    directories: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="DIR ...")]
    """Run directories, or the folder of a comparison."""
    out: Path | None = None
    """File to write. (default: report.html in DIR; for several DIRs, in the current folder)"""
    seed: int = 0
    """Seed for the latents; every run gets the same latents."""
    data: str | None = None
    """Data to show beside the samples. (default: those of the runs, if you have trained on them on this machine)"""
    data_dir: str | None = None
    """Folder with mnist, used before downloading. (default: $FGAN_DATA, then the download cache)"""
    json: bool = False
    """Print one JSON object to stdout: the file, its size, its runs and what is missing."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and write the report."""
    command = read(ReportCommand, arguments, HELP)
    if not 0 <= command.seed < 2**63:
        raise FganError(f"--seed must be between 0 and 2^63 - 1; got {command.seed}.")
    from fgan.reporting.html import write_report

    report = write_report(
        command.directories,
        command.out,
        seed=command.seed,
        data=command.data,
        data_dir=command.data_dir,
        say=print_error,
    )
    if command.json:
        written = {
            "report": str(report.path),
            "bytes": report.size,
            "runs": report.runs,
            "notes": report.notes,
            "summary": report.summary.to_dict(),
        }
        print_out(as_json(written))
    else:
        count = f"{len(report.runs)} run{'s' if len(report.runs) > 1 else ''}"
        print_out(f"{report.path}: {count}, {report.size / 1e6:.1f} MB")
