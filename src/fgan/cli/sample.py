"""`fgan sample`: from a run directory to a picture, an animation or an array."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from fgan.cli import print_error
from fgan.cli.arguments import read
from fgan.cli.help import Page
from fgan.errors import FganError
from fgan.files import size_of
from fgan.seeds import checked_seed

if TYPE_CHECKING:
    from fgan.training.sampling import Sampler

STILL, MOVING = (".png", ".npy"), (".gif", ".webp", ".apng", ".mp4")
TABLES = (".csv", ".tsv", ".parquet")
"""Endings of names of files: pictures and arrays, animations, rows of a table."""


HELP = Page(
    "fgan sample",
    examples=(
        "fgan sample runs/moons-js-seed0",
        "fgan sample runs/moons-js-seed0 --n 10000 --out samples.npy",
        "fgan sample runs/digits-gan-seed0 --walk 8 --out walk.gif",
    ),
    common=(
        "--n",
        "--out",
        "--seed",
        "--label",
        "--walk",
        "--interpolate",
        "--grid-by-class",
        "--best",
    ),
)


@dataclass(frozen=True, kw_only=True)
class SampleCommand:
    """Draw samples from a generator as a picture, an animation, a .npy array, or table rows."""

    run: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN")]
    """Run directory; or an exported generator: a .safetensors file, a hub folder, or hub:USER/NAME."""
    n: int | None = None
    """Number of samples; with --walk, of walks shown at once; with --interpolate, of samples in the row; with
    --grid-by-class, of samples per class. (default: 64; with --walk 16 pictures or 500 points; otherwise 8)"""
    out: Path | None = None
    """File to write: .png or .npy; for a run on a table .csv, .tsv or .parquet; for an animation .gif, .webp, .apng or
    .mp4 (needs ffmpeg). (default: samples.png, samples.csv or walk.gif)"""
    seed: int = 0
    """Seed for the latents."""
    label: str | None = None
    """Class to draw from a conditional run, such as 7 or cat. (default: all classes in turn)"""
    truncate: float | None = None
    """Truncate latents at this distance from 0, such as 0.7, for cleaner but less varied samples. Do not evaluate a
    generator on truncated samples. (default: no truncation)"""
    walk: int | None = None
    """Animate a walk through this many latents; it follows great circles and ends where it starts. (default: no
    animation)"""
    interpolate: tuple[int, int] | None = None
    """Interpolate between the samples of two seeds: one row of pictures, or back and forth if --out is an animation. A
    conditional run shows all classes, or --label. (default: no interpolation)"""
    grid_by_class: bool = False
    """Draw one labelled row per class of a conditional run; each column shares its latent."""
    frames: int | None = None
    """Number of frames of an animation. (default: 12 for each latent of --walk, 48 for --interpolate)"""
    fps: float | None = None
    """Frames per second of an animation, at most 50. (default: 15)"""
    generator: str = ""
    """Where to find a custom generator now, FILE.py:NAME or package.module:NAME, if it is no longer where config.json
    says."""
    best: bool = False
    """Use the best checkpoint instead of the newest; needs a run trained with --evaluate-every."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and sample."""
    command = read(SampleCommand, arguments, HELP)
    out = _checked(command)
    from fgan.data.video import require_ffmpeg
    from fgan.exporting import TrainedGenerator, opened

    if out and out.suffix.lower() == ".mp4":
        require_ffmpeg()
    source = opened(command.run, print_error, generator=command.generator)
    if isinstance(source, TrainedGenerator):
        if command.best:
            raise FganError(
                f"--best works for run directories only; {command.run} is an exported generator. Leave --best out."
            )
        sampler = source.sampler()
    else:
        sampler = source.sampler(best=command.best)
    out = out or Path("samples.csv" if sampler.table else "samples.png")
    what = _write_rows(command, sampler, out) if sampler.table else _write(command, sampler, out)
    print_error(f"saved {out}: {what} ({size_of(out)})")
    if command.truncate is not None:
        print_error(
            f"--truncate {command.truncate:g} makes samples cleaner and less varied. Do not evaluate on them."
        )


def _modes(command: SampleCommand) -> dict[str, bool]:
    return {
        "--walk": command.walk is not None,
        "--interpolate": command.interpolate is not None,
        "--grid-by-class": command.grid_by_class,
    }


