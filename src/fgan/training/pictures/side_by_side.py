"""The time lapses of several runs side by side, step by step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from fgan.data import draw_samples
from fgan.data.animation import Animation
from fgan.data.pictures import SEPARATOR, TILE
from fgan.errors import RunError
from fgan.training.pictures.time_lapse import HOLD, captioned, pictures_of
from fgan.training.run_directory import RunDirectory

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH = 900
"""Approximate maximum width of all panels together, in pixels."""
SAMPLES, MANY, SIDE = (4, 3), 3, 56
"""Samples a side of a panel, and where this many panels stand in a row; pixels that each is wide at most."""
GAP = 12


def side_by_side(runs: Mapping[str, RunDirectory], fps: float = 8) -> Animation:
    """Return an animation with the pictures of several runs side by side at the same steps, with their names.

    For images, only the first few samples are shown. A run that ended early keeps its last picture.

    Args:
        runs: by name, on the same data; those without pictures are skipped.
        fps: pictures per second; the last one stays for two more seconds.

    Raises:
        RunError: if none has pictures.
    """
    found = {name: pictures for name, run in runs.items() if (pictures := pictures_of(run))}
    if not found:
        raise RunError(
            f"no pictures for a time lapse in the samples/ folders of {', '.join(runs) or 'no runs'}. Train with "
            "--sample-every STEPS."
        )
    shape = next(iter(runs[name] for name in found)).sampler().frame.shape
    across = math.ceil(math.sqrt(len(found)))
    steps = sorted({step for pictures in found.values() for step in pictures})
    frames = []
    for step in steps:
        panels = []
        for name, pictures in found.items():
            latest = max((one for one in pictures if one <= step), default=min(pictures))
            panels.append(captioned(_panel(pictures[latest], shape, across), name))
        frames.append(captioned(_beside(panels, across), f"step {step:,}"))
    return Animation(frames, fps, HOLD)


def _panel(picture: Image, shape: tuple[int, ...], across: int) -> Image:
    """Return the part of a run's picture that fits."""
    room = min(WIDTH // across, picture.width)
    if len(shape) != 3:
        from PIL import Image

        height = round(picture.height * room / picture.width)
        return picture.resize((room, height), Image.Resampling.LANCZOS)
    tiles = _tiles(picture, *shape[1:], most=SAMPLES[across >= MANY])
    side = math.isqrt(len(tiles))
    return draw_samples(tiles, columns=side, scale=max(1, min(SIDE, room // side) // max(shape[1:])))


def _tiles(picture: Image, height: int, width: int, most: int) -> Tensor:
    """Return the first samples of a grid that `draw_samples` drew, k by k for k at most `most`, not enlarged."""
    scale = max(1, TILE // max(height, width))
    down, across = height * scale + SEPARATOR, width * scale + SEPARATOR
    pixels = np.atleast_3d(np.asarray(picture))
    tops, lefts = range(0, pixels.shape[0], down), range(0, pixels.shape[1], across)
    side = min(most, len(tops), len(lefts))
    tiles = [
        pixels[top : top + height * scale : scale, left : left + width * scale : scale]
        for top in tops[:side]
        for left in lefts[:side]
    ]
    return torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2)


def _beside(panels: list[Image], across: int) -> Image:
    from PIL import Image

    width, height = max(one.width for one in panels) + GAP, max(one.height for one in panels) + GAP
    rows = math.ceil(len(panels) / across)
    sheet = Image.new(panels[0].mode, (across * width - GAP, rows * height - GAP), "white")
    for number, one in enumerate(panels):
        sheet.paste(one, (number % across * width, number // across * height))
    return sheet
