"""`fgan report`: runs, or a comparison, as one page to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.common import as_json
from fgan.errors import FganError


@dataclass(frozen=True, kw_only=True)
class ReportCommand:
    """Write one HTML file that shows a run, several runs or a comparison: samples side by side, curves, numbers with
    intervals, the ranking, and how to repeat it. It opens offline.
    """

    directories: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="DIR ...")]
    """Run directories, or the folder of a comparison."""
    out: Path | None = None
    """The file; report.html in DIR if not given, in the working directory for several."""
    seed: int = 0
    """Decides the latents, the same for every run."""
    data_dir: str | None = None
    """Where to look for mnist and stacked-mnist before downloading them."""
    json: bool = False
    """Print one JSON object on stdout: the file, its size, what it shows and what is missing."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and write the report."""
    command = tyro.cli(ReportCommand, prog="fgan report", args=arguments)
    if not 0 <= command.seed < 2**63:
        raise FganError(f"--seed must be between 0 and 2^63 - 1; got {command.seed}.")
    from fgan.reporting.html import write_report

    report = write_report(
        command.directories, command.out, seed=command.seed, data_dir=command.data_dir, say=print_error
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
