"""What a part of benchmarks/torture.py tried, and what it found."""

from __future__ import annotations

import collections
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

KINDS = ("traceback", "hang", "memory", "silent", "escape", "differs")
"""Python's traceback; more than 10 s; over the memory budget; wrong without a word; code run, or a terminal or a path
reached from data; not the same bits as an undisturbed run."""
SHOWN = 300
MOST = 20
"""Findings of one kind that are kept in words."""


@dataclass
class Tally:
    """What one part tried.

    Args:
        part: its name.
        faults: kills, damaged files, crafted folders.
        inputs: mutated inputs.
        found: what went wrong, by kind.
        seconds: of the clock.
    """

    part: str
    faults: int = 0
    inputs: int = 0
    found: dict[str, list[str]] = field(default_factory=lambda: collections.defaultdict(list))
    seconds: float = 0.0

    def bad(self, kind: str, what: str) -> None:
        """Note one finding, of one of `KINDS`; the same words count once."""
        if kind not in KINDS:
            raise ValueError(f"{kind} is none of {', '.join(KINDS)}")
        if what[:SHOWN] not in self.found[kind] and len(self.found[kind]) < MOST:
            self.found[kind].append(what[:SHOWN])

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong."""
        return not any(self.found.values())

    def row(self) -> str:
        """Return the line of the table."""
        cells = [str(len(self.found.get(kind, []))) for kind in KINDS]
        return (
            "| "
            + " | ".join([self.part, f"{self.faults:,}", f"{self.inputs:,}", *cells, f"{self.seconds:.0f}"])
            + " |"
        )


HEADING = "\n".join(
    (
        "| " + " | ".join(["part", "faults", "mutated inputs", *KINDS, "seconds"]) + " |",
        "|" + "---|" * (4 + len(KINDS)),
    )
)


LIGHT = 15.0
"""Below this many seconds a part tries its lightest faults only."""


def until(seconds: float) -> Iterator[int]:
    """Count up until the time is over; at least once."""
    end, k = time.monotonic() + seconds, 0
    while k == 0 or time.monotonic() < end:
        yield k
        k += 1
