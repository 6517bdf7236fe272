"""`fgan cite`: the works behind divergences, as BibTeX."""

from __future__ import annotations

from dataclasses import dataclass

import tyro

from fgan.cli import print_out

ALWAYS = "nowozin2016"
ORIGIN = "csiszar1967"


@dataclass(frozen=True, kw_only=True)
class CiteCommand:
    """Print BibTeX for the f-GAN paper and the works that divergences come from."""

    names: tyro.conf.Positional[tuple[str, ...]] = ()
    """Divergences, as `fgan divergences` lists them; the origin of f-divergences if not given."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and print."""
    command = tyro.cli(CiteCommand, prog="fgan cite", args=arguments)
    from fgan.divergences.references import bibtex
    from fgan.reporting.records import find

    keys = [key for name in command.names for key in find(name).card.references]
    print_out(bibtex([ALWAYS, *(keys if command.names else [ORIGIN])]))
