"""Samples of every run as pictures in the page: grids of images, points or histograms over the data."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
ACROSS = (8, 6, 4, 3, 2)
"""Columns of a grid, and its rows where these are not classes: as many as there is room for."""
MOST_CLASSES = 20
"""Classes that have a row each; of more, a grid shows samples in turn."""
SIDE = 64
"""Pixels of an image in a grid; larger ones are made smaller."""
VECTORS = 1500
DOTS = 480
"""Pixels a side of a picture of points."""
GREY = "#8a8f98"


@dataclass(frozen=True)
class Picture:
    """A picture of one run's samples, or of the data where there is no run; with the classes of its rows, if any."""

    run: Run | None
    uri: str
    width: int
    height: int
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """Samples to draw: those of a run, or of the data; sorted by class, as many of each, where there are classes."""

    run: Run | None
    values: Tensor
    classes: tuple[str, ...] = ()


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
    panels: list[Panel] = []
    notes: list[tuple[str, str]] = []
    for run in runs:
        if not run.step:
            notes.append(("no checkpoint to draw samples from", run.name))
        else:
            try:
                panels.append(_samples(run, seed))
            except FganError as error:
                notes.append((f"no samples: {error}", run.name))
    if not panels:
        return Grids([], 0, False, notes)
    if panels[0].values.ndim == 4:
        real = [_images_of(dataset, panels, seed)] if dataset else []
        pictures, across = _images([*real, *panels])
        return Grids(pictures, across**2, True, notes)
    count = len(panels[0].values)
    real = dataset.held_out.draw(count, torch.Generator().manual_seed(seed)) if dataset else None
    real = dataset.frame.outward(real) if dataset and real is not None else None
    samples = [(panel.run, panel.values) for panel in panels if panel.run]
    return Grids(_vectors(samples, real, colours), count, False, notes)


def _samples(run: Run, seed: int) -> Panel:
    sampler, most = run.directory.sampler(), max(ACROSS)
    images = sampler.sample(most**2, seed=seed)
    if images.ndim != 4:
        return Panel(run, sampler.sample(VECTORS, seed=seed))
    names = tuple(sampler.classes)
    if not 1 < len(names) <= MOST_CLASSES:
        return Panel(run, images)
    latents = sampler.latents(most, seed).repeat(len(names), 1)
    labels = torch.arange(len(names)).repeat_interleave(most)
    return Panel(run, sampler.samples(latents, labels, len(labels)), names)


def _images_of(dataset: Dataset, panels: Sequence[Panel], seed: int) -> Panel:
    """Draw images of the data: by class where a run has the same classes, and as many of each; a lack stays black."""
    random, most = torch.Generator().manual_seed(seed), max(ACROSS)
    names = next((panel.classes for panel in panels if panel.classes), ())
    if names and names == tuple(dataset.classes):
        drawn, labels = dataset.held_out.draw_labelled(8 * most * len(names), random)
        if labels is not None:
            images = dataset.frame.outward(drawn)
            rows = [images[labels == place][:most] for place in range(len(names))]
            full = [torch.cat([row, torch.zeros(most - len(row), *row.shape[1:])]) for row in rows]
            return Panel(None, torch.cat(full), names)
    return Panel(None, dataset.frame.outward(dataset.held_out.draw(most**2, random)))


def first_of_each(runs: Sequence[Run]) -> list[Run]:
    """Return the runs in an order in which every group has one before any has two."""
    seen: dict[str, int] = {}
    turns = []
    for run in runs:
        seen[run.group] = seen.get(run.group, 0) + 1
        turns.append(seen[run.group])
    return [run for _, run in sorted(zip(turns, runs, strict=True), key=lambda pair: pair[0])]


def _images(panels: Sequence[Panel]) -> tuple[list[Picture], int]:
    """Draw grids, of as many images as there is room for; return the pictures and the columns of a grid."""
    smaller = [replace(panel, values=_smaller(panel.values)) for panel in panels]
    tries = ((across, kind) for across in ACROSS for kind in ("PNG", "JPEG"))
    while True:
        across, kind = next(tries)
        pictures = [_grid(panel, across, kind) for panel in smaller]
        if sum(len(picture.uri) for picture in pictures) <= BYTES or (across, kind) == (ACROSS[-1], "JPEG"):
            return pictures, across


def _grid(panel: Panel, across: int, kind: str) -> Picture:
    if not panel.classes:
        return _picture(panel.run, draw_samples(panel.values[: across**2], scale=1), kind)
    rows = panel.values.unflatten(0, (len(panel.classes), -1))[:, :across]
    image = draw_samples(rows.flatten(0, 1), columns=across, scale=1)
    return replace(_picture(panel.run, image, kind), classes=panel.classes)


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
