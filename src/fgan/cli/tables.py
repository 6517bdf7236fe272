"""The flags by which verbs read tables, and the tables that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fgan.cli import print_error
from fgan.cli.common import names_in
from fgan.cli.memory import MemoryFlag
from fgan.errors import FganError

if TYPE_CHECKING:
    from fgan.data.tables import Table


@dataclass(frozen=True, kw_only=True)
class TableFlags(MemoryFlag):
    """How tables are read."""

    drop: str = ""
    """Columns to leave out, such as ids, separated by commas."""
    numbers: str = ""
    """Columns to treat as numbers, separated by commas. (default: detected; whole numbers with at most 20 distinct
    values count as categories)"""
    categories: str = ""
    """Columns to treat as categories, separated by commas, such as zip codes. (default: detected)"""
    missing: Literal["refuse", "drop"] = "refuse"
    """Rows with missing values: refuse stops with an error, drop removes these rows and reports how many."""
    separator: str = ""
    """Separator of a text file: comma, semicolon, tab, pipe or space. (default: detected)"""
    decimal: str = ""
    """Decimal sign of a text file: point or comma. (default: detected)"""
    thousands: str = ""
    """Thousands sign of a text file: comma, point, apostrophe or space. (default: detected)"""
    encoding: str = ""
    """Encoding of a text file, such as utf-8 or cp1252. (default: detected)"""
    no_header: bool = False
    """The text file has no header line; columns are named column 0, column 1 and so on."""

    @property
    def kinds(self) -> dict[str, str]:
        """The kinds of columns that are asked for, by name."""
        numbers, categories = names_in(self.numbers), names_in(self.categories)
        both = set(numbers) & set(categories)
        if both:
            raise FganError(f'"{min(both)}" is in both --numbers and --categories. Put it in one of them.')
        return {**dict.fromkeys(numbers, "number"), **dict.fromkeys(categories, "category")}

    @property
    def given(self) -> list[str]:
        """The flags that only tables have use for."""
        flags = {
            "--drop": self.drop,
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
                f"{self.given[0]} works for text tables only; got {' and '.join(paths)}. Leave it out."
            )
        options = TextOptions(self.separator, self.decimal, self.thousands, self.encoding, not self.no_header)
        wanted = [names for path, names in zip(paths, columns, strict=True) if path in files]
        tables = iter(read_tables(files, wanted, options, self.kinds, print_error, names_in(self.drop)))
        return [next(tables) if path in files else path for path in paths]

    def read_sides(self, p: str, q: str, columns: str, weights: Sequence[str]) -> list[Table | str]:
        """Return the samples of P and of Q: tables as the columns that are wanted, all else by name.

        Args:
            p, q: names.
            columns: names of columns, separated by commas; all if empty.
            weights: of P and of Q: a column that is needed too, another name, or "".

        Raises:
            FganError: where columns are named and there is no table; see `read`, too.
        """
        from fgan.data.tables import is_table
        from fgan.estimation.inputs.weighting import is_column

        wanted = tuple(names_in(columns))
        if wanted and not all(map(is_table, (p, q))):
            raise FganError(
                f"--columns works for tables only; {p} and {q} are not both tables. Leave it out."
            )
        each = [(*wanted, one) if wanted and one and is_column(one) else wanted for one in weights]
        return self.read((p, q), each)
