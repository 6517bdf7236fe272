"""The tables of an audit, column by column: each column has one kind in all of them, and keeps its missing cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fgan.auditing.names import Names
from fgan.data.arrays import read_array
from fgan.data.tables import Column, ColumnRead, Table
from fgan.data.tables.kinds import Kinds, kind_of, kinds_by_name
from fgan.data.tables.memory import table_in
from fgan.data.tables.missing import checked_policy
from fgan.data.tables.values import EPOCH
from fgan.errors import DataError
from fgan.estimation.inputs.encoding import FEW_WORDS as FEW_CATEGORIES
from fgan.estimation.inputs.encoding import require_alike
from fgan.estimation.inputs.read import ARRAYS, FEWEST, Array, Read, Samples
from fgan.estimation.inputs.settle import as_asked, words_of
from fgan.training.run_directory import RunDirectory

MOST_DISTINCT = 0.5
"""A column of words is an identifier, or text, where more than this share of its rows has a word of its own..."""
FEW_WORDS = 20
"""... and there are more words than this."""
ANOTHER = "(another)"
"""Stands for words that are taken together."""
MOST_TOGETHER = 100
"""Words of a column that a critic sees, at most; the tests of columns see all."""
FEWEST_TOGETHER = 10
"""Cells of all tables from which on a word stays apart there."""
KEEP = "keep"
"""Missing cells are compared as well: the policy that `fgan.estimate` does not have."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Field:
    """A column of all tables.

    Args:
        name: the column's.
        kind: "number", "category", "identifier", or "changed" where the synthetic one is of another type.
        unit: of numbers that were dates, times or durations.
        why: what decided.
        types: what each table holds, for people.
        cells: of each table: float64 of numbers, words of all else (n,).
        missing: which cells of each table are missing (n,).
    """

    name: str
    kind: str
    unit: str
    why: str
    types: tuple[str, ...]
    cells: tuple[Array, ...]
    missing: tuple[Mask, ...]

    def known(self, table: int) -> Array:
        """Return the cells of a table that are not missing."""
        return self.cells[table][~self.missing[table]]

    @property
    def lacks(self) -> bool:
        """Whether a table lacks some of its cells."""
        return any(one.any() for one in self.missing)

    def common_words(self, rows: int) -> Array | None:
        """Return the words that stay apart beside others in so many rows; None where all do.

        `fgan.estimate` refuses more, and each takes memory in every row; of shares of rare ones chance makes a
        divergence. The rest are taken together.
        """
        known = np.concatenate([self.known(table) for table in range(len(self.cells))])
        words, counts = np.unique(known, return_counts=True)
        most = max(FEW_CATEGORIES, min(MOST_TOGETHER, rows // 10)) - 1
        most = min(most, int((counts >= FEWEST_TOGETHER).sum()))
        return words[np.argsort(-counts, kind="stable")[:most]] if len(words) > most + 1 else None

    def at(self, table: int, rows: NDArray[np.int64]) -> Field:
        """Return the field with these rows of one table, alone."""
        return replace(
            self,
            types=(self.types[table],),
            cells=(self.cells[table][rows],),
            missing=(self.missing[table][rows],),
        )


@dataclass(frozen=True)
class Tables:
    """The tables of an audit: real, synthetic and, where it was given, held-out.

    Args:
        fields: their columns.
        sources: where each is from: its path, or its name.
        rows: of each.
        read: how files were read, for people.
        called: what sentences call them.
        places: of each table, what to call a row, such as "line 17".
    """

    fields: tuple[Field, ...]
    sources: tuple[str, ...]
    rows: tuple[int, ...]
    read: tuple[str, ...] = ()
    called: Names = field(default_factory=Names)
    places: tuple[Callable[[int], str], ...] = ()

    def of_kind(self, *kinds: str) -> list[Field]:
        """Return the fields of these kinds."""
        return [one for one in self.fields if one.kind in kinds]

    @property
    def notes(self) -> tuple[str, ...]:
        """How columns were read, and which are compared in part or not at all."""
        said = [f"{one.name} is a {one.kind} ({one.why})" for one in self.compared if one.why]
        lines = [f"read: {'; '.join(said)}"] if said else []
        for one in self.of_kind("identifier"):
            lines.append(
                f"{one.name} is treated as an identifier ({one.why}): used only in the check for copies"
            )
        for one in self.of_kind("changed"):
            lines.append(f"{one.name} has a different type and is not compared further ({one.why})")
        return tuple(lines)

    @property
    def compared(self) -> list[Field]:
        """The fields whose values can be compared: no identifiers, and none whose type changed."""
        return self.of_kind("number", "category")


def read_fields(
    samples: Sequence[Samples],
    kinds: Kinds,
    missing: str,
    n: int | None,
    seed: int,
    called: Names,
    chosen: Callable[[Table], Table] = lambda table: table,
) -> Tables:
    """Read two or three tables.

    Args:
        samples: real, synthetic and perhaps held-out rows: tables, paths of them, arrays (n, d); as the second, a run
            on a table too, which makes as many rows as the first has.
        kinds: "number" or "category" by column.
        missing: "keep" rows that lack a value, "drop" or "refuse" them.
        n: the maximum number of rows of each table, drawn at random.
        seed: decides which.
        called: what sentences call the tables.
        chosen: leaves the columns of a table that are wanted.

    Raises:
        DataError: where they cannot be read, have other columns, or fewer than 50 rows.
    """
    real, synthetic, *held_out = samples
    given = [_table(real, called.first)]
    given.append(_drawn(synthetic, n or given[0].count, seed) or _table(synthetic, called.second))
    given += [_table(one, called.held_out) for one in held_out]
    given = [chosen(one) for one in given]
    names = tuple(table.name for table in given)
    for name, table in zip(names[1:], given[1:], strict=True):
        columns = tuple(given[0]), tuple(table)
        require_alike((len(columns[0]),), (len(columns[1]),), (names[0], name), *columns)
    tables = [_with_policy(one.select(tuple(given[0])), missing) for one in given]
    tables = [_some(one, n, seed + place) for place, one in enumerate(tables)]
    for table in tables:
        if table.count < FEWEST:
            raise DataError(
                f"an audit needs at least {FEWEST} rows per table (some train a classifier, others are held "
                "out); "
                f"{table.name} has {table.count}. Provide more rows."
            )
    reads = [_read(table) for table in tables]
    asked = kinds_by_name(kinds, reads[0].columns, named=True)
    reads = [as_asked(one, asked) for one in reads]
    masks = [[_gone(table.columns[name]) for table in tables] for name in tables[0]]
    fields = tuple(
        _field(place, reads, masks[place], asked, called) for place in range(len(reads[0].columns))
    )
    rows = tuple(table.count for table in tables)
    read = tuple(dict.fromkeys(one.how for one in tables if one.how))
    return Tables(fields, names, rows, read, called, tuple(one.place_of for one in tables))


def _table(samples: Samples, side: str) -> Table:
    if isinstance(samples, Table):
        return samples
    if isinstance(samples, (str, Path)):
        if Path(samples).suffix.lower() not in ARRAYS:
            raise DataError(
                f"an audit compares tables (.csv, .tsv, .txt, .parquet, .npy); {samples} is not one."
            )
        side, samples = str(samples), read_array(samples)
    if hasattr(samples, "ndim") and not hasattr(samples, "columns"):
        if samples.ndim != 2:
            raise DataError(
                f"an audit compares tables or arrays (n, d); {side} has the shape {tuple(samples.shape)}."
            )
        samples = {f"column {place}": samples[:, place] for place in range(samples.shape[1])}
    elif not hasattr(samples, "keys") and not hasattr(samples, "columns"):
        raise DataError(
            f"an audit compares tables of named columns or arrays (n, d); {side} is a "
            f"{type(samples).__name__}. "
            "Pass a DataFrame, a dict of columns, or a path."
        )
    return table_in(samples, side)


def _drawn(samples: Samples, n: int, seed: int) -> Table | None:
    """Return rows that a run's generator makes; None of all else.

    Raises:
        DataError: for a run on other data than tables.
    """
    if isinstance(samples, (str, Path)) and (Path(samples) / "config.json").is_file():
        samples = RunDirectory(samples)
    if not isinstance(samples, RunDirectory):
        return None
    rows = samples.sampler().rows(n, seed)
    if not isinstance(rows, Table):
        raise DataError(f"an audit compares tables; the run {samples.path} was not trained on a table.")
    return replace(rows, name=str(samples.path))


def _with_policy(table: Table, missing: str) -> Table:
    if missing == KEEP:
        return table
    return table.without_missing() if checked_policy(missing) == "drop" else table.complete()


def _some(table: Table, n: int | None, seed: int) -> Table:
    if n is None or n >= table.count:
        return table
    rows = np.sort(np.random.default_rng(seed).permutation(table.count)[:n])
    numbers = None if table.numbers is None else [table.numbers[row] for row in rows.tolist()]
    return replace(
        table, columns={name: one.at(rows) for name, one in table.columns.items()}, numbers=numbers
    )


def _gone(column: Column) -> Mask:
    return np.zeros(len(column), dtype=bool) if column.missing is None else column.missing


def _read(table: Table) -> Read:
    """Return a table as a `Read`, in which the first known cell stands in place of missing ones."""
    cells = []
    for column in table.columns.values():
        gone = _gone(column)
        filled = column.cells
        if gone.any():
            filled = filled.copy()
            filled[gone] = filled[int((~gone).argmax())] if not gone.all() else np.zeros(1, filled.dtype)[0]
        bad = ~np.isfinite(filled) if filled.dtype.kind == "f" else np.zeros(1, bool)
        if bad.any():
            raise DataError(
                f"numbers must be finite; {int(bad.sum())} of {len(filled)} cells in a column of {table.name} "
                f"are infinite, the first in {table.place_of(int(bad.argmax()))}. Repair or remove those rows."
            )
        cells.append(filled)
    how = tuple(ColumnRead(name, one.kind, one.unit, one.why) for name, one in table.columns.items())
    return Read(table.name, cells, tuple(table), named=True, how=how)


def _field(
    place: int, reads: Sequence[Read], masks: Sequence[Mask], asked: dict[str, str], called: Names
) -> Field:
    name = reads[0].columns[place]
    cells = [one.cells[place] for one in reads]
    known = [cell[~gone] for cell, gone in zip(cells, masks, strict=True)]
    types = tuple(_type(cell, one.how[place].unit) for cell, one in zip(known, reads, strict=True))
    units = [one.how[place].unit for one in reads]
    pairs = list(zip(types, units, strict=True))
    classes = [unit if unit and one != "nothing" else _CLASSES.get(one, one) for one, unit in pairs]
    if len(reads) > 2 and len({classes[0], classes[2], "nothing"}) > 2:
        raise DataError(
            f'held-out columns must have the same type as {called.first} ones; "{name}" is {types[0]} in '
            f"{reads[0].name} and "
            f"{types[2]} in {reads[2].name}. Convert one of them."
        )
    unit = units[0]
    given = [cell for side, cell in enumerate(known) if side != 1 and len(cell)]
    kind, why = kind_of(*given) if given else ("category", "all cells are missing")
    kind, why = (asked[name], "asked for") if name in asked else ("number", unit) if unit else (kind, why)
    changed = classes[0] != classes[1] and "nothing" not in classes[:2] and name not in asked
    if changed:
        said = [one if not unit else f"{one} ({unit})" for one, unit in pairs]
        kind, why = "changed", f"{said[0]} in {reads[0].name}, {said[1]} in {reads[1].name}"
    elif kind == "category" and types[1] == "numbers" and name not in asked:
        kind, why = "number", f"whole numbers, but the {called.second} values are not"  # no category is 1.37
    elif name not in asked and _is_identifier(known[0], kind, unit):
        kind, why = (
            "identifier",
            "hardly any value occurs twice" if kind == "category" else "consecutive numbers",
        )
    made = [
        _numbers(cell, gone) if kind == "number" else _words(cell, gone)
        for cell, gone in zip(cells, masks, strict=True)
    ]
    return Field(name, kind, unit, why, types, tuple(made), tuple(masks))


_CLASSES = {"whole numbers": "numbers"}


def _type(known: Array, unit: str) -> str:
    if not len(known):
        return "nothing"
    if unit:
        return "dates" if unit.startswith("days") else "durations or times"
    if known.dtype.kind in "Ub":
        return "words" if known.dtype.kind == "U" else "truth values"
    whole = known.dtype.kind in "iu" or bool((known == np.round(known)).all())
    return "whole numbers" if whole else "numbers"


def _is_identifier(known: Array, kind: str, unit: str) -> bool:
    """Whether each row has a value of its own that says nothing: names, texts, keys, row numbers."""
    if not len(known) or unit:
        return False
    distinct = len(np.unique(known))
    if kind == "category":
        return distinct > max(FEW_WORDS, MOST_DISTINCT * len(known))
    whole = known.dtype.kind in "iu"
    return whole and distinct == len(known) and int(known.max()) - int(known.min()) < 2 * len(known)


def _numbers(cells: Array, gone: Mask) -> Array:
    if gone.all():  # of a text file, such a column is one of empty words
        return np.zeros(len(cells))
    return np.asarray(cells, dtype=np.float64)


def _words(cells: Array, gone: Mask) -> Array:
    known = words_of(cells[~gone]) if not gone.all() else np.array([], dtype=str)
    made = np.full(len(cells), "", dtype=known.dtype if len(known) else "<U1")
    made[~gone] = known
    return made


def spelled(value: Any, field: Field) -> str:  # noqa: ANN401 - a number or a word
    """Return a cell as people write it: a number with up to ten digits, a number of days as a date."""
    if field.kind != "number":
        return str(value)
    if field.unit.startswith("days since"):
        moment = EPOCH + dt.timedelta(seconds=round(value * 86_400))
        return moment.isoformat(" ", "seconds") if value % 1 else moment.date().isoformat()
    return f"{value:.10g}" + (f" {field.unit}" if field.unit else "")
