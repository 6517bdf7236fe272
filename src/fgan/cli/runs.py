"""`fgan runs`: what lies below a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.arguments import read
from fgan.cli.common import as_json
from fgan.cli.help import Page
from fgan.experiments.listing import WITHOUT_DIVERGENCE, Listed, Listing, age_text, list_runs
from fgan.output import aligned, jsonable
from fgan.visible import brief

HEAD = ("run", "state", "data", "divergence", "recipe", "steps", "bound", "quality", "age")
MOST_CHANGES = 4
"""Settings of a run that a line of the table shows; --json has them all."""

LONGEST_REASON = 1000

HELP = Page("fgan runs", examples=("fgan runs", "fgan runs experiments/ --json"))


@dataclass(frozen=True, kw_only=True)
class RunsCommand:
    """List runs and comparisons: state, data, divergence, recipe, steps, latest metrics, age."""

    folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FOLDER")] = Path("runs")
    """Folder to search, up to five levels deep."""
    json: bool = False
    """Print one JSON object to stdout: runs, comparisons with their runs, and anything that could not be read."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and list."""
    command = read(RunsCommand, arguments, HELP)
    found = list_runs(command.folder)
    if command.json:
        print_out(as_json(jsonable(found), 2))
        return
    rows = [HEAD, *_rows(found)]
    print_out(
        "\n".join(aligned(rows))
        if len(rows) > 1
        else f"no runs in {found.folder}. Train one: fgan train moons --steps 500"
    )
    for one in (*found.runs, *(member for of in found.comparisons for member in of.members)):
        if one.reason:
            print_out(f"{brief(one.path)}: {brief(one.reason, LONGEST_REASON)}")
    for problem in found.problems:
        print_error(brief(problem, LONGEST_REASON))


def _rows(found: Listing) -> Iterator[tuple[str, ...]]:
    everything = [*found.runs, *found.comparisons]
    for one in sorted(everything, key=lambda one: (-(one.updated or 0), one.path)):
        if isinstance(one, Listed):
            yield _row(one, one.path)
            continue
        states = Counter(member.state for member in one.members)
        counts = ", ".join(f"{count} {state}" for state, count in states.items())
        best = f"best: {one.best}" if one.best else ""
        yield (one.path, counts or "no runs", "", best, "", "", "", "", age_text(one.updated))
        for member in one.members:
            yield _row(member, f"  {Path(member.path).name}")


def _row(one: Listed, name: str) -> tuple[str, ...]:
    game = [] if one.objective in WITHOUT_DIVERGENCE else [one.divergence]
    game += [] if one.objective == "plain" else [one.objective]
    changes = [f"{key}={_short(value)}" for key, value in one.changed.items()]
    more = ["..."] if len(changes) > MOST_CHANGES else []
    quality = "fid" if "fid" in one.evaluation else next(iter(one.evaluation), "")
    return (
        name,
        one.state,
        one.data,
        " ".join(game),
        " ".join([one.preset, *changes[:MOST_CHANGES], *more]),
        f"{one.step:,}/{one.steps:,}",
        "" if one.bound is None else f"{one.bound:.4g}",
        f"{quality} {one.evaluation[quality]:.4g}" if quality else "",
        age_text(one.updated),
    )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
