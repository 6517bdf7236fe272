"""Samples of every run as pictures in the page: grids of images, points or histograms over the data."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from fgan.data import Dataset, draw_samples
from fgan.errors import FganError
from fgan.reporting.html.gather import Run

if TYPE_CHECKING:
    from PIL.Image import Image

BYTES = 1_400_000
"""Of all pictures together, as the page holds them."""
COUNTS = (64, 36, 16, 9, 4)
"""Images in a grid: as many as there is room for."""
SIDE = 64
"""Pixels of an image in a grid; larger ones are made smaller."""
VECTORS = 1500
DOTS = 480
"""Pixels a side of a picture of points."""
GREY = "#8a8f98"


@dataclass(frozen=True)
class Picture:
    """A picture of one run's samples, or of the data where there is no run."""

    run: Run | None
    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class Grids:
    """All pictures, of how many samples each, whether these are images; notes, each with its run."""

    pictures: list[Picture]
    count: int
    of_images: bool
    notes: list[tuple[str, str]]


def grids(runs: Sequence[Run], dataset: Dataset | None, colours: Mapping[str, str], seed: int) -> Grids:
    """Draw samples of every run from the same latents, beside samples of the data.

    Args:
        runs: those with a checkpoint are drawn.
        dataset: the data, if they could be loaded.
        colours: of the points, by game.
        seed: decides the latents.
    """
    samples: list[tuple[Run, Tensor]] = []
    notes: list[tuple[str, str]] = []
    for run in runs:
        if not run.step:
            notes.append(("no checkpoint to draw samples from", run.name))
        else:
            try:
                samples.append((run, _samples(run, seed)))
            except FganError as error:
                notes.append((f"no samples: {error}", run.name))
    if not samples:
        return Grids([], 0, False, notes)
    count = len(samples[0][1])
    real = dataset.held_out.draw(count, torch.Generator().manual_seed(seed)) if dataset else None
    real = dataset.frame.outward(real) if dataset and real is not None else None
    of_images = samples[0][1].ndim == 4
    if of_images:
        pictures, count = _images(samples, real)
    else:
        pictures = _vectors(samples, real, colours)
    return Grids(pictures, count, of_images, notes)


def _samples(run: Run, seed: int) -> Tensor:
    images = run.directory.sampler().sample(max(COUNTS), seed=seed)
    return images if images.ndim == 4 else run.directory.sampler().sample(VECTORS, seed=seed)


def first_of_each(runs: Sequence[Run]) -> list[Run]:
    """Return the runs in an order in which every group has one before any has two."""
    seen: dict[str, int] = {}
    turns = []
    for run in runs:
        seen[run.group] = seen.get(run.group, 0) + 1
        turns.append(seen[run.group])
    return [run for _, run in sorted(zip(turns, runs, strict=True), key=lambda pair: pair[0])]


def _images(samples: list[tuple[Run, Tensor]], real: Tensor | None) -> tuple[list[Picture], int]:
    panels: list[tuple[Run | None, Tensor]] = [(None, real)] if real is not None else []
    panels += samples
    sets = [(run, _smaller(values)) for run, values in panels]
    tries = ((count, kind) for count in COUNTS for kind in ("PNG", "JPEG"))
    while True:
        count, kind = next(tries)
        pictures = [_picture(run, draw_samples(values[:count], scale=1), kind) for run, values in sets]
        if sum(len(picture.uri) for picture in pictures) <= BYTES or (count, kind) == (COUNTS[-1], "JPEG"):
            return pictures, count


def _smaller(images: Tensor) -> Tensor:
    side = max(images.shape[2:])
    if side <= SIDE:
        return images
    size = [max(1, round(length * SIDE / side)) for length in images.shape[2:]]
    return torch.nn.functional.interpolate(images, size=size, mode="bilinear", antialias=True)


def _picture(run: Run | None, image: Image, kind: str) -> Picture:
    memory = io.BytesIO()
    image.save(memory, format=kind, **({"quality": 80} if kind == "JPEG" else {"optimize": True}))
    encoded = base64.b64encode(memory.getvalue()).decode()
    return Picture(run, f"data:image/{kind.lower()};base64,{encoded}", *image.size)


def _vectors(
    samples: list[tuple[Run, Tensor]], real: Tensor | None, colours: Mapping[str, str]
) -> list[Picture]:
    """Draw the first one or two features of each run over the data, all on the same axes, without a background."""
    values = [(run, _finite(vectors)) for run, vectors in samples]
    shown = _finite(real) if real is not None else torch.cat([vectors for _, vectors in values])
    low, high = shown.amin(0), shown.amax(0)
    margin = (high - low).clamp(min=1e-6) / 8
    limits = list(zip((low - margin).tolist(), (high + margin).tolist(), strict=True))
    beneath = None if real is None else shown
    pictures = [_points(run, vectors, beneath, limits, colours[run.game]) for run, vectors in values]
    if len(limits) == 2 and beneath is not None:
        return [_points(None, beneath[:0], beneath, limits, GREY), *pictures]
    return pictures


def _finite(vectors: Tensor) -> Tensor:
    first = vectors[:, :2].double()
    return first[first.isfinite().all(1)]


def _points(
    run: Run | None, vectors: Tensor, beneath: Tensor | None, limits: list[tuple[float, float]], colour: str
) -> Picture:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(DOTS / 160, DOTS / 160), dpi=160)
    figure.patch.set_alpha(0)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    layers = [] if beneath is None else [(beneath, GREY, 0.45)]
    for values, paint, alpha in [*layers, (vectors, colour, 0.7)]:
        if len(limits) == 1:
            axes.hist(values[:, 0].numpy(), bins=60, range=limits[0], density=True, color=paint, alpha=alpha)
        else:
            axes.scatter(values[:, 0], values[:, 1], s=5, color=paint, alpha=alpha, linewidths=0)
    axes.set_xlim(limits[0])
    if len(limits) == 2:
        axes.set_ylim(limits[1])
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    return _picture(run, image.quantize(64), "PNG")
