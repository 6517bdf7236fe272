"""The picture at the top of the README: the classic script and fgan's default recipe, five divergences each, on MNIST.

    FGAN_DATA=... python benchmarks/first_picture.py [--steps 20000] [--out runs/first-picture]

Both rows have the same networks (10-128-784 and 784-128-1), the same data and the same number of steps. The upper
row is `--preset original`, the lower row the default preset with the classic script's network sizes. One seed, and
every panel shows the first samples of its run; nothing is picked. Finished runs are not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

import fgan
from fgan.data import draw_samples

DIVERGENCES = ("total-variation", "kl", "reverse-kl", "pearson", "squared-hellinger")
SHOWN = "kl"
"""The run of the animation."""
ROWS = {"original": "classic script", "default": "fgan"}
IMAGES = Path(__file__).parents[1] / "docs/images"
CORNER = (0, 0, 290, 290)
"""Five samples by five of a picture."""
TIME_LAPSE_STEPS = 250
"""Steps between two frames of the animation."""


def trained(preset: str, steps: int, out: Path) -> fgan.Comparison:
    folder = out / preset
    return fgan.compare(
        "mnist",
        DIVERGENCES,
        preset=preset,
        out=folder,
        resume=(folder / "comparison.json").exists(),
        jobs=1,
        steps=steps,
        latent=10,
        width=128,
        depth=1,
        sample_every=TIME_LAPSE_STEPS,
        metrics="fid",
    )


def draw(comparisons: dict[str, fgan.Comparison], path: Path) -> None:
    figure = Figure(figsize=(10, 4.5), dpi=100, layout="constrained", facecolor="white")
    places = figure.subplots(len(ROWS), len(DIVERGENCES))
    for row, (preset, title) in enumerate(ROWS.items()):
        for column, (name, run) in enumerate(
            zip(DIVERGENCES, comparisons[preset].runs.values(), strict=True)
        ):
            axes = places[row, column]
            axes.imshow(np.asarray(draw_samples(run.sample(25)).convert("L")), cmap="gray")
            axes.set(xticks=[], yticks=[])
            if row == 0:
                axes.set_title(name)
            if column == 0:
                axes.set_ylabel(title, fontsize=12)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("L").quantize(32).save(path, optimize=True)


def animate(run: fgan.Run, path: Path) -> None:
    """Write a small GIF: 5 by 5 samples, in 16 greys, so that a page with it loads at once."""
    pictures = sorted((run.path / "samples").glob("*.png"))
    frames = [Image.open(picture).convert("L").crop(CORNER).quantize(16) for picture in pictures[::2]]
    holds = [120] * (len(frames) - 1) + [2000]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=holds, loop=0, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=Path("runs/first-picture"))
    arguments = parser.parse_args()
    comparisons = {preset: trained(preset, arguments.steps, arguments.out) for preset in ROWS}
    for comparison in comparisons.values():
        print(comparison.table())
    draw(comparisons, IMAGES / "classic-and-fgan.png")
    shown = next(run for run in comparisons["default"].runs.values() if run.config().divergence == SHOWN)
    animate(shown, IMAGES / "training.gif")


if __name__ == "__main__":
    main()
