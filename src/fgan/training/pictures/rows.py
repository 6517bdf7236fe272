"""Rows of samples from the same latents, one row per class with its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from fgan.data import draw_samples
from fgan.data.lettering import draw_text, without_font
from fgan.data.pictures import BACKGROUND, SEPARATOR
from fgan.output import Say, to_stderr
from fgan.training.sampling import Sampler

if TYPE_CHECKING:
    from PIL.Image import Image


def draw_by_class(sampler: Sampler, latents: Tensor, say: Say = to_stderr) -> Image:
    """Draw one row of images per class with its name, all from the same latents.

    Args:
        sampler: a conditional generator of images.
        latents: (n, latent), one per column.
        say: receives a message about names that no installed font can write; class numbers are shown instead.

    Raises:
        FganError: for a generator without classes, or not for images.
    """
    if not sampler.classes:
        raise sampler.refusal(
            f"--grid-by-class needs a run trained with --conditional; {sampler.source} has no classes. Train such a "
            "run, or omit --grid-by-class."
        )
    if len(sampler.frame.shape) != 3:
        raise sampler.refusal(
            f"--grid-by-class needs images; samples of {sampler.source} have the shape "
            f"{tuple(sampler.frame.shape)}. Draw one class at a time with --label."
        )
    return draw_rows(sampler, latents, say=say)


def draw_rows(
    sampler: Sampler, latents: Tensor, label: str | int | None = None, say: Say = to_stderr
) -> Image:
    """Draw images from the same latents, one row per class with its name; a single row for one class or none.

    Args:
        sampler, latents, say: as for `draw_by_class`.
        label: a class by its name; default: all.
    """
    n = len(latents)
    rows = [draw_samples(row, columns=n) for row in in_rows(sampler, latents, label).split(n)]
    if len(rows) == 1 and label is None:
        return rows[0]
    names = sampler.classes if label is None else [str(label)]
    unwritten = without_font(names)
    if unwritten:
        say(
            f"no installed font has all letters of {', '.join(unwritten[:5])}: class numbers are shown instead. "
            "Install a font that has them."
        )
    numbered = {name: f"class {sampler.classes.index(name)}" for name in unwritten}
    return beside(rows, [numbered.get(name, name) for name in names])


def in_rows(sampler: Sampler, latents: Tensor, label: str | int | None = None) -> Tensor:
    """Return samples from latents (n, latent) for each class in turn: (classes n, ...).

    Args:
        sampler: the generator.
        latents: the same for each class.
        label: only this class.
    """
    labels = each_class(sampler, label)
    if labels is None:
        return sampler.samples(latents, None)
    return sampler.samples(latents.repeat(len(labels), 1), labels.repeat_interleave(len(latents)))


def each_class(sampler: Sampler, label: str | int | None) -> Tensor | None:
    """Return the labels of all classes, or of one; None without classes."""
    return sampler.labels(len(sampler.classes) if label is None else 1, label)


def beside(rows: Sequence[Image], names: Sequence[str]) -> Image:
    """Return pictures of the same size below each other, each with its right-aligned name on the left."""
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
