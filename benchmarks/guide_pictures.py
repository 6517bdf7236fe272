"""The figures of docs/guides/choose.md, which benchmarks/guide.py draws from its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import torch
from guide_toys import BLOBS, FOLLOWED, OUTLIERS, SHARES, Fits, Mixture, near
from PIL import Image

from fgan.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fgan.evaluation import Measurement

LABELS = {"squared-hellinger": "sq. Hellinger", "js": "JS", "kl": "KL", "reverse-kl": "reverse KL"}
COLOURS = {"none": "#d1570c", "default": "#1f6feb"}
RECIPES = {"none": "trained, no penalties", "default": "trained, default penalties"}
BEST = "#222222"
DOTS_PER_INCH, COLOURS_KEPT = 110, 64


def label(name: str) -> str:
    return LABELS.get(name, name.capitalize())


def save(figure: Figure, path: Path) -> None:
    """Write a small PNG: a palette is enough for these figures."""
    figure.savefig(path, dpi=DOTS_PER_INCH)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLOURS_KEPT, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def densities(
    law: Mixture, fits: Mapping[str, Fits], best: Mapping[str, NormalDist | None], path: Path
) -> None:
    """Draw the data along x, the best Gaussian and each seed's; a row for each recipe, a column for each divergence."""
    low, high = law.centers[0] - 2.2, law.centers[1] + 2.2
    x = np.linspace(low, high, 300)
    data = law.log_density(torch.from_numpy(x)).exp().numpy()
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    grid = figure.subplots(len(fits), len(FOLLOWED), sharex=True, sharey=True, squeeze=False)
    for row, (recipe, by_name) in zip(grid, fits.items(), strict=True):
        for axes, name in zip(row, FOLLOWED, strict=True):
            axes.fill_between(x, data, color="#dddddd", label="data")
            for fit in by_name[name]:
                density = [fit.pdf(at) for at in x]
                axes.plot(x, density, color=COLOURS[recipe], linewidth=1.1, label=RECIPES[recipe])
            optimum = best[name]
            if optimum is not None:
                density = [optimum.pdf(at) for at in x]
                axes.plot(x, density, "--", color=BEST, linewidth=1, label="best Gaussian")
            axes.set_yticks([])
            axes.tick_params(labelsize="small")
    for axes, name in zip(grid[0], FOLLOWED, strict=True):
        axes.set_title(label(name), fontsize="medium")
    legend(figure, grid[:, 0])
    save(figure, path)


def legend(figure: Figure, panels: Sequence[Axes]) -> None:
    """Put one legend of all the panels below a figure."""
    entries = {}
    for axes in panels:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(name, handle)
    figure.legend(entries.values(), entries, loc="outside lower center", ncols=len(entries), frameon=False)


def rows_of_divergences(axes: Axes) -> None:
    axes.set_yticks(range(len(FOLLOWED)), [label(name) for name in FOLLOWED])
    axes.set_ylim(len(FOLLOWED) - 0.5, -0.5)
    axes.grid(axis="y", color="#eeeeee")
    axes.set_axisbelow(True)


def dots(axes: Axes, best: Mapping[str, float], trained: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """Draw one number of each divergence: the best Gaussian's, and each seed's of each recipe."""
    rows_of_divergences(axes)
    rows = [row for row, name in enumerate(FOLLOWED) if name in best]
    axes.plot(
        [best[FOLLOWED[row]] for row in rows], rows, "D", color=BEST, markersize=5, label="best Gaussian"
    )
    for recipe, shift in zip(trained, (-0.2, 0.2), strict=True):
        values = [
            (value, row + shift) for row, name in enumerate(FOLLOWED) for value in trained[recipe][name]
        ]
        axes.plot(
            *zip(*values, strict=True), "o", color=COLOURS[recipe], markersize=4.5, alpha=0.75,
            label=f"{RECIPES[recipe]} (a dot per seed)",
        )  # fmt: skip


def claims_of_blobs(fits: Mapping[str, Fits], best: Mapping[str, NormalDist | None], folder: Path) -> None:
    """Draw the two claims that the blobs decide: reverse KL is safe, KL covers."""

    def outside(fit: NormalDist) -> float:
        return 100 * (1 - sum(near(fit, center) for center in BLOBS.centers))

    def small(fit: NormalDist) -> float:
        return 100 * near(fit, BLOBS.centers[1])

    claims = (
        ("claim-reverse-kl.png", outside, "samples where there are no data, %", 0.0),
        ("claim-kl.png", small, "samples in the small blob, %", 100 * BLOBS.weights[1]),
    )
    for file, number, title, real in claims:
        figure = Figure(figsize=(7, 3.2), layout="constrained")
        axes = figure.add_subplot()
        axes.axvline(real, color="#9a9a9a", linestyle=":", label="the data")
        dots(
            axes,
            {name: number(fit) for name, fit in best.items() if fit is not None},
            {r: {n: [number(fit) for fit in fits[r][n]] for n in FOLLOWED} for r in fits},
        )
        axes.set_xlabel(title)
        legend_below(figure, axes)
        save(figure, folder / file)


def legend_below(figure: Figure, axes: Axes) -> None:
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False, fontsize="small")


