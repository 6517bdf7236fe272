"""A grid with a row for each class, its name beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fgan.data import draw_samples
from fgan.data.lettering import draw_text, without_font
from fgan.data.pictures import BACKGROUND, SEPARATOR
from fgan.output import Say, to_stderr
from fgan.training.sampling import Sampler

if TYPE_CHECKING:
    from PIL.Image import Image


def draw_by_class(sampler: Sampler, latents: Tensor, say: Say = to_stderr) -> Image:
    """Draw a row of images for each class, all rows of the same latents, and the name of the class beside each.

    Args:
        sampler: a conditional generator of images.
        latents: (n, latent), one for each column.
        say: told of names that no font here can write; the number of the class stands in their place.

    Raises:
        FganError: for a generator without classes, or of no images.
    """
    classes = sampler.classes
    if not classes:
        raise sampler.refusal(
            f"a grid by class needs a generator that was trained with --conditional; {sampler.source} has no classes. "
            "Train one so, or leave --grid-by-class out."
        )
    if len(sampler.frame.shape) != 3:
        raise sampler.refusal(
            f"a grid by class shows images; samples of {sampler.source} have the shape "
            f"{tuple(sampler.frame.shape)}. Draw one class at a time by --label."
        )
    unwritten = without_font(classes)
    if unwritten:
        say(
            f"no font here has all letters of {', '.join(unwritten[:5])}: numbers stand in their place. Install a font "
            "that has them."
        )
    names = [f"class {k}" if name in unwritten else name for k, name in enumerate(classes)]
    rows = [sampler.samples(latents, torch.full((len(latents),), k)) for k in range(len(classes))]
    return beside([draw_samples(row, columns=len(row)) for row in rows], names)


def beside(rows: Sequence[Image], names: Sequence[str]) -> Image:
    """Return pictures of one size below each other, and right-aligned to the left of each its name."""
    from PIL import Image

    texts = [draw_text(name) for name in names]
    margin = max(text.width for text in texts)
    width, height = rows[0].size
    heights = [max(height, text.height) for text in texts]
    total = sum(heights) + SEPARATOR * (len(rows) - 1)
    white, grey = (255, BACKGROUND) if rows[0].mode == "L" else ((255,) * 3, (BACKGROUND,) * 3)
    sheet = Image.new(rows[0].mode, (margin + width, total), white)
    top = 0
    for number, (row, text, room) in enumerate(zip(rows, texts, heights, strict=True)):
        if number and room == heights[number - 1] == height:
            sheet.paste(grey, (margin, top - SEPARATOR, margin + width, top))
        sheet.paste(text.convert(row.mode), (margin - text.width, top + (room - text.height) // 2))
        sheet.paste(row, (margin, top + (room - height) // 2))
        top += room + SEPARATOR
    return sheet
