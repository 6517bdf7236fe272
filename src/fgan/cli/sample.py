"""`fgan sample`: from a run directory to a picture, an animation or an array."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from fgan.cli import print_error
from fgan.errors import FganError
from fgan.files import size_of
from fgan.seeds import checked_seed

if TYPE_CHECKING:
    from fgan.training.sampling import Sampler

STILL, MOVING = (".png", ".npy"), (".gif", ".webp", ".apng", ".mp4")
TABLES = (".csv", ".tsv", ".parquet")
"""Endings of names of files: pictures and arrays, animations, rows of a table."""


@dataclass(frozen=True, kw_only=True)
class SampleCommand:
    """Draw samples from a run's generator: a picture, an animation, a .npy array, or rows of a table."""

    run: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN")]
    """The run directory; or an exported generator: a .safetensors file, a hub folder, or hub:USER/NAME."""
    n: int | None = None
    """How many samples: 64 if not given. With --walk how many walks at once: 16, of points 500; with --interpolate how
    many from one seed to the other, with --grid-by-class how many of each class: 8."""
    out: Path | None = None
    """Where to: a name that ends in .png or .npy, of a run on a table in .csv, .tsv or .parquet; samples.png or
    samples.csv if not given. An animation ends in .gif, .webp, .apng, or .mp4, for which ffmpeg must be on the PATH;
    walk.gif if not given."""
    seed: int = 0
    """Decides the latents."""
    label: str | None = None
    """A class of a conditional run, such as 7 or cat; its classes in turn if not given."""
    truncate: float | None = None
    """Cut the normal distribution of latents off at this distance from 0, such as 0.7: cleaner samples that vary less.
    Never judge a generator by these."""
    walk: int | None = None
    """Animate a walk through this many latents, on great circles, that ends where it begins."""
    interpolate: tuple[int, int] | None = None
    """Two seeds: the way from the sample of one to that of the other, in a row, or there and back if --out is an
    animation; of a conditional run all classes, or --label."""
    grid_by_class: bool = False
    """A row for each class of a conditional run, its name beside it, from the same latents in each column."""
    frames: int | None = None
    """Pictures of an animation; 12 for each latent of --walk, 48 for --interpolate if not given."""
    fps: float | None = None
    """Pictures a second of an animation, at most 50; 15 if not given."""
    generator: str = ""
    """The generator of a run with one of your own, FILE.py:NAME or package.module:NAME; where it cannot be found by
    what config.json says."""
    best: bool = False
    """Draw from the best checkpoint of a run that was judged while it trained, not from the newest."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and sample."""
    command = tyro.cli(SampleCommand, prog="fgan sample", args=arguments)
    out = _checked(command)
    from fgan.data.video import require_ffmpeg
    from fgan.exporting import TrainedGenerator, opened

    if out and out.suffix.lower() == ".mp4":
        require_ffmpeg()
    source = opened(command.run, print_error, generator=command.generator)
    if isinstance(source, TrainedGenerator):
        if command.best:
            raise FganError(f"--best chooses a checkpoint of a run; {command.run} is none. Leave it out.")
        sampler = source.sampler()
    else:
        sampler = source.sampler(best=command.best)
    out = out or Path("samples.csv" if sampler.table else "samples.png")
    what = _write_rows(command, sampler, out) if sampler.table else _write(command, sampler, out)
    print_error(f"{what} in {out} ({size_of(out)})")
    if command.truncate is not None:
        print_error(
            f"--truncate {command.truncate:g}: cleaner, and less spread than the generator has. Not for evaluation."
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
        raise FganError(f"{' and '.join(chosen)} are different pictures; draw one at a time.")
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
        hint = (
            " Animations are made by --walk 8, or by --interpolate 0 1."
            if out.suffix.lower() in MOVING
            else ""
        )
        raise FganError(
            f"--out must end in {', '.join(endings[:-1])}{' or ' if endings[1:] else ''}{endings[-1]}"
            f'{f" with {mode}" if mode else ""}; got "{out}".{hint}'
        )
    if out.suffix.lower() not in MOVING:
        _refuse_speeds(command, str(out))
    if mode == "--interpolate" and command.seed:
        raise FganError("--interpolate names its own two seeds; leave --seed out.")
    if mode == "--grid-by-class" and command.label is not None:
        raise FganError("--grid-by-class shows every class; leave --label out.")
    if mode == "--interpolate" and out.suffix.lower() in MOVING and command.n is not None:
        raise FganError(
            "--n is how many samples stand in the row of --interpolate; an animation has --frames."
        )
    return out


def _refuse_speeds(command: SampleCommand, what: str) -> None:
    for flag, value in (("--frames", command.frames), ("--fps", command.fps)):
        if value is not None:
            raise FganError(f"{flag} is for animations; {what} is none. Leave it out.")


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
