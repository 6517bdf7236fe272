"""Faults and mutated inputs, as many as there is time for: the tables of docs/reliability.md.

    python benchmarks/torture.py [PART ...] [--minutes 30] [--short] [--seed 0] [--json FILE]

A part is a file torture_PART.py beside this one. It gets its share of the time, on one core; two parts run at once.
--short gives each a few seconds. Exit code 1 if anything was found. Needs Linux.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

from torture_tally import HEADING, KINDS, Tally

SHARES = {
    "kills": 6, "storage": 3, "families": 2, "blowups": 2, "json": 3, "names": 2, "readers": 8, "bombs": 1,
}  # fmt: skip
"""Parts, and how much of the time each gets."""
SHORT_SECONDS = 50.0
AT_ONCE = 2


def main() -> int:
    arguments = parsed()
    seconds = SHORT_SECONDS if arguments.short else 60 * arguments.minutes
    parts = arguments.part or list(SHARES)
    a_share = AT_ONCE * seconds / sum(SHARES[part] for part in (SHARES if arguments.short else parts))
    tallies = []
    print(HEADING, flush=True)
    with ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        longest_first = sorted(parts, key=lambda part: -SHARES[part])
        futures = [pool.submit(tried, part, a_share * SHARES[part], arguments.seed) for part in longest_first]
        for future in as_completed(futures):
            tallies.append(future.result())
            print(tallies[-1].row(), flush=True)
    return told(tallies, arguments.json)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="*", choices=[*SHARES, []])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def tried(part: str, seconds: float, seed: int) -> Tally:
    """Run one part; the forks of torture_forks need that this process has computed nothing."""
    sys.path.insert(0, str(Path(__file__).parent))
    began = time.monotonic()
    tally: Tally = importlib.import_module(f"torture_{part}").torture(seconds, seed)
    tally.seconds = time.monotonic() - began
    tally.found = dict(tally.found)
    return tally


def told(tallies: list[Tally], path: Path | None) -> int:
    """Print the sum and the findings; return the exit code."""
    total = Tally("all", sum(t.faults for t in tallies), sum(t.inputs for t in tallies))
    for tally in tallies:
        total.seconds += tally.seconds
        for kind in KINDS:
            total.found[kind] += [f"{tally.part}: {what}" for what in tally.found.get(kind, [])]
    print(total.row())
    for kind, found in total.found.items():
        for what in found:
            print(f"{kind}: {what}")
    if path:
        path.write_text(json.dumps([vars(tally) for tally in tallies], indent=2))
    return int(not total.clean)


if __name__ == "__main__":
    raise SystemExit(main())
