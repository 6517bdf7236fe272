"""What an audit calls its tables: real and synthetic, two periods, or what the user calls them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fgan.errors import DataError, FganError

PERIODS = ("before", "after")
"""Names of two periods whose files say nothing better."""


@dataclass(frozen=True)
class Names:
    """What the tables are called in every sentence.

    Args:
        first, second, held_out: the words before "rows": "real", "synthetic" and "held-out", or "march" and "april".
        drift: whether the tables are two periods, of which neither is synthetic.
    """

    first: str = "real"
    second: str = "synthetic"
    held_out: str = "held-out"
    drift: bool = False

    @property
    def all(self) -> tuple[str, str, str]:
        """The three words."""
        return self.first, self.second, self.held_out

    @property
    def both(self) -> str:
        """The two tables, the second one first."""
        return (
            f"{self.second} and {self.first}"
            if self.drift
            else f"the {self.second} and the {self.first} table"
        )

    @property
    def the_first(self) -> str:
        """The first table, as the subject of a sentence."""
        return self.first if self.drift else f"the {self.first} table"

    @property
    def the_second(self) -> str:
        """The second table, likewise."""
        return self.second if self.drift else f"the {self.second} table"


def names_for(asked: Sequence[str] | None, samples: Sequence[Any], *, drift: bool) -> Names:
    """Return what to call two tables: what was asked for, or else, of two periods, the names of their files.

    Raises:
        FganError: for names that are not two different ones.

    >>> names_for(None, ("sales/march.csv", "sales/april.csv"), drift=True).second
    'april'
    """
    if asked is None:
        if not drift:
            return Names()
        asked = [_stem(one) for one in samples[:2]]
        if not all(asked) or asked[0] == asked[1]:
            asked = PERIODS
    words = [str(one).strip() for one in asked] if not isinstance(asked, str) else [asked]
    if len(words) != 2 or not all(words) or words[0] == words[1]:
        raise FganError(
            f"names (--names) must be two different words, such as march april; got {', '.join(words) or 'none'}."
        )
    return Names(words[0], words[1], drift=drift)


def require_two_periods(held_out: object, target: object) -> None:
    """Raise a DataError for questions about a generator, which two periods do not have."""
    given = [flag for flag, one in (("held-out", held_out), ("target", target)) if one is not None]
    if given:
        raise DataError(
            f"--drift compares two periods, and --{given[0]} judges a generator. Leave one of them out."
        )


def _stem(samples: Any) -> str:  # noqa: ANN401 - a table in any form
    path = samples if isinstance(samples, (str, Path)) else getattr(samples, "name", "")
    return Path(path).name.partition(".")[0] if isinstance(path, (str, Path)) else ""
