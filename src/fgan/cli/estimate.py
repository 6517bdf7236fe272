"""`fgan estimate`: how far apart two sets of samples are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from fgan.cli import print_error
from fgan.cli.common import checked_picture, divergences_in, names_in, show
from fgan.cli.tables import TableFlags
from fgan.errors import FganError
from fgan.load_options import LoadOptions


@dataclass(frozen=True, kw_only=True)
class EstimateCommand(TableFlags):
    """Estimate divergences of P from Q by samples that trained no critic, with intervals and lower bounds."""

    p: tyro.conf.Positional[str]
    """Samples of P: a table of text (.csv, .tsv, .txt, .csv.gz) or .parquet, a .npy or .npz array, a folder or archive
    of images, a run directory, or the name of a data set."""
    q: tyro.conf.Positional[str]
    """Samples of Q, likewise."""
    divergence: str = "kl"
    """Names, separated by commas, or all for the whole catalogue from one critic."""
    columns: str = ""
    """Columns of tables, separated by commas; all if not given."""
    weights: str = ""
    """Relative importance weights of both sets: a column of the tables, which is then no feature."""
    weights_p: str = ""
    """Those of P alone: a column, or a .npy file with a weight for each row."""
    weights_q: str = ""
    """Those of Q alone, likewise."""
    counts: bool = False
    """P and Q are count tables: a column of counts, the last, after those that name the categories; or .npy arrays."""
    method: str = "auto"
    """How: auto, logistic, plain, tight, nwj, dv, telescoping, ulsif, rulsif, kliep, gaussian, knn or discrete."""
    folds: int = 5
    """Parts of the samples that report in turn."""
    permutations: int = 0
    """Of the two-sample test, such as 999; 0 for none."""
    blocks: int | None = None
    """So many consecutive rows stay together in folds and permutations: for steps of a series, which are no independent
    samples."""
    curve: bool = False
    """Estimate from an eighth, a quarter and a half of the samples too."""
    n: int | None = None
    """Samples drawn from runs and distributions (10,000 if not given), and at most taken of all others."""
    seed: int = 0
    """Decides folds, networks, draws and permutations."""
    plot: Path | None = None
    """Draw log-ratios, calibration and the learning curve into this picture, or log-ratios as text for -; of the first
    divergence."""
    device: str = "auto"
    """Where networks are trained; auto takes a GPU where there is one."""
    load: LoadOptions = field(default_factory=LoadOptions)
    json: bool = False
    """Print one JSON object on stdout."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, estimate and print what was found."""
    command = tyro.cli(
        EstimateCommand, prog="fgan estimate", args=arguments, config=(tyro.conf.OmitArgPrefixes,)
    )
    checked_picture(command.plot)
    divergences = divergences_in(command.divergence)
    from fgan.estimation import estimate

    of_p, of_q = (one or command.weights for one in (command.weights_p, command.weights_q))
    p, q = _sides(command, of_p, of_q)
    found = estimate(
        p,
        q,
        divergences,
        weights_p=of_p or None,
        weights_q=of_q or None,
        counts=command.counts,
        method=command.method,
        folds=command.folds,
        permutations=command.permutations,
        blocks=command.blocks,
        curve=command.curve,
        n=command.n,
        kinds=command.kinds,
        missing=command.missing,
        seed=command.seed,
        device=command.device,
        options=command.load,
        say=print_error,
    )
    show(found, command.plot, json=command.json)


def _sides(command: EstimateCommand, *weights: str) -> list[object]:
    """Return the samples of P and of Q: tables as their columns, all else by name."""
    from fgan.data.tables import is_table
    from fgan.estimation.inputs.weighting import is_column

    columns = tuple(names_in(command.columns))
    files = command.p, command.q
    if columns and not all(map(is_table, files)):
        raise FganError(
            f"--columns chooses among the columns of tables; {command.p} and {command.q} are not both one."
        )
    wanted = [(*columns, one) if columns and one and is_column(one) else columns for one in weights]
    return list(command.read(files, wanted))
