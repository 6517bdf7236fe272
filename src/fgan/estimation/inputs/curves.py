r"""Whether y follows from x without noise, so that their information is infinite: rows on a curve or a surface.

Near to each row, samples of a density spread over all dimensions, rows (x, f(x)) over those of x alone. The distances
to the two nearest neighbours show over how many:

.. math:: d = \Big(\frac1n \sum_i \log \frac{r_{i,2}}{r_{i,1}}\Big)^{-1}

held against that of x with shuffled y, which has the same bias.

Source: Facco, d'Errico, Rodriguez and Laio, "Estimating the intrinsic dimension of datasets by a minimal neighborhood
information" (2017).
"""

from __future__ import annotations

import math
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from fgan.estimation.inputs.encoding import Inputs
from fgan.estimation.inputs.outliers import outliers_of

MOST_ROWS = 10_000
"""Rows that are looked at."""
FARTHEST = 1e100
"""Spreads from the median at which values end, so that distances can be squared."""
MOST_TOGETHER = 6
"""Coordinates whose dimension is seen together; of more, pairs of one of x and one of y are looked at."""
MOST_PAIRS = 25
LOST = 0.6
"""So much of a dimension is lost by shuffled rows coming together, at least; noise that counts leaves it there."""
CHANCE = 3.0
"""Standard errors that chance does not explain."""
DISTINCT = 0.9
"""The share of different rows below which values are too coarse to show it."""
GRID = 1.5
"""So many times the dimension of shuffled rows is that of a regular grid, whose distances are all alike."""
PART = 8
"""Of a grid one row in so many is looked at, whose distances differ."""
SHUFFLES = 2
Rows = NDArray[np.float64]


def note_on_functions(inputs: Inputs) -> str:
    """Return a warning if y seems to be a function of x, or ""."""
    if inputs.kind != "vectors" or not inputs.numbers:
        return ""
    random = np.random.default_rng(0)
    x, y = (
        outliers_of(side).away(side).clamp(-FARTHEST, FARTHEST).numpy()
        for side in (inputs.first, inputs.second)
    )
    if len(x) > MOST_ROWS:
        rows = random.permutation(len(x))[:MOST_ROWS]
        x, y = x[rows], y[rows]
    width, looked_at = x.shape[1], []
    if width + y.shape[1] <= MOST_TOGETHER:
        looked_at.append((x, y))
    if width + y.shape[1] > 2:
        pairs = product(range(width), range(y.shape[1]))
        looked_at += [(x[:, [i]], y[:, [j]]) for i, j in islice(pairs, MOST_PAIRS)]
    for some_x, some_y in looked_at:
        found = _dimensions(some_x, some_y, random)
        if found is not None:
            return (
                f"rows lie on a curve or a surface: their local dimension is {found[0]:.1f}, against "
                f"{found[1]:.1f} with "
                "y shuffled. If y is a noise-free function of x, the mutual information is +inf, and every "
                "finite estimate is too small."
            )
    return ""


def _dimensions(x: Rows, y: Rows, random: np.random.Generator) -> tuple[float, float] | None:
    """Return the dimension of rows, and that with y shuffled, if the first is less; None otherwise.

    >>> random = np.random.default_rng(0)
    >>> x, noise = random.normal(size=(2, 1000, 1))
    >>> _dimensions(x, x**2, random) is not None, _dimensions(x, x + noise / 10, random) is not None
    (True, False)
    """
    width = x.shape[1]
    rows = np.unique(np.concatenate([x, y], 1), axis=0)
    if len(rows) < DISTINCT * len(x):
        return None
    shuffled = float(np.mean([_dimension(_shuffled(rows, width, random)) for _ in range(SHUFFLES)]))
    together = _dimension(rows)
    if together > GRID * shuffled:
        rows = rows[random.permutation(len(rows))[: len(rows) // PART]]
        together, shuffled = _dimension(rows), _dimension(_shuffled(rows, width, random))
    chance = CHANCE * math.hypot(together, shuffled / math.sqrt(SHUFFLES)) / math.sqrt(len(rows))
    return (together, shuffled) if shuffled - together > max(LOST, chance) else None


def _shuffled(rows: Rows, width: int, random: np.random.Generator) -> Rows:
    return np.concatenate([rows[:, :width], rows[random.permutation(len(rows)), width:]], 1)


def _dimension(rows: Rows) -> float:
    """Return over how many dimensions the nearest neighbours of rows spread; inf where all distances are alike."""
    from scipy.spatial import KDTree  # not at the top: it takes half a second

    distances = KDTree(rows).query(rows, k=3)[0]
    near, next_one = distances[:, 1], distances[:, 2]
    known = near > 0
    spread = float(np.log(next_one[known] / near[known]).sum())
    return float(known.sum()) / spread if spread > 0 else math.inf
