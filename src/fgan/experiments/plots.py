"""Figures of runs and of comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from fgan.data import draw_samples
from fgan.data.load import short_name
from fgan.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fgan.experiments.result import Comparison
    from fgan.experiments.run import Run

IMAGES, VECTORS = 64, 2000
CURVES = (("bound", "bound", "#1f6feb"), ("critic loss", "critic_loss", "#d1570c"),
          ("generator loss", "generator_loss", "#5a8f29"))  # fmt: skip


def plot_run(run: Run, n: int | None = None, seed: int = 0) -> Figure:
    """Return losses and bound by step, and samples; see `Run.plot`."""
    config = run.config()
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    curves, picture = figure.subplots(1, 2, width_ratios=(1.25, 1))
    _draw_curves(curves, run)
    _draw_samples(picture, run, n, seed)
    game = config.divergence if config.objective == "plain" else f"{config.divergence} ({config.objective})"
    figure.suptitle(f"{game} on {short_name(config.data)}")
    return figure


def _draw_curves(axes: Axes, run: Run) -> None:
    lines = run.metrics()
    axes.axhline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
    for label, name, colour in CURVES:
        known = [(line["step"], line[name]) for line in lines if line.get(name) is not None]
        marker = "." if len(known) < 3 else ""  # a line of one point cannot be seen
        if known:
            axes.plot(*zip(*known, strict=True), label=label, color=colour, linewidth=1.4, marker=marker)
    axes.set_xlabel("generator step")
    if lines:
        axes.legend(frameon=False)


def _draw_samples(axes: Axes, run: Run, n: int | None, seed: int) -> None:
    sampler = run.sampler()
    images = len(sampler.frame.shape) == 3
    samples = sampler.sample(n or (IMAGES if images else VECTORS), seed=seed)
    real = None
    if run.dataset is not None and not images:
        random = torch.Generator().manual_seed(seed)
        real = run.dataset.frame.outward(run.dataset.held_out.draw(len(samples), random))
    axes.imshow(np.asarray(draw_samples(samples, real=real).convert("RGB")))
    axes.set_axis_off()
    grey = "" if real is None else "; held-out data in grey"
    axes.set_title(
        f"{len(samples):,} samples at step {run.checkpoints().newest():,}{grey}", fontsize="medium"
    )


def plot_comparison(comparison: Comparison) -> Figure:
    """Return a figure with the ranking metric of each group and its interval; see `Comparison.plot`."""
    places = comparison.places
    figure = Figure(figsize=(7, 1.2 + 0.32 * max(len(places), 1)), layout="constrained")
    axes = figure.add_subplot()
    for row, place in enumerate(places):
        found = place.metrics[comparison.by]
        axes.plot([found.low, found.high], [row, row], color="#1f6feb", linewidth=2)
        axes.plot([found.value], [row], "o", color="#1f6feb")
    floors = [place.metrics[comparison.by].floor for place in places]
    if floors and floors[0]:
        axes.axvline(floors[0].value, color="#9a9a9a", linestyle=":", label="real-vs-real baseline")
        axes.legend(frameon=False)
    axes.set_yticks(range(len(places)), [f"{place.rank}. {place.group}" for place in places])
    axes.set_ylim(len(places) - 0.5, -0.5)
    better = places[0].metrics[comparison.by].better if places else ""
    axes.set_xlabel(
        f"{comparison.by}, 95% interval" + (f" ({better} is better)" if better in ("higher", "lower") else "")
    )
    figure.suptitle(f"{len(comparison.outcomes)} runs by {comparison.by}")
    return figure
