"""`fgan cite`: the works behind divergences, as BibTeX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from fgan.cli import print_out
from fgan.cli.arguments import read
from fgan.cli.help import Page
from fgan.references import bibtex

ALWAYS = "nowozin2016"
ORIGIN = "csiszar1967"


HELP = Page("fgan cite", examples=("fgan cite", "fgan cite js pearson >> references.bib"))


@dataclass(frozen=True, kw_only=True)
class CiteCommand:
    """Print BibTeX entries for the f-GAN paper and for the divergences that you used."""

    names: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="NAME ...")] = ()
    """Divergences, as listed by `fgan divergences`. (default: the first paper on f-divergences)"""


def run(arguments: list[str]) -> None:
    """Parse the arguments and print."""
    command = read(CiteCommand, arguments, HELP)
    print_out(bibtex([ALWAYS, *(_references(command.names) if command.names else [ORIGIN])]))


def _references(names: tuple[str, ...]) -> list[str]:
    from fgan.reporting.records import find

    return [key for name in names for key in find(name).card.references]
