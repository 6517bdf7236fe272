"""Weights of samples: an array, a file, or a column of the samples' own table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fgan.data.arrays import read_array
from fgan.data.tables import Table
from fgan.errors import DataError

WeightsLike = Any
"""An array, tensor, list or Series (n,); the path of a .npy file; or the name of a column, which is then no feature."""
Numbers = NDArray[np.float64]
FILES = (".npy", ".npz")


def is_column(weights: WeightsLike) -> bool:
    """Whether weights are the name of a column.

    >>> is_column("importance"), is_column("importance.npy"), is_column([1, 2])
    (True, False, False)
    """
    return isinstance(weights, str) and Path(weights).suffix.lower() not in FILES


def taken_apart(samples: object, weights: WeightsLike, side: str) -> tuple[object, Numbers | None]:
    """Return samples without the column that holds their weights, and the weights (n,) between 0 and 1.

    Args:
        samples: what `fgan.estimate` takes.
        weights: theirs; None for none.
        side: what errors call the samples.

    Raises:
        DataError: for weights that are negative, missing, not finite, all 0, or no column of the table.
    """
    if weights is None:
        return samples, None
    if is_column(weights):
        samples, values = without_column(samples, weights, side)
    elif isinstance(weights, (str, Path)):
        values = read_array(weights)
    else:
        values = weights
    return samples, _checked(values, f"the weights of {side}")


def columns_of(samples: Any) -> list[Any]:  # noqa: ANN401 - of many libraries
    """Return the names of a table's columns; none of what is no table."""
    if isinstance(samples, Mapping):
        return list(samples)
    return list(getattr(samples, "column_names", getattr(samples, "columns", ())))  # Arrow's first


def without_column(samples: Any, name: str, side: str) -> tuple[object, object]:  # noqa: ANN401 - of many libraries
    """Return a table without a column, and its values.

    Raises:
        DataError: for what is no table, or has no such column, or no other.
    """
    columns = columns_of(samples)
    if not columns:
        raise DataError(
            f'weights "{name}" is neither a .npy file nor a column: {side} is not a table. Pass an array with '
            "one weight "
            "per row."
        )
    if name not in columns:
        raise DataError(
            f'{side} has no column "{name}" to take weights from; it has {", ".join(map(str, columns))}.'
        )
    others = [column for column in columns if column != name]
    if not others:
        raise DataError(f'{side} has no column besides the weights "{name}". It needs features too.')
    values = samples[name]
    missing = samples.columns[name].missing if isinstance(samples, Table) else None
    if missing is not None:
        values = np.where(missing, np.nan, np.asarray(values, dtype=object))
    if hasattr(samples, "select"):  # polars, Arrow, and tables from files
        return samples.select(others), values
    if isinstance(samples, Mapping):
        return {column: samples[column] for column in others}, values
    return samples[others], values


def _checked(values: Any, what: str) -> Numbers:  # noqa: ANN401 - whatever was given
    """Return weights as numbers, divided by the largest."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().double().numpy()
    try:
        weight = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} must be numbers, one per row; {error}.") from error
    if weight.ndim == 2 and weight.shape[1] == 1:
        weight = weight[:, 0]
    if weight.ndim != 1:
        raise DataError(f"{what} must have the shape (n,), one per row; got {weight.shape}.")
    for bad, which, mend in (
        (~np.isfinite(weight), "missing or not finite", "Set a weight, or 0 to leave the row out."),
        (
            weight < 0,
            "negative",
            "Bounds and intervals need non-negative weights. Background-subtracting weights such as sWeights "
            "are not "
            "supported; clip them or drop those rows only if that is valid for your data.",
        ),
    ):
        if bad.any():
            raise DataError(
                f"{what} must be finite and at least 0; {int(bad.sum())} of {len(weight)} are {which}, the "
                f"first {weight[bad.argmax()]:g} in row {int(bad.argmax())}. {mend}"
            )
    if not weight.any():
        raise DataError(f"{what} are all 0, which leaves no row. At least some must be above 0.")
    return weight / weight.max()
