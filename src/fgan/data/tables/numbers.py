"""Tables that hold nothing but numbers, as an array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.data.tables.values import column_of
from fgan.errors import DataError


def numbers_in(table: Any, kind: str) -> NDArray[np.float64]:  # noqa: ANN401
    """Return a table of numbers as an array (N, D).

    Raises:
        DataError: where columns hold anything else, or cells are missing.
    """
    names = getattr(table, "column_names", None) or getattr(table, "columns", None)
    if names is None or not len(names) or isinstance(names[0], (list, tuple)) or len({*names}) < len(names):
        raise DataError(
            f"a table must have uniquely named columns; the {kind} does not. Pass an array (N, D) instead."
        )
    columns = {str(name): column_of(table[name], str(name)) for name in names}
    odd = [
        name
        for name, one in columns.items()
        if one.cells.dtype.kind not in "iuf" or one.unit or one.kind == "category"
    ]
    if odd:
        raise DataError(
            f"a table used as an array must hold numbers only; these columns of the {kind} do not: "
            f"{', '.join(odd[:5])}{', ...' if len(odd) > 5 else ''}. Save it as .csv and pass that file, or "
            "leave them out."
        )
    gaps = {name: int(one.missing.argmax()) for name, one in columns.items() if one.missing is not None}
    if gaps:
        name, row = next(iter(gaps.items()))
        raise DataError(
            f"a table used as an array must have no missing cells; the {kind} has some in "
            f"{', '.join(list(gaps)[:5])}, the first of {name} in row {row}. "
            "Save it as .csv and pass that file, or leave these rows out."
        )
    return np.stack([one.cells.astype(np.float64) for one in columns.values()], 1)
