"""The figure of a frontier: precision against recall, and the trade-off between the errors of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fgan.estimation.trade_off.result import Frontier
    from fgan.figure import Figure

ERRORS = 101


def draw(found: Frontier) -> Figure:
    """Return a figure of a frontier; see `Frontier.plot`."""
    from fgan.figure import Figure

    figure = Figure(figsize=(8.4, 4.0), layout="constrained")
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    slope = found.slope.numpy()
    low, high = found.low.numpy(), found.high.numpy()
    left.fill(
        np.concatenate([low / slope, (high / slope)[::-1]]),
        np.concatenate([low, high[::-1]]),
        alpha=0.25,
        lw=0,
    )
    left.plot(found.recall.numpy(), found.precision.numpy())
    left.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
    errors = np.linspace(0, 1, ERRORS)
    curve = [found.type_two_error(float(one)) for one in errors]
    right.fill_between(errors, [one.low for one in curve], [one.high for one in curve], alpha=0.25, lw=0)
    right.plot(errors, [one.value for one in curve])
    right.plot([0, 1], [1, 0], color="grey", linestyle=":", linewidth=1)
    right.set(
        xlabel="data taken for samples",
        ylabel="samples taken for data",
        xlim=(0, 1),
        ylim=(0, 1.02),
        aspect="equal",
    )
    figure.suptitle(f"{found.names[1]} for {found.names[0]}, 95% band at each point")
    return figure
