"""Small files that unpack to gigabytes, or announce them: each read in a child whose memory is measured."""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import torture_bombs_pictures as pictures
import torture_bombs_tables as tables
import torture_forks as forks
from torture_tally import Tally, until

BOMBS = [*pictures.BOMBS, *tables.BOMBS]
BUDGET = 256 << 20
"""What each child may take."""
SLACK = 1.2
SECONDS = 10
"""Of processor time."""
ROOM = 24 << 20
"""Of code and tables that a first reading loads, whatever it reads."""


def torture(seconds: float, seed: int) -> Tally:
    forks.warm()
    warm_readers()
    tally, random_ = Tally("bombs"), random.Random(seed)
    order = [*BOMBS]
    for k in until(seconds):
        if k % len(order) == 0:
            random_.shuffle(order)
        with tempfile.TemporaryDirectory() as folder:
            make = order[k % len(order)]
            judged(tally, make.__name__, made(make, Path(folder), random_.randrange(2**32)), Path(folder))
    return tally


def made(make: pictures.Make, folder: Path, seed: int) -> Path:
    """Make a bomb in a child: what making takes would otherwise be memory that reading finds free."""
    told = folder / "made"

    def call() -> None:
        told.write_text(str(make(folder, random.Random(seed))))

    found = forks.run(call=call, seconds=12 * SECONDS)
    if found.code or not told.exists():
        raise RuntimeError(f"{make.__name__}: {found.text}")
    path = Path(told.read_text())
    told.unlink()
    return path


def warm_readers() -> None:
    import PIL.Image
    import pyarrow.parquet  # noqa: F401

    PIL.Image.init()


def judged(tally: Tally, name: str, path: Path, folder: Path) -> None:
    """Read a bomb in a child, and note tracebacks, hangs, and memory beyond the budget."""
    tally.faults += 1
    told = folder / "told"
    found = forks.run(
        call=lambda: read(path, told),
        setup=forks.limits(memory=16 * BUDGET, processor=3 * SECONDS),
        seconds=12 * SECONDS,
    )
    if found.traceback or found.code not in (0, 2) or not told.exists():
        kind = "traceback" if found.traceback else "hang"
        tally.bad(kind, f"{name}: exit code {found.code}, {found.last}")
        return
    told_of = json.loads(told.read_text())
    if told_of["seconds"] > SECONDS:
        tally.bad("hang", f"{name}: {told_of['seconds']:.1f} s")
    if told_of["grown"] > SLACK * BUDGET + ROOM:
        tally.bad("memory", f"{name}: {told_of['grown'] >> 20} MB of {BUDGET >> 20} MB ({found.last})")
    if os.environ.get("TORTURE_SAY"):
        print(
            f"{name}: {told_of['grown'] >> 20} MB, {told_of['seconds']:.1f} s, {found.code}, {found.last}",
            file=sys.stderr,
        )


def read(path: Path, told: Path) -> int:
    """Load a file under the budget, in this process; the exit code, and its memory and time in `told`."""
    from fgan import memory_limit
    from fgan.data import load_data
    from fgan.errors import FganError

    begin = peak()
    code = 0
    try:
        with memory_limit(BUDGET):
            load_data(f"idx:{path}" if path.name == "idx" else path)
    except FganError as error:
        print(error)
        code = 2
    told.write_text(json.dumps({"grown": peak() - begin, "seconds": time.process_time()}))
    return code


def peak() -> int:
    """Return the largest resident memory of this process, of which files are no part."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024
