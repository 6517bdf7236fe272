"""How results are written: in JSON's types, and as text in columns."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows of cells as lines in which columns begin below each other.

    >>> aligned([("a", "b"), ("long", "c")])
    ['a     b', 'long  c']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def jsonable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold, nested
    """Return dataclasses, dicts, lists and numbers in JSON's types, None in place of what is not finite.

    >>> jsonable({"a": (1.5, math.inf)})
    {'a': [1.5, None]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return jsonable(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {key: jsonable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
