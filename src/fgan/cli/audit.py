"""`fgan audit`: how a synthetic table compares with the real one, or one period with another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.arguments import read
from fgan.cli.common import as_json, names_in
from fgan.cli.help import Page
from fgan.cli.tables import TableFlags
from fgan.errors import FganError

ENDINGS = (".json", ".html", ".txt")


HELP = Page(
    "fgan audit",
    examples=(
        "fgan audit real.csv synthetic.csv",
        "fgan audit train.csv runs/people-table --held-out test.csv --target income",
        "fgan audit march.csv april.csv --drift --out drift.html",
    ),
    common=(
        "--held-out",
        "--target",
        "--drift",
        "--names",
        "--columns",
        "--drop",
        "--divergence",
        "--missing",
        "--categories",
        "--seed",
        "--out",
        "--json",
    ),
)


@dataclass(frozen=True, kw_only=True)
class AuditCommand(TableFlags):
    """Check a synthetic table: how close it is to the real one, how useful, and whether it copies real rows.

    With --drift, compare two periods instead. Both show which columns, pairs and rows differ.
    """

    real: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="REAL")]
    """Real rows that the generator was trained on, or the earlier period: a table (.csv, .tsv, .txt, .csv.gz,
    .parquet)."""
    synthetic: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SYNTHETIC")]
    """Synthetic rows, or the later period: a table, or a run directory to draw as many rows from."""
    held_out: str | None = None
    """A table of real rows that the generator has not seen. --target and the check for copied rows need it. (default:
    skip these checks)"""
    target: str | None = None
    """Column to predict. One model is trained on synthetic rows, one on real rows; both are tested on held-out rows.
    (default: skip this check)"""
    drift: bool = False
    """The tables are two periods, and neither is synthetic: rows that are in both are no leak."""
    names: tuple[str, str] | None = None
    """What to call the two tables, such as march april. (default: real synthetic; with --drift, the names of the
    files)"""
    missing: Literal["keep", "drop", "refuse"] = "keep"  # pyright: ignore[reportIncompatibleVariableOverride]
    """Rows with missing cells: keep compares the missing cells too, drop removes these rows, refuse stops."""
    columns: str = ""
    """Columns to compare, separated by commas. (default: all)"""
    divergence: str = "js"
    """Divergence to report, for the joint distribution, each column and each pair."""
    n: int | None = None
    """Maximum number of rows per table, drawn at random. (default: all)"""
    seed: int = 0
    """Seed for folds, draws and permutations."""
    out: Path | None = None
    """Also save the result: .json, .html with a picture, or .txt. (default: no file)"""
    json: bool = False
    """Print one JSON object to stdout."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, compare the tables and print what was found."""
    command = read(AuditCommand, arguments, HELP)
    if command.out and command.out.suffix.lower() not in ENDINGS:
        raise FganError(f"--out must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}; got {command.out}.")
    from fgan.auditing import audit

    paths = [command.real, command.synthetic, *([command.held_out] if command.held_out else [])]
    tables = command.read(paths, [names_in(command.columns)] * len(paths))
    found = audit(
        tables[0],
        tables[1],
        held_out=tables[2] if command.held_out else None,
        target=command.target,
        names=command.names,
        drift=command.drift,
        drop=names_in(command.drop),
        divergence=command.divergence,
        kinds=command.kinds,
        missing=command.missing,
        n=command.n,
        seed=command.seed,
        say=print_error,
    )
    text = as_json(found.to_dict(), 2)
    print_out(text if command.json else str(found))
    if command.out:
        from fgan.files import save_file

        ending = command.out.suffix.lower()
        content = found.to_html(page=True) if ending == ".html" else text if ending == ".json" else str(found)
        save_file(command.out, f"{content}\n".encode(), "An audit")
