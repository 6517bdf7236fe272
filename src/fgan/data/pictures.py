"""Samples as a picture: images as a grid, numbers as a histogram or a scatter plot."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fgan.data.dataset import as_uint8
from fgan.errors import DataError
from fgan.files import save_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

Array = NDArray[np.float64]

SEPARATOR = 2  # pixels between two images of a grid
BACKGROUND = 128
TILE = 64  # pixels that a small image is enlarged to, at most
BINS = 60
ROOM = 1.5
"""The axis of densities ends at this times the highest of the real ones: as for values, they decide what is shown."""
REAL_COLOUR, GENERATED_COLOUR = "#9a9a9a", "#1f6feb"


def draw_samples(
    samples: Tensor,
    *,
    real: Tensor | None = None,
    columns: int | None = None,
    scale: int | None = None,
) -> Image:
    """Draw samples: images as a grid, one feature as a histogram, two or more as a scatter plot.

    Args:
        samples: (n, C, H, W) with C = 1 or 3 and values in [0, 1] (others are clamped, NaN is drawn as 0),
            or (n, D). Of vectors, those with NaN or infinities are left out; of D > 2 features the first two
            are drawn.
        real: (m, D), drawn in grey beneath vectors, on the same axes; not used for images.
        columns: number of columns of the grid (default: near-square).
        scale: whole number by which each pixel of an image is enlarged (default: images become about 64 pixels
            wide).

    Raises:
        DataError: the shapes do not fit, there is nothing to draw, or `columns` or `scale` is below 1.

    >>> import torch
    >>> draw_samples(torch.rand(16, 1, 8, 8)).size
    (262, 262)
    """
    if samples.ndim == 4:
        return _draw_grid(samples, columns, scale)
    if samples.ndim != 2 or samples.shape[1] == 0:
        raise DataError(
            f"samples must be images (n, C, H, W) or vectors (n, D); got the shape {tuple(samples.shape)}."
        )
    if real is not None and (real.ndim != 2 or real.shape[1] != samples.shape[1]):
        raise DataError(
            f"real samples must have {samples.shape[1]} features, like the generated ones; "
            f"got the shape {tuple(real.shape)}."
        )
    rows, beneath = _rows(samples), None if real is None else _rows(real)
    limits = _limits(rows if beneath is None else beneath)
    return _draw_vectors([rows], beneath, samples.shape[1], limits)[0]


def save_picture(image: Image, path: str | Path) -> None:
    """Write a picture as PNG: whole or not at all, and the same bytes for the same pixels.

    Args:
        image: what `draw_samples` returns.
        path: the file; its folder is made if it is missing.

    Raises:
        DataError: the file cannot be written.
    """
    memory = io.BytesIO()
    image.save(memory, format="PNG")
    save_file(Path(path), memory.getvalue(), "A picture")


def _draw_grid(samples: Tensor, columns: int | None, scale: int | None) -> Image:
    from PIL import Image

    n, channels, height, width = samples.shape
    if samples.numel() == 0 or channels not in (1, 3):
        raise DataError(
            f"a grid needs images (n, C, H, W) with C = 1 or 3; got the shape {tuple(samples.shape)}."
        )
    columns = min(n, _at_least_one("columns", columns, math.ceil(math.sqrt(n))))
    scale = _at_least_one("scale", scale, max(1, TILE // max(height, width)))
    rows = math.ceil(n / columns)
    down, across = height * scale + SEPARATOR, width * scale + SEPARATOR
    grid = np.full((rows * down - SEPARATOR, columns * across - SEPARATOR, channels), BACKGROUND, np.uint8)
    for k, tile in enumerate(_pixels(samples).repeat(scale, axis=1).repeat(scale, axis=2)):
        top, left = k // columns * down, k % columns * across
        grid[top : top + height * scale, left : left + width * scale] = tile
    return Image.fromarray(grid[:, :, 0] if channels == 1 else grid)


def _at_least_one(what: str, value: int | None, default: int) -> int:
    if value is not None and value < 1:
        raise DataError(f"{what} must be at least 1; got {value}.")
    return default if value is None else value


def _pixels(samples: Tensor) -> NDArray[np.uint8]:
    """Return (n, H, W, C) in 0..255."""
    return as_uint8(samples.detach().cpu()).permute(0, 2, 3, 1).numpy()


def _rows(samples: Tensor) -> Array:
    """Return the rows in which every drawn feature is finite, float64 (m, 1 or 2)."""
    values = samples.detach().cpu()[:, :2].double().numpy()
    return values[np.isfinite(values).all(axis=1)]


def draw_points(frames: Sequence[Tensor]) -> list[Image]:
    """Draw each of several sets of vectors (n, D) as `draw_samples` does, all on the same axes."""
    rows = [_rows(frame) for frame in frames]
    return _draw_vectors(rows, None, frames[0].shape[1], _limits(np.concatenate(rows)))


def _draw_vectors(frames: Sequence[Array], real: Array | None, features: int, limits: Array) -> list[Image]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(5, 5), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    pictures = []
    top = (
        _top(frames if real is None else [real], limits, 1.05 if real is None else ROOM)
        if features == 1
        else 0
    )
    for samples in frames:
        axes.clear()
        figure.legends.clear()
        layers = [] if real is None else [("real", real, REAL_COLOUR)]
        for label, values, colour in [*layers, ("generated", samples, GENERATED_COLOUR)]:
            label = _count_outside(label, values, limits)
            if features == 1:
                _histogram(axes, values, limits, top, colour, label)
            else:
                _scatter(axes, values, limits, colour, label)
        if features > 2:
            axes.set_title(f"the first two of {features} features")
        if real is not None or features == 1:
            figure.legend(loc="outside upper center", ncols=2, markerscale=3)
        canvas.draw()
        figure.set_layout_engine("none")  # where the axes lie was found for the first
        pictures.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
    return pictures


def _limits(values: Array) -> Array:
    """Return (features, 2): what each axis shows, the values and an eighth of their spread on both sides."""
    if len(values) == 0:
        return np.array([[-1.0, 1.0]] * values.shape[1])
    low, high = values.min(axis=0), values.max(axis=0)
    # Relative to the size of the values, so that float64 can tell the two ends of a collapsed sample apart.
    spread = np.where(high > low, high - low, np.maximum(1.0, np.abs(high)))
    return np.stack([low - spread / 8, high + spread / 8], axis=1)


def _count_outside(label: str, values: Array, limits: Array) -> str:
    outside = int(((values < limits[:, 0]) | (values > limits[:, 1])).any(axis=1).sum())
    return f"{label} ({outside} of {len(values)} outside)" if outside else label


def _top(sets: Sequence[Array], limits: Array, room: float) -> float:
    """Return where the axis of densities ends, so that it stands still from picture to picture."""
    return room * max(_density(values, limits)[0].max() for values in sets) or 1.0


def _density(values: Array, limits: Array) -> tuple[Array, Array]:
    counts, edges = np.histogram(values[:, 0], bins=BINS, range=tuple(limits[0]))
    # Divided by all the values, not by those in view: the curves stay comparable where one leaves the view.
    return counts / (max(1, len(values)) * (edges[1] - edges[0])), edges


def _histogram(axes: Axes, values: Array, limits: Array, top: float, colour: str, label: str) -> None:
    density, edges = _density(values, limits)
    if density.max() > top:
        label = f"{label}, up to {density.max():.3g}"
    axes.stairs(density, edges, fill=True, alpha=0.55, color=colour, label=label)
    axes.set(xlim=tuple(limits[0]), ylim=(0, top), xlabel="value", ylabel="density")


def _scatter(axes: Axes, values: Array, limits: Array, colour: str, label: str) -> None:
    axes.scatter(values[:, 0], values[:, 1], s=4, alpha=0.6, linewidths=0, color=colour, label=label)
    axes.set(xlim=limits[0], ylim=limits[1], xlabel="feature 1", ylabel="feature 2")
    axes.set_aspect("equal")
