"""Drawn icons of eight shapes, one of them rare: coloured pictures of which any number can be made."""

from __future__ import annotations

import math
import random
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

import fgan
from fgan.data import Dataset, TensorSource

SHAPES = {
    "disc": 0.15, "ring": 0.14, "square": 0.14, "triangle": 0.14, "star": 0.14, "cross": 0.13, "moon": 0.13,
    "heart": 0.03,
}  # fmt: skip
"""Share of each shape."""
RARE = list(SHAPES).index("heart")
COLOURS = ("#c0392b", "#e67e22", "#f1c40f", "#27ae60", "#2980b9", "#8e44ad", "#34495e", "#16a085")
PAPER = ("#ffffff", "#f4f1ea", "#e8eef4")
SIDE, FINER = 32, 4
HELD_OUT = 3000
Point = tuple[float, float]


def loaded(n: int) -> Dataset:
    """Return a data set of at least n icons to learn from, and others to hold samples against."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "icons.npy"
        np.save(path, drawn(n * 10 // 9 + 1, seed=0)[0].numpy())
        data = fgan.load_data(path)
    return replace(data, held_out=TensorSource(drawn(HELD_OUT, seed=1)[0]))


def drawn(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return n icons uint8 (n, 3, 32, 32) and the number of each one's shape (n,)."""
    choose = random.Random(seed)
    shapes = choose.choices(range(len(SHAPES)), tuple(SHAPES.values()), k=n)
    pictures = np.stack([np.asarray(icon(list(SHAPES)[shape], choose)) for shape in shapes])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous(), torch.tensor(shapes)


def icon(shape: str, choose: random.Random) -> Image.Image:
    """Return one icon: a shape of some colour, size and turn, somewhere near the middle of some paper."""
    side = SIDE * FINER
    paper, colour = choose.choice(PAPER), choose.choice(COLOURS)
    picture = Image.new("RGB", (side, side), paper)
    draw = ImageDraw.Draw(picture)
    x, y = (side / 2 + choose.uniform(-0.08, 0.08) * side for _ in "xy")
    size, turn = choose.uniform(0.26, 0.4) * side, choose.uniform(-0.3, 0.3)

    def disc(radius: float, at: Point, fill: str) -> None:
        draw.ellipse([at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius], fill=fill)

    if shape in ("disc", "ring", "moon"):
        disc(size, (x, y), colour)
        if shape == "ring":
            disc(size * 0.55, (x, y), paper)
        if shape == "moon":
            disc(size * 0.85, (x + size * 0.5 * math.cos(turn), y + size * 0.5 * math.sin(turn)), paper)
    else:
        points = [
            (
                x + size * (a * math.cos(turn) - b * math.sin(turn)),
                y + size * (a * math.sin(turn) + b * math.cos(turn)),
            )
            for a, b in outline(shape)
        ]
        draw.polygon(points, fill=colour)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def outline(shape: str) -> list[Point]:
    """Return the corners of a shape of size 1, down being positive."""
    if shape == "square":
        return [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)]
    if shape == "triangle":
        return [(math.sin(k * 2 * math.pi / 3), -math.cos(k * 2 * math.pi / 3)) for k in range(3)]
    if shape == "star":
        radii = (1.0, 0.42) * 5
        return [(r * math.sin(k * math.pi / 5), -r * math.cos(k * math.pi / 5)) for k, r in enumerate(radii)]
    if shape == "cross":
        arm = [(0.3, -1.0), (0.3, -0.3), (1.0, -0.3), (1.0, 0.3)]
        turned = [arm]
        for _ in range(3):
            turned.append([(-b, a) for a, b in turned[-1]])
        return [point for corner in turned for point in corner]
    assert shape == "heart"
    at = [k * 2 * math.pi / 60 for k in range(60)]
    return [
        (
            math.sin(t) ** 3,
            -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 16,
        )
        for t in at
    ]
