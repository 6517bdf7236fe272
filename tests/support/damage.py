"""Damage to checkpoints, and checkpoints that somebody else wrote."""

import json
from pathlib import Path

from fgan.files import digest_of
from fgan.training.checkpoint import RECIPE, SUMS


def flip(path: Path, at: int = -5) -> None:
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


def sign(checkpoint: Path) -> None:
    """Make the digests fit the files, as somebody who changes them on purpose does."""
    names = [line.split("  ")[1] for line in (checkpoint / SUMS).read_text().splitlines()]
    lines = [f"{digest_of((checkpoint / name).read_bytes())}  {name}\n" for name in names]
    (checkpoint / SUMS).write_text("".join(lines))


def make_old(checkpoint: Path, *without: str) -> None:
    """Leave what a version without digests wrote."""
    (checkpoint / SUMS).unlink()
    state = json.loads((checkpoint / "state.json").read_text())
    kept = {name: value for name, value in state.items() if name not in (RECIPE, "torch", *without)}
    (checkpoint / "state.json").write_text(json.dumps(kept, indent=2))
