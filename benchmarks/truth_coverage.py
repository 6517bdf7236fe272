"""How often `.interval` holds the divergence itself, on laws whose divergences are known.

    python benchmarks/truth.py coverage [--repeats 200] [--n 1000 10000] [--laws normal] [--jobs 1] [--file FILE]
    python benchmarks/truth.py table FILE

Five divergences from one call of `fgan.estimate`. Every repeat is appended to FILE, so that a run that was stopped
goes on, and more repeats top it up. A cell of the table has four numbers: the share of repeats whose `.interval` holds
the truth; the bias of the value in mean standard errors; the median width over that of an oracle, who knows log(p/q)
and averages f'(r) on P and f*(f'(r)) on Q (∞: more than half are open; 0.0: the oracle's variance is next to infinite);
and the share whose `.lower_bound` exceeds the truth.
"""

from __future__ import annotations

import argparse
import functools
import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from scipy.stats import binom
from truth_laws import MAKERS, NAMES, Law
from truth_store import Key, Row, estimates, generator, holds, measured, read, top_up, width

COVERED, ABOVE, BIASED, WIDE = 0.93, 0.05, 0.5, 1.5
"""What is asked: coverage at least, lower bounds above the truth at most, bias at n = 10,000 and width at most."""
SURELY = 0.01


@functools.cache
def law_of(name: str) -> Law:
    return MAKERS[name]()


def repeat(key: Key) -> Row:
    """Estimate five divergences of fresh samples."""
    name, n, seed = key
    p, q = law_of(name).draw(n, generator(key))
    return measured(key, lambda: estimates(p, q, NAMES, seed=seed))


