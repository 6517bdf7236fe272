"""Pictures of several sets of samples side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from fgan.data import draw_samples

if TYPE_CHECKING:
    from PIL.Image import Image

INCHES = 3.0
DOTS_AN_INCH = 100


def side_by_side(
    panels: dict[str, Tensor], *, real: Tensor | None = None, columns: int | None = None
) -> Image:
    """Draw each set of samples as `draw_samples` does, with its title above.

    Args:
        panels: title -> samples, images (n, C, H, W) or vectors (n, D).
        real: data to draw below vectors.
        columns: panels in a row; default: at most three.

    >>> import torch
    >>> side_by_side({"kl": torch.rand(16, 1, 8, 8), "gan": torch.rand(16, 1, 8, 8)}).size
    (600, 330)
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    columns = columns or min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(INCHES * columns, (INCHES + 0.3) * rows), dpi=DOTS_AN_INCH, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    for place, (title, samples) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(rows, columns, place)
        axes.imshow(np.asarray(draw_samples(samples, real=real).convert("RGB")), interpolation="antialiased")
        axes.set_title(title)
        axes.set_axis_off()
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
