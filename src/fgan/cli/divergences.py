"""`fgan divergences`: the catalogue as a table."""

from __future__ import annotations

import json
from dataclasses import dataclass

import tyro

from fgan.cli import print_out


@dataclass(frozen=True, kw_only=True)
class DivergencesCommand:
    """List the divergences: f(u), the domain of its conjugate, and the threshold f'(1)."""

    json: bool = False
    """Print a JSON list instead of a table."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and print."""
    command = tyro.cli(DivergencesCommand, prog="fgan divergences", args=arguments)
    from fgan.divergences import CATALOGUE

    rows = [
        {
            "name": divergence.name,
            "f(u)": divergence.formula,
            "dom f*": str(divergence.conjugate_domain),
            "f'(1)": round(divergence.threshold, 6),
        }
        for divergence in CATALOGUE.values()
    ]
    print_out(json.dumps(rows, indent=2, ensure_ascii=False) if command.json else table(rows))


def table(rows: list[dict[str, object]]) -> str:
    """Return rows of equal keys as an aligned table with a heading."""
    lines = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