def chosen(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """Return the names that contain any of the patterns, or all."""
    patterns = list(patterns)
    return [name for name in names if not patterns or any(one in name for one in patterns)]


@dataclass(frozen=True)
class Score:
    """What repeats of one law, one n and one divergence come to.

    Args:
        repeats: how many gave a number.
        covered: share whose interval holds the truth.
        above: share whose lower bound exceeds it.
        bias: of the value, in mean standard errors.
        wide: median width over the oracle's.
        open_share: share of intervals with an open end.
        bound_covered: share whose `bound_interval` holds the truth; None without one.
    """

    repeats: int
    covered: float
    above: float
    bias: float
    wide: float
    open_share: float
    bound_covered: float | None

    def cell(self) -> str:
        shares = f"{self.covered:.0%}", f"{self.above:.0%}"
        wide = "∞" if math.isinf(self.wide) else f"{self.wide:.1f}"
        bias = "–" if math.isnan(self.bias) else f"{self.bias:+.1f}"
        return f"{shares[0]} · {bias} · {wide} · {shares[1]}"


def score(found: list[Row], truth: float, oracle: float) -> Score:
    """Return the score of one divergence's repeats."""
    values = [one["value"] for one in found if one["value"] is not None]
    errors = [one["standard_error"] for one in found if one["standard_error"] is not None]
    lows = [one["lower_bound"] for one in found if one["lower_bound"] is not None]
    bounds = [one["bound_interval"] for one in found if one.get("bound_interval")]
    widths = [width(one["interval"]) for one in found]
    bias = (statistics.fmean(values) - truth) / statistics.fmean(errors) if values and errors else math.nan
    return Score(
        repeats=len(found),
        covered=statistics.fmean(holds(one["interval"], truth) for one in found),
        above=statistics.fmean(low > truth for low in lows) if lows else 0.0,
        bias=bias,
        wide=statistics.median(widths) / oracle,
        open_share=statistics.fmean(map(math.isinf, widths)),
        bound_covered=statistics.fmean(holds(one, truth) for one in bounds) if bounds else None,
    )


Known = Callable[[str, str, int], tuple[float, float]]
"""Truth and oracle's width by a law's name, a divergence and n."""


def known(law: str, name: str, n: int) -> tuple[float, float]:
    return law_of(law).truth(name), law_of(law).oracle_width(name, n)


def scores(rows: list[Row], known: Known = known) -> dict[tuple[str, int], dict[str, Score]]:
    """Return scores by law and n, then by divergence."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        if "found" in row:
            groups.setdefault((row["law"], row["n"]), []).append(row["found"])
    return {
        (law, n): {
            name: score([one[name] for one in found if name in one], *known(law, name, n))
            for name in found[0]
        }
        for (law, n), found in groups.items()
    }


def table(rows: list[Row], known: Known = known) -> str:
    """Return the Markdown table, and below it how many rows reach what is asked."""
    scored = scores(rows, known)
    names = list(dict.fromkeys(name for cells in scored.values() for name in cells))
    lines = [
        f"| law | n | repeats | {' | '.join(names)} | seconds |",
        f"|---|---|---|{'---|' * (len(names) + 1)}",
    ]
    for (law, n), cells in sorted(scored.items(), key=lambda one: (one[0][1], order(one[0][0]))):
        seconds = statistics.median(row["seconds"] for row in rows if (row["law"], row["n"]) == (law, n))
        shown = " | ".join(cells[name].cell() if name in cells else "–" for name in names)
        repeats = max(one.repeats for one in cells.values())
        lines.append(f"| {law} | {n:,} | {repeats} | {shown} | {seconds:.1f} |")
    return "\n".join([*lines, "", *reached(scored), *refused(rows)])


def order(law: str) -> int:
    return list(MAKERS).index(law) if law in MAKERS else len(MAKERS)


def reached(scored: dict[tuple[str, int], dict[str, Score]]) -> list[str]:
    """Return a line for each number that is asked."""
    lines = []
    for n in sorted({n for _, n in scored}):
        cells = [one for (_, size), found in scored.items() if size == n for one in found.values()]
        counts = {
            f"interval holds the truth in ≥ {COVERED:.0%}": [one.covered >= COVERED for one in cells],
            f"lower bound above the truth in ≤ {ABOVE:.0%}": [one.above <= ABOVE for one in cells],
            f"bias ≤ {BIASED} standard errors": [
                abs(one.bias) <= BIASED for one in cells if not math.isnan(one.bias)
            ],
            f"width ≤ {WIDE} × the oracle's": [one.wide <= WIDE for one in cells],
        }
        lines += [f"n = {n:,}: {text}: {sum(met)} of {len(met)}" for text, met in counts.items()]
        short = sum(
            binom.cdf(round(one.covered * one.repeats), one.repeats, COVERED) < SURELY for one in cells
        )
        lines.append(f"n = {n:,}: surely in less than {COVERED:.0%} (p < {SURELY}): {short} of {len(cells)}")
        lines.append(
            f"n = {n:,}: over all cells the interval holds {statistics.fmean(one.covered for one in cells):.1%}, "
            f"{statistics.fmean(one.open_share for one in cells):.1%} are open"
        )
        of_bounds = [one.bound_covered for one in cells if one.bound_covered is not None]
        if of_bounds:
            lines.append(f"n = {n:,}: bound_interval holds the truth {statistics.fmean(of_bounds):.1%}")
    return lines


def refused(rows: list[Row]) -> list[str]:
    errors = [f"{row['law']}, n = {row['n']:,}: {row['error']}" for row in rows if "error" in row]
    return [f"refused: {text} ({errors.count(text)} times)" for text in dict.fromkeys(errors)]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--n", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--laws", nargs="+", default=[], help="parts of names; all unless told")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--file", type=Path, default=Path("runs/truth-coverage.jsonl"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    keys = [
        (law, n, seed)
        for seed in range(options.repeats)
        for n in options.n
        for law in chosen(MAKERS, options.laws)
    ]
    top_up(options.file, keys, repeat, options.jobs)
    print(table(read(options.file)))


def print_table(arguments: list[str]) -> None:
    """Print the table of a file, also of one that is still growing."""
    parser = argparse.ArgumentParser(description="The table of a file of coverage.")
    parser.add_argument("file", type=Path)
    print(table(read(parser.parse_args(arguments).file)))