def _checked(command: SampleCommand) -> Path | None:
    """Return where to write, None where the run decides; refuse, before torch is loaded, what contradicts itself."""
    chosen = [flag for flag, is_given in _modes(command).items() if is_given]
    if len(chosen) > 1:
        raise FganError(f"{' and '.join(chosen)} cannot be combined. Use one at a time.")
    mode = chosen[0] if chosen else ""
    if command.n is not None and command.n < 1:
        raise FganError(f"--n must be at least 1; got {command.n}.")
    checked_seed(command.seed)
    if command.out is None and not mode:
        _refuse_speeds(command, "a picture")
        return None
    out = command.out or Path("walk.gif" if command.walk is not None else "samples.png")
    endings = {"--walk": MOVING, "--interpolate": (*STILL, *MOVING), "--grid-by-class": (".png",)}.get(
        mode, (*STILL, *TABLES)
    )
    if out.suffix.lower() not in endings:
        hint = " For an animation add --walk 8 or --interpolate 0 1." if out.suffix.lower() in MOVING else ""
        raise FganError(
            f"--out must end in {', '.join(endings[:-1])}{' or ' if endings[1:] else ''}{endings[-1]}"
            f'{f" with {mode}" if mode else ""}; got "{out}".{hint}'
        )
    if out.suffix.lower() not in MOVING:
        _refuse_speeds(command, str(out))
    if mode == "--interpolate" and command.seed:
        raise FganError("--interpolate already has two seeds. Leave --seed out.")
    if mode == "--grid-by-class" and command.label is not None:
        raise FganError("--grid-by-class shows all classes. Leave --label out.")
    if mode == "--interpolate" and out.suffix.lower() in MOVING and command.n is not None:
        raise FganError(
            f"--n sets the length of a row of pictures, but {out} is an animation. Use --frames instead."
        )
    return out


def _refuse_speeds(command: SampleCommand, what: str) -> None:
    for flag, value in (("--frames", command.frames), ("--fps", command.fps)):
        if value is not None:
            raise FganError(f"{flag} works for animations only; {what} is not one. Leave it out.")


def _write_rows(command: SampleCommand, sampler: Sampler, out: Path) -> str:
    """Write rows of a table and return what they are."""
    from fgan.data.encoding.write import save_table
    from fgan.data.tables import Table

    for flag, given in _modes(command).items():
        if given:
            raise FganError(
                f"{flag} draws pictures and points; {command.run} makes rows of a table. Leave it out."
            )
    if out.suffix.lower() not in TABLES:
        raise FganError(
            f'{command.run} makes rows of a table: --out must end in {", ".join(TABLES)}; got "{out}".'
        )
    n = command.n or 64
    rows = sampler.rows(n, seed=command.seed, label=command.label, truncate=command.truncate)
    assert isinstance(rows, Table) and sampler.table, "it makes rows"
    save_table(rows, out, sampler.table)
    return f"{n} rows"


def _write(command: SampleCommand, sampler: Sampler, out: Path) -> str:
    """Make what is asked for and write it; return what it is."""
    if out.suffix.lower() in TABLES:
        raise FganError(f'--out must end in .png or .npy, as {command.run} makes no tables; got "{out}".')
    from fgan.data import draw_samples, save_array, save_picture
    from fgan.training.pictures import between, draw_by_class, draw_rows, in_rows, interpolated, walk

    if out.suffix.lower() in MOVING:
        options = {"frames": command.frames, "fps": 15 if command.fps is None else command.fps}
        options |= {"label": command.label, "truncate": command.truncate}
        if command.interpolate:
            animation = between(sampler, *command.interpolate, **options)
        else:
            assert command.walk is not None, "nothing else moves"
            animation = walk(sampler, command.walk, n=command.n, seed=command.seed, **options)
        animation.save(out)
        return f"{len(animation.frames)} pictures"
    if command.grid_by_class:
        latents = sampler.latents(command.n or 8, command.seed, command.truncate)
        save_picture(draw_by_class(sampler, latents, say=print_error), out)
        return f"{len(sampler.classes)} classes"
    if command.interpolate:
        latents = interpolated(sampler, *command.interpolate, n=command.n, truncate=command.truncate)
        if out.suffix.lower() == ".png" and len(sampler.frame.shape) == 3:
            save_picture(draw_rows(sampler, latents, command.label, say=print_error), out)
            return f"{len(latents)} samples on the way"
        samples = in_rows(sampler, latents, command.label)
    else:
        samples = sampler.sample(
            command.n or 64, seed=command.seed, label=command.label, truncate=command.truncate
        )
    if out.suffix.lower() == ".png":
        save_picture(draw_samples(samples), out)
    else:
        save_array(samples, out)
    return f"{len(samples)} samples"
