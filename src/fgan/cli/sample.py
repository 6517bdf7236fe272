"""`fgan sample`: from a run directory to a picture or an array."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from fgan.cli import print_error
from fgan.errors import FganError

TABLES = (".csv", ".tsv", ".parquet")
"""Endings of names of files that rows of a table are written to."""


@dataclass(frozen=True, kw_only=True)
class SampleCommand:
    """Draw samples from a run's generator: a .png picture, a .npy array that `fgan train` can read, or a table."""

    run: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN")]
    """The run directory; or an exported generator: a .safetensors file, a hub folder, or hub:USER/NAME."""
    n: int = 64
    """How many samples."""
    out: Path | None = None
    """Where to: a name that ends in .png or .npy; of a run on a table in .csv, .tsv or .parquet. samples.png or
    samples.csv if not given."""
    seed: int = 0
    """Decides the latents."""
    label: str | None = None
    """A class of a conditional run, such as 7 or cat; its classes in turn if not given."""
    generator: str = ""
    """The generator of a run with one of your own, FILE.py:NAME or package.module:NAME; where it cannot be found by
    what config.json says."""
    best: bool = False
    """Draw from the best checkpoint of a run that was judged while it trained, not from the newest."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and sample."""
    command = tyro.cli(SampleCommand, prog="fgan sample", args=arguments)
    if command.n < 1:
        raise FganError(f"--n must be at least 1; got {command.n}.")
    if command.out and command.out.suffix not in (".png", ".npy", *TABLES):
        raise FganError(
            f'--out must end in .png or .npy, of a table in {", ".join(TABLES)}; got "{command.out}".'
        )
    from fgan.data import draw_samples, save_array, save_picture
    from fgan.exporting import TrainedGenerator, opened

    source = opened(command.run, print_error, generator=command.generator)
    out = command.out or Path("samples.png")
    exported = isinstance(source, TrainedGenerator)
    if exported and command.best:
        raise FganError(f"--best chooses a checkpoint of a run; {command.run} is none. Leave it out.")
    if table := source.table if exported else source.table():
        from fgan.data.encoding.write import save_table

        out = command.out or Path("samples.csv")
        if out.suffix not in TABLES:
            raise FganError(
                f'{command.run} makes rows of a table: --out must end in {", ".join(TABLES)}; got "{out}".'
            )
        best = {} if exported else {"best": command.best}
        rows: Any = source.rows(command.n, seed=command.seed, label=command.label, **best)
        save_table(rows, out, table)
        print_error(f"{command.n} rows in {out}")
        return
    if out.suffix in TABLES:
        raise FganError(f'--out must end in .png or .npy, as {command.run} makes no tables; got "{out}".')
    if isinstance(source, TrainedGenerator):
        samples = source.sample(command.n, seed=command.seed, label=command.label)
    else:
        samples = source.sample(command.n, seed=command.seed, label=command.label, best=command.best)
    if out.suffix == ".png":
        save_picture(draw_samples(samples), out)
    else:
        save_array(samples, out)
    print_error(f"{command.n} samples in {out}")
