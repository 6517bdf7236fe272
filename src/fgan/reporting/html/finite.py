"""Whether a measurement can be shown as a number: a file has null in place of NaN and infinities."""

from __future__ import annotations

import math

from fgan.evaluation.result import Measurement, Range


def is_finite(found: Range) -> bool:
    """Whether a number and its interval are finite.

    >>> is_finite(Range(1.0, 0.5, 1.5)), is_finite(Range(math.nan, 0.5, 1.5))
    (True, False)
    """
    return all(value is not None and math.isfinite(value) for value in (found.value, found.low, found.high))


def is_number(found: Measurement) -> bool:
    """Whether a measurement is finite and usable."""
    return found.usable and is_finite(found)
