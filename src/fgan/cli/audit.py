"""`fgan audit`: how a synthetic table compares with the real one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.common import as_json, names_in
from fgan.cli.tables import TableFlags
from fgan.errors import FganError

ENDINGS = (".json", ".html", ".txt")


@dataclass(frozen=True, kw_only=True)
class AuditCommand(TableFlags):
    """Judge a synthetic table: against the real one, against chance, for a purpose, and for copies of real rows."""

    real: tyro.conf.Positional[str]
    """The rows that the generator saw: a table of text (.csv, .tsv, .txt, .csv.gz) or .parquet."""
    synthetic: tyro.conf.Positional[str]
    """The rows that it made: a table likewise; or a run directory, from which as many are drawn."""
    held_out: str | None = None
    """A table of real rows that the generator has not seen: --target needs them, and so does the question whether it
    remembers rows."""
    target: str | None = None
    """A column to predict: trained on synthetic and on real rows, tested on held-out ones."""
    missing: Literal["keep", "drop", "refuse"] = "keep"  # pyright: ignore[reportIncompatibleVariableOverride]
    """Keep missing cells, which are compared as well, or drop or refuse rows that have some."""
    columns: str = ""
    """Columns to compare, separated by commas; all if not given."""
    divergence: str = "js"
    """Of the joint distribution and of each column."""
    n: int | None = None
    """Rows of each table at most, drawn at random; all if not given."""
    seed: int = 0
    """Decides folds, draws and permutations."""
    out: Path | None = None
    """Write the result to this file too: .json, .html with a picture, or .txt."""
    json: bool = False
    """Print one JSON object on stdout."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, compare the tables and print what was found."""
    command = tyro.cli(AuditCommand, prog="fgan audit", args=arguments, config=(tyro.conf.OmitArgPrefixes,))
    if command.out and command.out.suffix.lower() not in ENDINGS:
        raise FganError(f"--out writes {', '.join(ENDINGS)}; got {command.out}.")
    from fgan.auditing import audit

    paths = [command.real, command.synthetic, *([command.held_out] if command.held_out else [])]
    tables = command.read(paths, [names_in(command.columns)] * len(paths))
    found = audit(
        tables[0],
        tables[1],
        held_out=tables[2] if command.held_out else None,
        target=command.target,
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
        page = f'<!doctype html><meta charset="utf-8"><title>fgan audit</title>{found.to_html()}'
        content = {".json": text, ".html": page, ".txt": str(found)}[ending]
        save_file(command.out, f"{content}\n".encode(), "An audit")
