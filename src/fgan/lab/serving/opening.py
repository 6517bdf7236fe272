"""What `fgan lab DATA...` opens: a target, a table of two columns, or runs."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fgan.errors import FganError, did_you_mean
from fgan.lab.settings import DRAWN, TARGETS
from fgan.output import Say

NAMES = tuple(name for name in TARGETS if name not in DRAWN)
"""Targets that have nothing but a name."""


@dataclass(frozen=True)
class Opening:
    """What pages begin with.

    Args:
        settings: of the race; those left out are the defaults.
        runs: paths of run directories and comparisons.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    runs: tuple[Path, ...] = ()

    @property
    def fragment(self) -> str:
        """The fragment of the page's address, which holds the settings."""
        if not self.settings:
            return ""
        text = json.dumps(self.settings, separators=(",", ":")).encode()
        return "#" + base64.urlsafe_b64encode(text).decode().rstrip("=")

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What a worker receives before the page's messages."""
        return [{"do": "open", "runs": [str(run) for run in self.runs]}] if self.runs else []


def opened(data: Sequence[str], say: Say) -> Opening:
    """Return what the arguments of `fgan lab` name.

    Args:
        data: a target, the path of a table, or paths of runs.
        say: told which rows are used.

    Raises:
        FganError: if something is neither, or they do not go together.
    """
    if not data:
        return Opening()
    if all(Path(name).is_dir() for name in data):
        return Opening(runs=tuple(Path(name).absolute() for name in data))
    if len(data) > 1:
        raise FganError(
            f"fgan lab opens one target, one table, or any number of runs; got {', '.join(data)}."
        )
    (name,) = data
    if name in NAMES:
        return Opening({"target": name})
    if not Path(name).is_file():
        raise FganError(
            f'"{name}" is no target ({", ".join(NAMES)}), and there is no table or run directory of this name.'
            f"{did_you_mean(name, NAMES)}"
        )
    return Opening({"target": "rows", "points": _points(name, say)})


def _points(name: str, say: Say) -> list[list[float]]:
    """Return the rows of a table of two columns of numbers, or some of them."""
    from fgan.data import read_table

    table = read_table(name)
    numbers = [column for column, cells in table.items() if cells.dtype.kind in "iuf"]
    if len(numbers) != 2:
        raise FganError(
            f"fgan lab needs a table with two columns of numbers; {name} has {len(numbers)}: "
            f"{', '.join(numbers) or 'none'}. Keep only the two that you want to see."
        )
    if others := [column for column in table if column not in numbers]:
        say(f"columns left out, which are not numbers: {', '.join(others)}")
    rows = list(zip(*(table[column].tolist() for column in numbers), strict=True))
    if len(rows) > (most := DRAWN["rows"]):
        say(f"{name} has {len(rows):,} rows; the page shows {most:,} of them, evenly along it")
        rows = [
            rows[at * len(rows) // most] for at in range(most)
        ]  # as the page does with a file dropped on it
    return [[float(x), float(y)] for x, y in rows]
