"""`fgan mi`: how much two sets of columns share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from fgan.cli import print_error
from fgan.cli.arguments import read
from fgan.cli.common import checked_picture, divergences_in, names_in, show
from fgan.cli.help import Page
from fgan.cli.tables import TableFlags
from fgan.errors import FganError

HELP = Page(
    "fgan mi",
    examples=(
        "fgan mi x.npy y.npy",
        "fgan mi people.csv --x age,city --y income",
        "fgan mi people.csv --x age --y income --method ksg --permutations 999",
    ),
    common=(
        "--x",
        "--y",
        "--divergence",
        "--method",
        "--permutations",
        "--n",
        "--seed",
        "--plot",
        "--missing",
        "--categories",
        "--json",
    ),
)


@dataclass(frozen=True, kw_only=True)
class MutualInformationCommand(TableFlags):
    """Estimate the mutual information of X and Y in nats, with a confidence interval and a lower bound.

    X and Y are two files with matching rows, or columns of one table. Estimates are cross-fitted: samples never score
    the critic that they trained.
    """

    files: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="FILE ...")]
    """One table (.csv, .tsv, .txt, .csv.gz, .parquet), or two tables, arrays (.npy, .npz) or names of data sets."""
    x: str = ""
    """Columns of the table that form X, separated by commas."""
    y: str = ""
    """Columns of the table that form Y, separated by commas. (default: all other columns)"""
    divergence: str = "kl"
    """kl gives Shannon's mutual information; other names separated by commas, or all."""
    weights: str = ""
    """Importance weights of the rows: a column of the table, which is then in neither X nor Y, or a .npy file."""
    method: str = "auto"
    """Estimator: auto, logistic, plain, tight, telescoping, nwj, dv, mine, infonce, js, smile, flo, ksg, copula or
    discrete."""
    folds: int = 5
    """Number of folds for cross-fitting."""
    permutations: int = 0
    """Number of permutations for the independence test, such as 999; 0 skips it."""
    blocks: int | None = None
    """Rows per block, for time series: folds and permutations keep each block of consecutive rows together. (default:
    rows are independent)"""
    n: int | None = None
    """Maximum number of rows to use. (default: all)"""
    seed: int = 0
    """Seed for folds, networks, draws and permutations."""
    plot: Path | None = None
    """Save a figure with log-ratios and calibration of the first divergence; - draws log-ratios in the terminal.
    (default: no figure)"""
    device: str = "auto"
    """Device that trains the networks; auto uses a GPU if there is one."""
    json: bool = False
    """Print one JSON object to stdout."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, estimate and print what was found."""
    command = read(MutualInformationCommand, arguments, HELP)
    checked_picture(command.plot)
    divergences = divergences_in(command.divergence)
    from fgan.estimation import mutual_information

    x, y = _sides(command)
    found = mutual_information(
        x,
        y,
        divergences,
        weights=command.weights or None,
        method=command.method,
        folds=command.folds,
        permutations=command.permutations,
        blocks=command.blocks,
        n=command.n,
        kinds=command.kinds,
        missing=command.missing,
        seed=command.seed,
        device=command.device,
        say=print_error,
    )
    show(found, command.plot, json=command.json)


def _sides(command: MutualInformationCommand) -> tuple[object, object]:
    from fgan.data.tables import Table, is_table

    x, y = tuple(names_in(command.x)), tuple(names_in(command.y))
    if len(command.files) == 2:
        for file, columns, flag in zip(command.files, (x, y), ("--x", "--y"), strict=True):
            if columns and not is_table(file):
                raise FganError(f"{flag} works for tables only; {file} is not a table. Leave {flag} out.")
        sides = command.read(command.files, (x, y))
        return sides[0], sides[1]
    if len(command.files) != 1 or not is_table(command.files[0]):
        raise FganError(
            "mutual information needs two files, or one table with --x and --y; got "
            f"{', '.join(command.files) or 'no file'}."
        )
    if not x:
        raise FganError(
            f"--x is missing. Name the columns of {command.files[0]} that form X, separated by commas."
        )
    (file,) = command.files
    y_and_weights = (*y, *_column_of_weights(command)) if y else ()
    (whole,) = command.read((file,), ((*x, *y_and_weights) if y else (),))
    assert isinstance(whole, Table), "the file is one"
    both = set(x) & set(y)
    if both:
        raise FganError(
            f'"{min(both)}" is in both --x and --y. Use it in one of them. (A column shares its entropy with itself.)'
        )
    missing = [name for name in x if name not in whole]
    if missing:
        raise FganError(f'{file} has no column "{missing[0]}"; it has {", ".join(whole)}.')
    rest = y_and_weights or tuple(name for name in whole if name not in x)
    if not rest:
        raise FganError(f"--x names every column of {file}. Leave at least one for Y.")
    return whole.select(x), whole.select(rest)


def _column_of_weights(command: MutualInformationCommand) -> list[str]:
    from fgan.estimation.inputs.weighting import is_column

    return [command.weights] if command.weights and is_column(command.weights) else []
