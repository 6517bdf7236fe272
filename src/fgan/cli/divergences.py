"""`fgan divergences`: the catalogue as a table, and a card for each of its divergences."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

import tyro

from fgan.cli import print_out
from fgan.cli.common import as_json


@dataclass(frozen=True, kw_only=True)
class DivergencesCommand:
    """List the divergences, or tell all about one: formulas, constants, graphs, when to use it, references."""

    name: tyro.conf.Positional[str] = ""
    """A name of the list, "alpha:0.5", "0.5*kl + 0.5*reverse-kl", "dual(js)", "f(u)=(u-1)**4"; all if not given."""
    json: bool = False
    """Print everything that is known as JSON: a list, or one object for a name. Infinities are "inf", "-inf"."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and print."""
    command = tyro.cli(DivergencesCommand, prog="fgan divergences", args=arguments)
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
