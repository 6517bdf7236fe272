"""What a table.json must hold: checked when it is read, since anyone may have written it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any, TypedDict

from fgan.data.encoding.category import CategoryCode
from fgan.data.encoding.number import NumberCode
from fgan.data.tables.spelling import Spelling
from fgan.errors import DataError

FIELD = re.compile(r"\{[YmdDHMS](?::0[24]d)?\}|\{f\}")
"""The fields of a template; anything else in braces would be a command to `str.format`."""
MOST_DECIMALS = 400
MINUTES_A_DAY = 1440


class WrittenColumn(TypedDict):
    """One column."""

    name: str
    kind: str
    unit: str
    why: str
    missing_as: str
    spelling: dict[str, Any] | None
    stored: dict[str, Any]
    encoding: dict[str, Any]


class Written(TypedDict):
    """The content of a table.json."""

    format: int
    label: str
    separator: str
    header: bool
    columns: list[WrittenColumn]


def checked_number(code: NumberCode, origin: str) -> NumberCode:
    """Return the code of a number if its parts fit together.

    Raises:
        DataError: if they do not.
    """
    kinds = 1 + len(code.spikes) + code.missing
    sound = (
        len(code.scores) == len(code.values)
        and _rises(code.scores)
        and _rises(code.values)
        and _rises(code.spikes)
        and len(code.counts) == kinds
        and _are_counts(code.counts)
        and code.step >= 1
        and abs(code.decimals or 0) <= MOST_DECIMALS
    )
    return code if sound else _refuse(origin)


def checked_category(code: CategoryCode, origin: str) -> CategoryCode:
    """Return the code of a category if its parts fit together.

    Raises:
        DataError: if they do not.
    """
    kinds = {type(value) for value in code.values}
    one_kind = kinds <= {int, float} or (len(kinds) == 1 and kinds <= {str, bool})
    sound = one_kind and len(code.counts) == len(code) and _are_counts(code.counts)
    return code if sound and len(set(code.values)) == len(code.values) else _refuse(origin)


def checked_spelling(spelling: Spelling, origin: str) -> Spelling:
    """Return a spelling if it writes only what a table has.

    Raises:
        DataError: if it does not.
    """
    rest = FIELD.sub("", spelling.template)
    sound = (
        0 <= spelling.least <= MOST_DECIMALS
        and 0 <= (spelling.most or 0) <= MOST_DECIMALS
        and abs(spelling.offset) <= MINUTES_A_DAY
        and not set(rest) & set("{}")
        and max(len(spelling.template), len(spelling.decimal), len(spelling.thousands)) <= 200
    )
    return spelling if sound else _refuse(origin)


def _rises(values: Sequence[float]) -> bool:
    return all(one < other for one, other in itertools.pairwise(values))


def _are_counts(values: Sequence[int]) -> bool:
    return all(0 <= one < 2**53 for one in values)


def _refuse(origin: str) -> Any:  # noqa: ANN401 - never returns
    raise DataError(f"{origin} is damaged (the parts of a column do not fit together). Restore the file.")
