"""`fgan divergences`: the catalogue as a table, and a card for each of its divergences."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from typing import Annotated

import tyro

from fgan.cli import print_out
from fgan.cli.arguments import read
from fgan.cli.common import as_json
from fgan.cli.help import Page

HELP = Page(
    "fgan divergences",
    examples=("fgan divergences", "fgan divergences js", 'fgan divergences "0.5*kl + 0.5*reverse-kl"'),
)


@dataclass(frozen=True, kw_only=True)
class DivergencesCommand:
    """List all divergences, or show one: formulas, constants, graphs, when to use it, references."""

    name: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME")] = ""
    """A divergence: a listed name, one with a parameter such as "alpha:0.5", a mixture such as "0.5*kl +
    0.5*reverse-kl", "dual(js)", or your own f such as "f(u)=(u-1)**4". (default: list all)"""
    json: bool = False
    """Print everything as JSON: a list, or one object for a name. Infinity is written as "inf" or "-inf"."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and print."""
    command = read(DivergencesCommand, arguments, HELP)
    from fgan.divergences import EXAMPLES
    from fgan.reporting.cards import card, family_remark, table
    from fgan.reporting.records import find, record, with_infinities

    if not command.name:
        on_terminal = sys.stdout is not None and sys.stdout.isatty()
        print_out(
            as_json([with_infinities(record(find(name))) for name in EXAMPLES], 2)
            if command.json
            else table(shutil.get_terminal_size().columns if on_terminal else None)
        )
        return
    divergence = find(command.name)
    if command.json:
        print_out(as_json(with_infinities(record(divergence)), 2))
        return
    remark = family_remark(command.name, divergence)
    columns = shutil.get_terminal_size(fallback=(80, 24)).columns
    print_out((f"{remark}\n\n" if remark else "") + card(divergence, columns, braille=shows_braille()))


def shows_braille() -> bool:
    """Whether the encoding of stdout has the Braille dots that the graphs are drawn with."""
    try:
        "⣿".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
