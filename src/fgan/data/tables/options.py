"""How a file of text is to be read, where a user says so: separator, number format, encoding, header."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from fgan.errors import DataError

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}
"""What may stand between values, and its name; all but the space are tried where none is given."""
GROUPINGS = {",": "comma", ".": "point", " ": "space", "'": "apostrophe"}
"""What may stand between thousands."""


@dataclass(frozen=True)
class TextOptions:
    """What a user says of files of text; what is "" is found out.

    Args:
        separator: "," ";" "|", a tab or a space, or its name.
        decimal: "." or ",", or "point" or "comma".
        thousands: "," "." "'" or a space, or its name.
        encoding: such as "utf-8" or "cp1252".
        header: whether the first line names the columns.
    """

    separator: str = ""
    decimal: str = ""
    thousands: str = ""
    encoding: str = ""
    header: bool = True

    def __post_init__(self) -> None:
        """Replace names by signs.

        Raises:
            DataError: for a sign or an encoding that is not known.
        """
        decimals = {".": "point", ",": "comma"}
        for field, known in (("separator", SEPARATORS), ("decimal", decimals), ("thousands", GROUPINGS)):
            object.__setattr__(self, field, _sign(getattr(self, field), field, known))
        if self.decimal and self.decimal == self.thousands:
            raise DataError(
                f'decimal (--decimal) and thousands (--thousands) must differ; both are "{self.decimal}".'
            )
        if self.encoding:
            try:
                codecs.lookup(self.encoding)
            except (LookupError, ValueError):
                raise DataError(
                    f'unknown encoding (--encoding) "{self.encoding}"; use one that Python knows, such as '
                    "utf-8 or cp1252."
                ) from None


def _sign(given: str, field: str, known: dict[str, str]) -> str:
    sign = {"\\t": "\t", **{name: sign for sign, name in known.items()}}.get(given, given)
    if sign and sign not in known:
        raise DataError(f'{field} (--{field}) must be one of {", ".join(known.values())}; got "{given}".')
    return sign
