"""A time lapse: the pictures of a run during training, always from the same latents, as an animation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fgan.data.animation import Animation
from fgan.data.lettering import draw_text
from fgan.errors import FganError, RunError
from fgan.files import size_of
from fgan.output import Say
from fgan.training.config import TrainConfig
from fgan.training.run_directory import RunDirectory

if TYPE_CHECKING:
    from PIL.Image import Image

TIME_LAPSE = "time-lapse.gif"
"""File name in the run directory."""
HOLD = 2.0
"""Extra seconds for the last picture."""
PICTURES = 48
"""Minimum number of pictures, unless the user set how often to draw."""
MOST = 200
"""Maximum number of pictures, evenly chosen, to keep the file to a few megabytes."""


def often_enough(config: TrainConfig, *, told: bool) -> TrainConfig:
    """Return a recipe that draws pictures often enough for a time lapse.

    Args:
        config: the recipe.
        told: whether the user set how often, or the run has already begun; then the recipe is not changed.

    Raises:
        FganError: if there would be no pictures.
    """
    if not config.sample_count or (told and not config.sample_every):
        raise FganError(
            "--gif shows the pictures that are drawn during training; got "
            + ("--sample-count 0" if not config.sample_count else "--sample-every 0")
            + ". Use a positive number, or omit --gif."
        )
    every = max(1, config.steps // PICTURES)
    return config if told else replace(config, sample_every=min(config.sample_every or every, every))


def keep_time_lapse(run: RunDirectory, say: Say) -> bool:
    """Write the time lapse of a run into its folder, if it has pictures yet; return whether it has.

    Raises:
        FganError: if it cannot be written.
    """
    if not pictures_of(run):
        return False
    animation, path = time_lapse(run), run.path / TIME_LAPSE
    with run.writing():
        animation.save(path)
    there, shown = len(_paths_of(run)), len(animation.frames)
    count = f"{shown}" if shown == there else f"{shown} of {there}"
    say(f"time lapse of {count} pictures: {path} ({size_of(path)})")
    return True


def time_lapse(run: RunDirectory, fps: float = 8) -> Animation:
    """Return the pictures in a run's `samples/` as an animation, with the steps below.

    Args:
        run: a run that has drawn pictures.
        fps: pictures per second; the last one stays for two more seconds.

    Raises:
        RunError: if there are none, or one is damaged.
    """
    pictures = pictures_of(run)
    if not pictures:
        raise RunError(
            f"{run.path}/samples has no pictures for a time lapse. Train with --sample-every STEPS."
        )
    return Animation([captioned(one, f"step {step:,}") for step, one in pictures.items()], fps, HOLD)


def pictures_of(run: RunDirectory) -> dict[int, Image]:
    """Return the pictures of a run by step, oldest first: those with the size of the last one, at most 200.

    Raises:
        RunError: if one is damaged.
    """
    from PIL import Image

    paths, found = _paths_of(run), {}
    kept = (
        [paths[k * (len(paths) - 1) // max(1, MOST - 1)] for k in range(MOST)] if len(paths) > MOST else paths
    )
    for step, path in kept:
        try:
            with Image.open(path) as picture:
                found[step] = picture.convert("L" if picture.mode == "L" else "RGB")
        except OSError as error:
            raise RunError(f"the picture {path} is damaged ({error}). Delete this file.") from error
    last = next(reversed(found.values()), None)
    return {
        step: one for step, one in found.items() if last and (one.size, one.mode) == (last.size, last.mode)
    }


def _paths_of(run: RunDirectory) -> list[tuple[int, Path]]:
    """Return the steps and paths of a run's pictures, oldest first."""
    paths = [(path.stem.removeprefix("step-"), path) for path in (run.path / "samples").glob("step-*.png")]
    return sorted((int(number), path) for number, path in paths if number.isdecimal())


def captioned(picture: Image, text: str) -> Image:
    """Return a picture with a caption below it."""
    from PIL import Image

    line = draw_text(text, letters=1000)
    sheet = Image.new(picture.mode, (max(picture.width, line.width), picture.height + line.height), "white")
    sheet.paste(picture, ((sheet.width - picture.width) // 2, 0))
    sheet.paste(line.convert(picture.mode), (0, picture.height))
    return sheet
