"""`fgan frontier`: precision and recall of samples, as a whole curve with a band."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.arguments import read
from fgan.cli.common import TERMINAL, as_json, checked_picture, save_figure
from fgan.cli.help import Page
from fgan.cli.two_samples import TwoSampleFlags
from fgan.errors import FganError
from fgan.load_options import LoadOptions

HELP = Page(
    "fgan frontier",
    examples=(
        "fgan frontier real.csv synthetic.csv --plot frontier.png",
        "fgan frontier moons runs/moons-js-seed0 --json",
    ),
    common=(
        "--plot",
        "--columns",
        "--method",
        "--n",
        "--seed",
        "--missing",
        "--categories",
        "--numbers",
        "--json",
    ),
)


@dataclass(frozen=True, kw_only=True)
class FrontierCommand(TwoSampleFlags):
    """Estimate the curve of precision and recall of samples, with a 95% band at each point.

    The curve is cross-fitted: samples never score the critic that they trained.
    """

    data: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="DATA")]
    """Real samples: a table (.csv, .tsv, .txt, .csv.gz, .parquet), an array (.npy, .npz), a folder or archive of
    images, a run directory, or the name of a data set."""
    samples: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SAMPLES")]
    """Samples to judge, in any of the same forms."""
    plot: Path | None = None
    """Save a figure of the curve. (default: no figure)"""
    method: str = "auto"
    """Estimator: auto, logistic, plain, tight, nwj, dv, telescoping, ulsif, rulsif, kliep, gaussian or discrete."""
    n: int | None = None
    """Number of samples to draw from a run or distribution; otherwise the maximum number of rows to use. (default:
    10,000 drawn, or all rows)"""
    seed: int = 0
    """Seed for folds, networks and draws."""
    device: str = "auto"
    """Device that trains the networks; auto uses a GPU if there is one."""
    load: LoadOptions = field(default_factory=LoadOptions)
    json: bool = False
    """Print one JSON object to stdout."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, estimate the curve, print and draw it."""
    command = read(FrontierCommand, arguments, HELP)
    checked_picture(command.plot)
    if command.plot == TERMINAL:
        raise FganError("--plot needs a file, such as frontier.png; the curve cannot be drawn as text.")
    from fgan.estimation import frontier

    data, samples = command.read_both(command.data, command.samples)
    found = frontier(
        data,
        samples,
        **command.settings,
        method=command.method,
        n=command.n,
        seed=command.seed,
        device=command.device,
        options=command.load,
        say=print_error,
    )
    print_out(as_json(found.to_dict()) if command.json else str(found))
    if command.plot:
        save_figure(found.plot(), command.plot)
