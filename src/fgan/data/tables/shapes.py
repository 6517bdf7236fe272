"""Tables in other shapes: rows of dicts or of mixed values, structured arrays and lazy frames, as columns by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def unfolded(samples: Any) -> Any:  # noqa: ANN401 - whatever was given
    """Return a table as one of columns, and all else as it is.

    >>> unfolded([{"a": 1, "b": "x"}, {"a": 2}])
    {'a': [1, 2], 'b': ['x', None]}
    >>> unfolded([(1, "x"), (2, "y")])
    {'column 0': [1, 2], 'column 1': ['x', 'y']}
    """
    if type(samples).__name__ == "LazyFrame" and hasattr(samples, "collect"):
        return samples.collect()
    if isinstance(samples, np.ndarray) and samples.dtype.names:
        return {name: samples[name] for name in samples.dtype.names}
    if isinstance(samples, np.ndarray) and samples.dtype.kind == "O" and samples.ndim == 2:
        return _numbered([column.tolist() for column in samples.T])
    if not isinstance(samples, (list, tuple)) or not samples:
        return samples
    if all(isinstance(row, Mapping) for row in samples):
        names = dict.fromkeys(name for row in samples for name in row)
        return {name: [row.get(name) for row in samples] for name in names}
    if all(isinstance(row, (list, tuple)) and len(row) == len(samples[0]) for row in samples):
        words = {isinstance(cell, str) for row in samples for cell in row}
        if len(words) == 2:
            return _numbered([list(column) for column in zip(*samples, strict=True)])
    return samples


def _numbered(columns: list[list[Any]]) -> dict[str, list[Any]]:
    return {f"column {number}": cells for number, cells in enumerate(columns)}
