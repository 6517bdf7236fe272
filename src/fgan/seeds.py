"""Check seeds and counts, and convert other libraries' numbers to Python's."""

from __future__ import annotations

import numbers
import operator
from typing import Any

from fgan.errors import FganError

SEEDS = 2**63


def checked_seed(seed: object) -> int:
    """Return a seed as Python's integer.

    Args:
        seed: a whole number from 0 to 2^63 - 1: Python's, NumPy's, or a torch scalar.

    Raises:
        FganError: for anything else, truth values among them.

    >>> import numpy
    >>> checked_seed(numpy.int64(3))
    3
    """
    number = plain_number(seed)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < SEEDS:
        raise FganError(
            f"seed (--seed) must be a whole number from 0 to 2^63 - 1; got {seed!r} ({type(seed).__name__})."
        )
    return number


def checked_count(flag: str, value: object, least: int, what: str = "") -> int:
    """Return how many, as Python's integer.

    Args:
        flag: its name, such as "--n".
        value: a whole number: Python's, NumPy's, or a torch scalar.
        least: it may be.
        what: it counts, and why so many, for the error.

    Raises:
        FganError: for anything else, truth values among them.
    """
    number = plain_number(value)
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise FganError(f"{flag} must be a whole number, at least {least}{what}; got {value!r}.")
    return number


def plain_number(value: Any) -> Any:  # noqa: ANN401 - whatever a user passes
    """Return a number of another library as Python's int, float or bool; anything else as it is.

    >>> import torch
    >>> plain_number(torch.tensor(3)), plain_number("3")
    (3, '3')
    """
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    # NumPy's truth values and torch's are no whole numbers, although torch would make them so.
    if str(getattr(value, "dtype", "")).rpartition(".")[2] == "bool":
        return bool(value) if getattr(value, "ndim", None) == 0 else value
    if getattr(value, "ndim", 0) == 0:
        try:
            return operator.index(value)
        except TypeError:
            pass
        if isinstance(value, numbers.Real):
            return float(value)
    return value
