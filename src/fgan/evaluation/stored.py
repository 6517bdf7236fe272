"""What a file of an evaluation must hold: checked when it is read, since anyone may have written it."""

from __future__ import annotations

import math
from typing import Any, NotRequired, TypedDict

from fgan.errors import DataError
from fgan.evaluation.metrics import QUANTITIES
from fgan.json_files import shaped

NUMBERS = ("value", "low", "high")
"""Of a measurement; null where they are not finite."""


class Extractor(TypedDict):
    """How features were computed."""

    name: str
    dimension: int
    sha256: str | None


class Asked(TypedDict):
    """What was requested."""

    metrics: NotRequired[list[str]]
    n: NotRequired[int]
    seed: NotRequired[int]
    best: NotRequired[bool]
    reference: NotRequired[str]


class Band(TypedDict):
    """Precision along a curve, with its band."""

    precision: list[float]
    low: list[float]
    high: list[float]


class Frontier(Band):
    """The curve of precision and recall, and that of real samples."""

    slope: list[float]
    floor: Band | None


def with_nan(metrics: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the metrics of a file with NaN for null; anything that is none as it is."""
    if not isinstance(metrics, dict):
        return metrics
    return {name: _with_nan(one) for name, one in metrics.items()}


def _with_nan(one: Any) -> Any:  # noqa: ANN401
    if not isinstance(one, dict):
        return one
    found = one | {name: math.nan for name in NUMBERS if name in one and one[name] is None}
    return found | ({"floor": _with_nan(one["floor"])} if one.get("floor") else {})


def check_metrics(names: Any, origin: str) -> None:  # noqa: ANN401
    """Check that metrics are known.

    Raises:
        DataError: if one is not.
    """
    for name in names:
        if name not in QUANTITIES:
            raise DataError(f'{origin} has the unknown metric "{name[:60]}". Was it written by a newer fgan?')


def check_details(extractor: object, asked: object, frontier: object, origin: str) -> None:
    """Check the parts of an evaluation that are read key by key.

    Raises:
        DataError: if one has another shape.
    """
    shaped(extractor, Extractor, origin)
    shaped(asked, Asked, origin)
    if frontier is None:
        return
    curve = shaped(frontier, Frontier, origin)
    lengths = {len(curve[name]) for name in ("slope", "precision", "low", "high")}
    floor = curve["floor"]
    lengths |= {len(floor[name]) for name in ("precision", "low", "high")} if floor else set()
    if len(lengths) != 1 or min(curve["slope"], default=0) <= 0:
        raise DataError(
            f"{origin} is damaged (its frontier is no curve). Evaluate again with `fgan evaluate`."
        )
