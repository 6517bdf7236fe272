"""`fgan mi`: how much two sets of columns share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from fgan.cli import print_error
from fgan.cli.common import checked_picture, divergences_in, names_in, show
from fgan.cli.tables import TableFlags
from fgan.errors import FganError


@dataclass(frozen=True, kw_only=True)
class MutualInformationCommand(TableFlags):
    """Estimate the mutual information of X and Y, in nats, by samples that trained no critic.

    Either two files with a row each for the same things, or one table and which of its columns are X and Y:
    `fgan mi x.npy y.npy`, `fgan mi people.csv --x age,city --y income`.
    """

    files: tyro.conf.Positional[tuple[str, ...]]
    """One table (.csv, .tsv, .txt, .csv.gz, .parquet), or two tables, arrays (.npy, .npz) or names of data."""
    x: str = ""
    """Columns of a table that are X, separated by commas."""
    y: str = ""
    """Columns of a table that are Y, separated by commas; of one table all others if not given."""
    divergence: str = "kl"
    """kl for Shannon's mutual information; other names, separated by commas, or all."""
    weights: str = ""
    """Relative importance weights of the rows: a column of the table, which is then in neither X nor Y, or a .npy
    file."""
    method: str = "auto"
    """How: auto, logistic, plain, tight, telescoping, nwj, dv, mine, infonce, js, smile, flo, ksg, copula or
    discrete."""
    folds: int = 5
    """Parts of the samples that report in turn."""
    permutations: int = 0
    """Of the test of independence, such as 999; 0 for none."""
    blocks: int | None = None
    """So many consecutive rows stay together in folds and permutations: for steps of a series, which are no independent
    samples."""
    n: int | None = None
    """Rows that are used, at most."""
    seed: int = 0
    """Decides folds, networks, draws and permutations."""
    plot: Path | None = None
    """Draw log-ratios and calibration into this picture, or log-ratios as text for -; of the first divergence."""
    device: str = "auto"
    """Where networks are trained; auto takes a GPU where there is one."""
    json: bool = False
    """Print one JSON object on stdout."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, estimate and print what was found."""
    command = tyro.cli(MutualInformationCommand, prog="fgan mi", args=arguments)
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
                raise FganError(f"{flag} chooses among the columns of a table; {file} is none.")
        sides = command.read(command.files, (x, y))
        return sides[0], sides[1]
    if len(command.files) != 1 or not is_table(command.files[0]):
        raise FganError(
            "fgan mi takes two files, or one table with --x and --y; got "
            f"{', '.join(command.files) or 'none'}."
        )
    if not x:
        raise FganError("of one table, --x must say which columns are X, separated by commas.")
    (file,) = command.files
    y_and_weights = (*y, *_column_of_weights(command)) if y else ()
    (whole,) = command.read((file,), ((*x, *y_and_weights) if y else (),))
    assert isinstance(whole, Table), "the file is one"
    both = set(x) & set(y)
    if both:
        raise FganError(
            f'a column cannot be X and Y at once; "{min(both)}" is. Its information is its entropy.'
        )
    missing = [name for name in x if name not in whole]
    if missing:
        raise FganError(f'{file} has no column "{missing[0]}"; it has {", ".join(whole)}.')
    rest = y_and_weights or tuple(name for name in whole if name not in x)
    if not rest:
        raise FganError(f"{file} has no columns but those of --x. Leave some for Y.")
    return whole.select(x), whole.select(rest)


def _column_of_weights(command: MutualInformationCommand) -> list[str]:
    from fgan.estimation.inputs.weighting import is_column

    return [command.weights] if command.weights and is_column(command.weights) else []
