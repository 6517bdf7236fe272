"""`fgan estimate`: how far apart two sets of samples are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from fgan.cli import print_error
from fgan.cli.arguments import read
from fgan.cli.common import checked_picture, divergences_in, show
from fgan.cli.help import Page
from fgan.cli.two_samples import TwoSampleFlags
from fgan.load_options import LoadOptions

HELP = Page(
    "fgan estimate",
    examples=(
        "fgan estimate january.csv february.csv --divergence kl,js",
        "fgan estimate january.csv february.csv --permutations 999",
        "fgan estimate runs/moons-js-seed0 moons --plot ratios.png",
    ),
    common=(
        "--divergence",
        "--columns",
        "--method",
        "--permutations",
        "--n",
        "--seed",
        "--plot",
        "--missing",
        "--categories",
        "--numbers",
        "--json",
    ),
)


@dataclass(frozen=True, kw_only=True)
class EstimateCommand(TwoSampleFlags):
    """Estimate f-divergences between two sample sets, with confidence intervals and a lower bound.

    Estimates are cross-fitted: samples never score the critic that they trained.
    """

    p: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="P")]
    """Samples of P: a table (.csv, .tsv, .txt, .csv.gz, .parquet), an array (.npy, .npz), a folder or archive of
    images, a run directory, or the name of a data set."""
    q: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="Q")]
    """Samples of Q, in any of the same forms."""
    divergence: str = "kl"
    """Names separated by commas; all gives the whole catalogue from one critic."""
    method: str = "auto"
    """Estimator: auto, logistic, plain, tight, nwj, dv, telescoping, ulsif, rulsif, kliep, gaussian, knn or
    discrete."""
    permutations: int = 0
    """Number of permutations for the two-sample test, such as 999; 0 skips it."""
    curve: bool = False
    """Also estimate from 1/8, 1/4 and 1/2 of the samples, to show how the value depends on their number."""
    n: int | None = None
    """Number of samples to draw from a run or distribution; otherwise the maximum number of rows to use. (default:
    10,000 drawn, or all rows)"""
    seed: int = 0
    """Seed for folds, networks, draws and permutations."""
    plot: Path | None = None
    """Save a figure with log-ratios, calibration and the learning curve of the first divergence; - draws log-ratios in
    the terminal. (default: no figure)"""
    device: str = "auto"
    """Device that trains the networks; auto uses a GPU if there is one."""
    load: LoadOptions = field(default_factory=LoadOptions)
    json: bool = False
    """Print one JSON object to stdout."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, estimate and print what was found."""
    command = read(EstimateCommand, arguments, HELP)
    checked_picture(command.plot)
    divergences = divergences_in(command.divergence)
    from fgan.estimation import estimate

    p, q = command.read_both(command.p, command.q)
    found = estimate(
        p,
        q,
        divergences,
        **command.settings,
        method=command.method,
        permutations=command.permutations,
        curve=command.curve,
        n=command.n,
        seed=command.seed,
        device=command.device,
        options=command.load,
        say=print_error,
    )
    show(found, command.plot, json=command.json)
