"""Values so far out that double precision cannot square them: drawn in, or named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fgan.estimation.inputs.encoding import Inputs

FAR = 1e4
"""From so many spreads on, values grow by their logarithm before anything is computed of them."""
HUGE = 1e308
NORMAL_IQR = 1.349


@dataclass(frozen=True)
class Outliers:
    """An increasing map that leaves values as they are, but draws in those that would overflow a variance.

    Args:
        center, spread: the median of each coordinate (d,), and how far others lie from it.
    """

    center: Tensor
    spread: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Return samples (n, d), float64."""
        x, away = x.double(), self.away(x)
        far = FAR * (1 + (away.abs() / FAR).log()) * away.sign()
        return torch.where(away.abs() > FAR, self.center + self.spread * far, x)

    def away(self, x: Tensor) -> Tensor:
        """Return how many spreads samples (n, d) are from the center."""
        return ((x.double() / 2 - self.center / 2) / (self.spread / 2)).clamp(-HUGE, HUGE)


def outliers_of(x: Tensor) -> Outliers:
    """Return what draws in the outliers of samples (n, d): far from the median by the quartiles' distance.

    Where more than half of the values are equal, the median distance of the others counts.

    >>> x = torch.tensor([-1.0, 0.0, 1.0, 2.0, 1e300], dtype=torch.float64)[:, None]
    >>> outliers_of(x)(x).flatten()[:4].tolist()
    [-1.0, 0.0, 1.0, 2.0]
    >>> bool(outliers_of(x)(x).max() < 1e8)
    True
    """
    ranked = ranked_columns(x.double())
    quarter, center = len(x) // 4, ranked[len(x) // 2]
    spread = (ranked[len(x) - 1 - quarter] / 2 - ranked[quarter] / 2) * (2 / NORMAL_IQR)
    others = (ranked / 2 - center / 2).abs() * 2
    others = torch.where(others > 0, others, torch.nan).nanmedian(0).values
    spread = torch.where(spread > 0, spread, others)
    return Outliers(center, torch.where(spread > 0, spread, 1.0).clamp(max=HUGE))


def ranked_columns(x: Tensor) -> Tensor:
    """Return every column of x (n, d) in increasing order: by NumPy, a tenth of the time that torch takes.

    >>> ranked_columns(torch.tensor([[2.0, 1.0], [1.0, 3.0]])).tolist()
    [[1.0, 1.0], [2.0, 3.0]]
    """
    return torch.from_numpy(np.sort(x.numpy(), axis=0))


def farthest_cell(inputs: Inputs) -> str:
    """Return a sentence that names the cell that lies farthest out of its column; empty where there are no columns."""
    if inputs.kind != "vectors":
        return ""
    sides, joint = (inputs.first, inputs.second), inputs.joint
    names = ["the rows", ""] if joint else inputs.names
    rows = torch.cat(sides, 1 if joint else 0)
    away = outliers_of(rows).away(rows).abs()
    row, column = divmod(int(away.argmax()), rows.shape[1])
    side, row = (0, row) if joint or row < len(sides[0]) else (1, row - len(sides[0]))
    cell = rows[row if side == 0 else row + len(sides[0]), column]
    where = f'column "{inputs.columns[column]}", row {row} of {names[side]}'
    return f"The most extreme value is {float(cell):g} in {where}. "
