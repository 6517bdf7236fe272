"""The flags by which verbs read tables, and the tables that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fgan.cli import print_error
from fgan.cli.common import names_in
from fgan.errors import FganError

if TYPE_CHECKING:
    from fgan.data.tables import Table


@dataclass(frozen=True, kw_only=True)
class TableFlags:
    """How tables are read."""

    numbers: str = ""
    """Columns of tables that are numbers, separated by commas; whole numbers with at most 20 values are categories
    otherwise."""
    categories: str = ""
    """Columns of tables that are categories, separated by commas, such as zip codes."""
    missing: Literal["refuse", "drop"] = "refuse"
    """Refuse rows that lack a value, or drop them; how many is said."""
    separator: str = ""
    """Between the values of a text file: comma, semicolon, tab, pipe or space; found out if not given."""
    decimal: str = ""
    """The decimal sign of a text file: point or comma; found out if not given."""
    thousands: str = ""
    """The sign between thousands: comma, point, apostrophe or space; found out if not given."""
    encoding: str = ""
    """Of a text file, such as utf-8 or cp1252; found out if not given."""
    no_header: bool = False
    """The first line of a text file holds values; columns are then called column 0, column 1 and so on."""

    @property
    def kinds(self) -> dict[str, str]:
        """The kinds of columns that are asked for, by name."""
        numbers, categories = names_in(self.numbers), names_in(self.categories)
        both = set(numbers) & set(categories)
        if both:
            raise FganError(
                f'a column is numbers or categories; "{min(both)}" is in --numbers and --categories.'
            )
        return {**dict.fromkeys(numbers, "number"), **dict.fromkeys(categories, "category")}

    @property
    def given(self) -> list[str]:
        """The flags that only tables have use for."""
        flags = {
            "--separator": self.separator,
            "--decimal": self.decimal,
            "--thousands": self.thousands,
            "--encoding": self.encoding,
            "--no-header": self.no_header,
        }
        return [flag for flag, value in flags.items() if value]

    def read(self, paths: Sequence[str], columns: Sequence[Sequence[str]]) -> list[Table | str]:
        """Return tables of those names that are of tables, and all other names.

        Args:
            paths: names.
            columns: the ones that are wanted of each; all where there are none.

        Raises:
            FganError: where a flag of tables is given and there is none; see `fgan.read_table`, too.
        """
        from fgan.data.tables import TextOptions, is_table, read_tables

        files = [path for path in paths if is_table(path)]
        if not files and self.given:
            raise FganError(
                f"{self.given[0]} says how a table of text is read; {' and '.join(paths)} is none."
            )
        options = TextOptions(self.separator, self.decimal, self.thousands, self.encoding, not self.no_header)
        wanted = [names for path, names in zip(paths, columns, strict=True) if path in files]
        tables = iter(read_tables(files, wanted, options, self.kinds, print_error))
        return [next(tables) if path in files else path for path in paths]