def claim_of_outliers(
    curves: Mapping[str, Sequence[NormalDist | None]], fits: Mapping[str, Fits], folder: Path
) -> None:
    """Draw how far outliers widen the best Gaussian and the trained ones."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for row, name in enumerate(FOLLOWED):
        known = [(100 * share, fit.stdev) for share, fit in zip(SHARES, curves[name], strict=True) if fit]
        moved = known[-1][1] > 1.1 * OUTLIERS.sigma
        left.plot(*zip(*known, strict=True), color=f"C{row}" if moved else "#777777")
        if moved:
            left.annotate(label(name), known[-1], xytext=(5, -4), textcoords="offset points", color=f"C{row}")
    left.annotate(
        "the other four", (100 * SHARES[-1], OUTLIERS.sigma), xytext=(5, -4), textcoords="offset points"
    )
    left.set(xlabel="outliers, %", ylabel="spread of the best Gaussian", xlim=(0, 6.6))
    right.axvline(OUTLIERS.sigma, color="#9a9a9a", linestyle=":", label="the data without outliers")
    best = {name: curves[name][SHARES.index(OUTLIERS.weights[1])] for name in FOLLOWED}
    dots(
        right,
        {name: fit.stdev for name, fit in best.items() if fit},
        {recipe: {name: [fit.stdev for fit in fits[recipe][name]] for name in FOLLOWED} for recipe in fits},
    )
    right.set_xlabel(f"spread at {OUTLIERS.weights[1]:.0%} outliers")
    right.legend(frameon=False, fontsize="x-small")
    save(figure, folder / "claim-pearson.png")


def rings(samples: Mapping[str, Mapping[str, torch.Tensor]], path: Path) -> None:
    """Draw samples on the plane; a row for each recipe, a column for each divergence."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    grid = figure.subplots(len(samples), len(FOLLOWED), sharex=True, sharey=True, squeeze=False)
    angles = np.arange(8) * np.pi / 4
    for row, (recipe, by_name) in zip(grid, samples.items(), strict=True):
        for axes, name in zip(row, FOLLOWED, strict=True):
            axes.scatter(np.cos(angles), np.sin(angles), s=30, color="#dddddd")
            axes.scatter(*by_name[name].numpy().T, s=1, color=COLOURS[recipe], linewidths=0)
            axes.set(xticks=[], yticks=[], aspect="equal", xlim=(-1.8, 1.8), ylim=(-1.8, 1.8))
        row[0].set_ylabel(f"{recipe} penalties" if recipe == "default" else "no penalties", fontsize="small")
    for axes, name in zip(grid[0], FOLLOWED, strict=True):
        axes.set_title(label(name), fontsize="medium")
    save(figure, path)


def digits(samples: Mapping[str, torch.Tensor], path: Path) -> None:
    """Draw a row of pictures for each divergence."""
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    panels = figure.subplots(len(samples), 1)
    for axes, (name, pictures) in zip(panels, samples.items(), strict=True):
        axes.imshow(np.concatenate(list(pictures[:, 0].numpy()), axis=1), cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_ylabel(label(name).replace(" ", "\n"), rotation=0, ha="right", va="center", fontsize="small")
    save(figure, path)


def intervals(places: Mapping[str, Mapping[str, Measurement]], metrics: Sequence[str], path: Path) -> None:
    """Draw the mean over seeds of each metric with its 95% interval, and what real samples score."""
    figure = Figure(figsize=(11, 3), layout="constrained")
    panels = figure.subplots(1, len(metrics), sharey=True)
    for axes, metric in zip(panels, metrics, strict=True):
        for row, name in enumerate(FOLLOWED):
            found = places[name][metric]
            axes.plot([found.low, found.high], [row, row], color=COLOURS["default"], linewidth=2)
            axes.plot([found.value], [row], "o", color=COLOURS["default"], markersize=5)
        floors = [places[name][metric].floor for name in FOLLOWED]
        if floors[0]:
            axes.axvline(floors[0].value, color="#9a9a9a", linestyle=":")
        axes.set_title(f"{metric} ({places[FOLLOWED[0]][metric].better} is better)", fontsize="medium")
        rows_of_divergences(axes)
    save(figure, path)
