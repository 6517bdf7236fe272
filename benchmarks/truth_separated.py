"""P and Q that do not overlap: JS is 2 log 2, KL infinite, and an estimate of 0 would be a confident falsehood.

    python benchmarks/truth.py separated [--repeats 40] [--n 1000] [--cases words] [--jobs 1] [--file FILE]

Disjoint words beside a column of noise, disjoint boxes, one column that separates among 50 of noise, and P in metres
with Q in millimetres or micrometres, and normals 50 nats apart; `fgan.estimate` with method="auto". Every repeat is
appended to FILE. The table says in how many repeats JS is within 1% of 2 log 2, the interval of KL has no upper end
and holds the truth, and a value is near 0.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from truth_coverage import chosen
from truth_laws import normal, shifted_normals, uniform
from truth_store import Key, Row, estimates, generator, holds, measured, read, top_up

SPREAD = 0.06
MOST = 2 * math.log(2)
CLOSE = 0.01
NEAR_NOTHING = 0.5
"""A JS below half of its truth, or a KL below half a nat, is counted as a falsehood."""
Case = Callable[[int, torch.Generator], tuple[Any, Any]]


def words(kinds: int) -> Case:
    """Return a case with so many words on each side, none in common, and a number that both share."""

    def side(letter: str, n: int, random: torch.Generator) -> dict[str, list]:
        which = torch.randint(kinds, (n,), generator=random)
        return {
            "word": [f"{letter}{int(k)}" for k in which],
            "noise": normal(n, 1, random)[:, 0].tolist(),
        }

    return lambda n, random: (side("a", n, random), side("b", n, random))


def boxes(d: int) -> Case:
    """Return unit boxes with as much room between them."""
    return lambda n, random: (uniform(n, d, random), 2 + uniform(n, d, random))


def one_column(noise: int) -> Case:
    """Return one column that separates, among columns that say nothing."""

    def side(start: float, n: int, random: torch.Generator) -> torch.Tensor:
        return torch.cat([start + uniform(n, 1, random), normal(n, noise, random)], 1)

    return lambda n, random: (side(0.0, n, random), side(2.0, n, random))


def units(factor: float) -> Case:
    """Return the same lengths, of P in metres, of Q in a unit that is so much smaller."""

    def lengths(n: int, random: torch.Generator) -> torch.Tensor:
        centre = torch.tensor([1.7, 0.4, 0.9], dtype=torch.float64)
        return centre * (1 + SPREAD * normal(n, 3, random))

    return lambda n, random: (lengths(n, random), factor * lengths(n, random))


def kl_of_units(factor: float) -> float:
    """Return KL of three columns N(c, (s c)²) and N(k c, (s k c)²), which does not depend on c."""
    apart = (1 + ((1 - factor) / SPREAD) ** 2) / (2 * factor**2)
    return 3 * (math.log(factor) + apart - 0.5)


def far_normals(d: int, kl: float) -> Case:
    return shifted_normals(d, kl).draw


CASES: dict[str, tuple[Case, float]] = {
    **{f"words: {k} on each side": (words(k), math.inf) for k in (1, 3, 10, 30)},
    **{f"disjoint boxes, d = {d}": (boxes(d), math.inf) for d in (1, 10, 100)},
    "one column among 50 of noise": (one_column(50), math.inf),
    **{f"units: metres and {k:g} times as many": (units(k), kl_of_units(k)) for k in (1e3, 1e6)},
    **{f"normals, KL 50, d = {d}": (far_normals(d, 50.0), 50.0) for d in (1, 20)},
}
"""How to draw, and the truth of KL; JS is 2 log 2 to three digits everywhere."""


def repeat(key: Key) -> Row:
    name, n, seed = key
    p, q = CASES[name][0](n, generator(key))
    return measured(key, lambda: estimates(p, q, ("js", "kl"), seed=seed))


HEADS = (
    "case", "n", "repeats", "JS within 1%", "KL open above", "holds KL", "near 0", "JS from – to", "KL", "KL at least",
    "method", "seconds",
)  # fmt: skip


def table(rows: list[Row]) -> str:
    lines = [f"| {' | '.join(HEADS)} |", f"|{'---|' * len(HEADS)}"]
    for name in CASES:
        for n in sorted({row["n"] for row in rows if row["law"] == name}):
            cells = cells_of([row for row in rows if (row["law"], row["n"]) == (name, n)], CASES[name][1])
            lines.append(f"| {name} | {n:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cells_of(rows: list[Row], truth: float) -> list[str]:
    """Return the cells of a case after its n; the last ones are medians."""
    found = [row["found"] for row in rows if "found" in row]
    if not found:
        return [f"refused: {rows[0]['error']}"]
    js, kl = [one["js"]["value"] for one in found], [one["kl"] for one in found]
    near = [
        value < NEAR_NOTHING * MOST or (one["value"] or math.inf) < NEAR_NOTHING
        for value, one in zip(js, kl, strict=True)
    ]
    methods = Counter(one["js"]["method"] for one in found)
    return [
        str(len(found)),
        str(sum(abs(value / MOST - 1) <= CLOSE for value in js)),
        str(sum(one["interval"][1] is None for one in kl)),
        str(sum(holds(one["interval"], truth) for one in kl)),
        str(sum(near)),
        f"{min(js):.3f} – {max(js):.3f}",
        f"{truth:.0f}" if math.isfinite(truth) else "∞",
        f"{statistics.median(one['lower_bound'] or 0.0 for one in kl):.2f}",
        ", ".join(f"{name} ({times})" for name, times in methods.items()),
        f"{statistics.median(row['seconds'] for row in rows):.1f}",
    ]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--n", type=int, nargs="+", default=[1000])
    parser.add_argument("--cases", nargs="+", default=[], help="parts of names; all unless told")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--file", type=Path, default=Path("runs/truth-separated.jsonl"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    names = chosen(CASES, options.cases)
    keys = [(name, n, seed) for seed in range(options.repeats) for n in options.n for name in names]
    top_up(options.file, keys, repeat, options.jobs)
    print(table(read(options.file)))
