"""Repeats of a measurement, kept one a line in a JSON file: a killed run loses nothing, and a later one tops it up."""

from __future__ import annotations

import json
import math
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from many import in_parallel

import fgan
from fgan.errors import FganError
from fgan.estimation.result import Estimate
from fgan.output import jsonable, silent

Row = dict[str, Any]
"""One repeat: `law`, `n`, `seed`, `seconds`, and `found` by name of a divergence, or `error`."""
Key = tuple[str, int, int]


def generator(key: Key) -> torch.Generator:
    """Return random numbers of this repeat alone."""
    return torch.Generator().manual_seed(zlib.crc32(repr(key).encode()))


def read(path: Path) -> list[Row]:
    """Return what was kept; a line that was cut off in the middle is left out."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def key_of(row: Row) -> Key:
    return row["law"], row["n"], row["seed"]


def top_up(path: Path, keys: Iterable[Key], work: Callable[[Key], Row], jobs: int = 1) -> None:
    """Append a row for each key that has none yet."""
    done = {key_of(row) for row in read(path)}
    left = [key for key in keys if key not in done]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        if not whole(path):
            file.write("\n")
        for row in map(work, left) if jobs == 1 else (row for _, row in in_parallel(work, left, jobs)):
            file.write(json.dumps(row) + "\n")
            file.flush()


def whole(path: Path) -> bool:
    """Return whether the last line of a file came to its end."""
    text = path.read_text()
    return not text or text.endswith("\n")


def measured(key: Key, work: Callable[[], Mapping[str, Estimate]]) -> Row:
    """Return a row of estimates; processor seconds, which other work on the machine does not change."""
    law, n, seed = key
    row: Row = {"law": law, "n": n, "seed": seed}
    start = time.process_time()
    try:
        found = work()
    except FganError as error:
        return row | {"error": str(error), "seconds": time.process_time() - start}
    return row | {
        "seconds": time.process_time() - start,
        "found": {name: numbers_of(one) for name, one in found.items()},
    }


def numbers_of(found: Estimate) -> Row:
    """Return what the tables need; an end that is infinite is None."""
    numbers = {
        name: getattr(found, name)
        for name in ("value", "standard_error", "interval", "lower_bound", "method", "bound_interval")
        if hasattr(found, name)
    }
    return jsonable(numbers)


def holds(interval: list[float | None], truth: float) -> bool:
    """Return whether an interval, which may be open above, holds the truth; one that begins nowhere holds nothing."""
    low, high = interval
    return low is not None and low <= truth and (high is None or truth <= high)


def width(interval: list[float | None]) -> float:
    low, high = interval
    return math.inf if low is None or high is None else high - low


def estimates(p: Any, q: Any, names: Iterable[str], **settings: Any) -> Mapping[str, Estimate]:
    """Return estimates by name, from one critic."""
    return dict(fgan.estimate(p, q, list(names), say=silent, **settings).items())  # pyright: ignore
