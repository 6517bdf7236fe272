"""`fgan estimate`: how far apart two sets of samples are."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.compare import names_in
from fgan.errors import FganError
from fgan.files import save_file

if TYPE_CHECKING:
    from fgan.estimation import Estimate, Estimates

PICTURES = (".png", ".pdf", ".svg")
TERMINAL = Path("-")


@dataclass(frozen=True, kw_only=True)
class EstimateCommand:
    """Estimate divergences of P from Q by samples that trained no critic, with intervals and lower bounds."""

    p: tyro.conf.Positional[str]
    """Samples of P: a .csv, .tsv or .parquet table, a .npy or .npz array, a folder or archive of images, a run
    directory, or the name of a data set."""
    q: tyro.conf.Positional[str]
    """Samples of Q, likewise."""
    divergence: str = "kl"
    """Names, separated by commas, or all for the whole catalogue from one critic."""
    columns: str = ""
    """Columns of tables, separated by commas; all if not given."""
    method: str = "auto"
    """How: auto, logistic, plain, tight, nwj, dv, telescoping, ulsif, rulsif, kliep, gaussian, knn or discrete."""
    folds: int = 5
    """Parts of the samples that report in turn."""
    permutations: int = 0
    """Of the two-sample test, such as 999; 0 for none."""
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
    json: bool = False
    """Print one JSON object on stdout."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, estimate and print what was found."""
    command = tyro.cli(EstimateCommand, prog="fgan estimate", args=arguments)
    from fgan.data.tables import is_table, read_table
    from fgan.estimation import estimate

    columns = tuple(names_in(command.columns))
    if columns and not (is_table(command.p) and is_table(command.q)):
        raise FganError(
            f"--columns chooses among the columns of tables; {command.p} and {command.q} are not both one."
        )
    checked_picture(command.plot)
    p, q = (read_table(one, columns) if is_table(one) else one for one in (command.p, command.q))
    found = estimate(
        p,
        q,
        divergences_in(command.divergence),
        method=command.method,
        folds=command.folds,
        permutations=command.permutations,
        curve=command.curve,
        n=command.n,
        seed=command.seed,
        device=command.device,
        say=print_error,
    )
    show(found, command.plot, as_json=command.json)


def checked_picture(path: Path | None) -> None:
    """Raise an FganError for a --plot that is no picture, before anything is done."""
    if path and path != TERMINAL and path.suffix.lower() not in PICTURES:
        raise FganError(f"--plot writes {', '.join(PICTURES)}, or text for -; got {path}.")


def divergences_in(text: str) -> str | list[str]:
    """Return the name that --divergence gives, or the names."""
    names = names_in(text)
    if not names or "" in names:
        raise FganError(
            f"--divergence must be names separated by commas, or all; got {text!r}. `fgan divergences` lists them."
        )
    return names[0] if len(names) == 1 else names


def show(found: Estimate | Estimates, path: Path | None, *, as_json: bool) -> None:
    """Print what was found; draw it, or the first of several, where a picture is asked for."""
    print_out(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else str(found))
    if path:
        one = found if not isinstance(found, Mapping) else next(iter(found.values()))
        if path == TERMINAL:
            from fgan.estimation.plot import sketch

            print_error(f"\n{sketch(one)}")
            return
        picture = io.BytesIO()
        one.plot().savefig(picture, format=path.suffix[1:].lower())
        save_file(path, picture.getvalue(), "A picture")
