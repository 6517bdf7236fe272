"""Pictures of an estimate: what the critics say of both sides, and whether they may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from fgan.errors import FganError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fgan.estimation.diagnostics import Diagnostics
    from fgan.estimation.prices import HeldOut
    from fgan.estimation.result import Estimate
    from fgan.figure import Figure

BINS = 60
BLOCKS = " ▁▂▃▄▅▆▇█"


def draw(estimate: Estimate) -> Figure:
    """Return a figure of an estimate; see `Estimate.plot`."""
    from fgan.figure import Figure

    found, held_out = estimate.diagnostics, _held_out(estimate)
    assert found is not None, "what has critics has diagnostics"
    panels = 3 if found.curve else 2
    figure = Figure(figsize=(4.2 * panels, 3.4), layout="constrained")
    axes = [figure.add_subplot(1, panels, place + 1) for place in range(panels)]
    _log_ratios(axes[0], held_out, found.cap)
    _calibration(axes[1], found)
    if found.curve:
        _curve(axes[2], found, estimate.divergence)
    figure.suptitle(str(estimate).splitlines()[0])
    return figure


def sketch(estimate: Estimate, width: int = 60) -> str:
    """Return log-ratios of both sides as text, a column of block characters for each share of samples.

    Args:
        estimate: of a method with critics.
        width: columns.
    """
    held_out = _held_out(estimate)
    low, high = _range(held_out)
    lines = [f"log(p/q), held out, from {low:.3g} to {high:.3g}"]
    for label, side in zip("PQ", held_out, strict=True):
        counts = side.log_ratio.double().clamp(low, high).histc(width, low, high)
        heights = (counts / counts.max() * (len(BLOCKS) - 1)).ceil().long().tolist()
        lines.append(f"{label} {''.join(BLOCKS[height] for height in heights)}")
    return "\n".join(lines)


def _held_out(estimate: Estimate) -> tuple[HeldOut, HeldOut]:
    if estimate.source.held_out is None:
        raise FganError(
            f'method "{estimate.method}" has no critic to plot. Use method="logistic", for example.'
        )
    return estimate.source.held_out


def _range(held_out: tuple[HeldOut, HeldOut]) -> tuple[float, float]:
    both = torch.cat([side.log_ratio.double() for side in held_out])
    return float(both.quantile(0.001)), float(both.quantile(0.999)) + 1e-9


def _log_ratios(axis: Axes, held_out: tuple[HeldOut, HeldOut], cap: float) -> None:
    p, q = (side.log_ratio.double() for side in held_out)
    low, high = _range(held_out)
    for side, label in ((p, "P"), (q, "Q")):
        axis.hist(
            side.clamp(low, high).numpy(), bins=BINS, range=(low, high), alpha=0.5, density=True, label=label
        )
    for edge in (-cap, cap):
        if low < edge < high:
            axis.axvline(edge, color="grey", linestyle=":", linewidth=1)
    axis.set(xlabel="log(p/q), held out", ylabel="density")
    axis.legend()


def _calibration(axis: Axes, found: Diagnostics) -> None:
    predicted, seen = [one[0] for one in found.bins], [one[1] for one in found.bins]
    axis.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    axis.plot(predicted, seen, marker="o")
    axis.set(xlabel="predicted share of P", ylabel="observed share", xlim=(0, 1), ylim=(0, 1))


def _curve(axis: Axes, found: Diagnostics, name: str) -> None:
    n, bound, error, value = zip(*found.curve, strict=True)
    axis.errorbar(n, bound, yerr=[1.96 * one for one in error], marker="o", capsize=3, label="bound")
    axis.plot(n, value, marker="s", linestyle="--", label="value")
    axis.set(xscale="log", xlabel="samples of each set", ylabel=name)
    axis.legend()
