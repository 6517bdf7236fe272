"""Missing cells, in every dress that files and libraries have, and numbers that plainly stand for one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.errors import DataError

MISSING = frozenset(
    (
        *("", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "#nan", "nat", "null", "none", "nil"),
        *("-", "--", "?", ".", "\\n"),
        *("#null!", "#div/0!", "#value!", "#ref!", "#num!", "#name?", "1.#qnan", "-1.#ind", "1.#ind"),
    )
)
"""Words that say that there is no value, in lower case: of R, pandas, SQL, SAS, Excel and C."""
POLICIES = ("refuse", "drop")
"""What can be done with rows that lack a value."""
SENTINELS = (9, 99, 999, 9999, 99999, 999999)
"""Numbers that, with a minus or without, often stand for a missing value."""
FEW, FAR = 3, 2.0
"""A sentinel stands there more than so often, further from all other values than so many of their ranges."""


def is_missing_word(word: str) -> bool:
    """Whether a word stands for a missing value.

    >>> is_missing_word("N/A"), is_missing_word(""), is_missing_word("Namibia")
    (True, True, False)
    """
    return len(word) < 10 and word.strip().lower() in MISSING


def is_missing(one: Any) -> bool:  # noqa: ANN401 - a cell of any type
    """Whether an object stands for a missing value: None, NaN, NaT, pandas' NA, or a word for one."""
    if one is None:
        return True
    if isinstance(one, str):
        return is_missing_word(one)
    if type(one).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return True
    if isinstance(one, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(one))
    try:
        return bool(one != one)  # only NaN, of whatever type, differs from itself
    except (TypeError, ValueError, ArithmeticError):  # a comparison that has no truth value
        return False


def checked_policy(policy: str) -> str:
    """Return what is to be done with missing values, if there is such a policy."""
    if policy not in POLICIES:
        raise DataError(f'missing (--missing) must be one of {", ".join(POLICIES)}; got "{policy}".')
    return policy


def sentinel_in(numbers: NDArray[Any]) -> tuple[float, int] | None:
    """Return the number that plainly stands for a missing value, such as -999 among ages, and how often; or None.

    >>> sentinel_in(np.array([31.0, 47.0, 52.0, -999.0, 40.0, -999.0, -999.0, -999.0]))
    (-999.0, 4)
    """
    if len(numbers) == 0 or numbers.dtype.kind not in "fiu":
        return None
    low, high = float(numbers.min()), float(numbers.max())
    for extreme in (low, high):
        if abs(extreme) not in SENTINELS:
            continue
        found = numbers == extreme
        rest, count = numbers[~found], int(found.sum())
        if count <= FEW or len(rest) < 2:
            continue
        gap = min(abs(float(rest.min()) - extreme), abs(float(rest.max()) - extreme))
        if gap > FAR * max(float(rest.max()) - float(rest.min()), 1e-300):
            return extreme, count
    return None
