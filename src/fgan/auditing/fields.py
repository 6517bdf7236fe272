"""The tables of an audit, column by column: each column has one kind in all of them, and keeps its missing cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fgan.data.arrays import read_array
from fgan.data.tables import Column, ColumnRead, Table
from fgan.data.tables.kinds import Kinds, kind_of, kinds_by_name
from fgan.data.tables.memory import table_in
from fgan.data.tables.missing import checked_policy
from fgan.errors import DataError
from fgan.estimation.inputs.encoding import require_alike
from fgan.estimation.inputs.read import ARRAYS, FEWEST, Array, Read, Samples, opened
from fgan.estimation.inputs.settle import as_asked, words_of
from fgan.output import Say
from fgan.training.run_directory import RunDirectory

SIDES = ("real", "synthetic", "held-out")
"""What the tables are called, in their order."""
MOST_DISTINCT = 0.5
"""A column of words is an identifier, or text, where more than this share of its rows has a word of its own..."""
FEW_WORDS = 20
"""... and there are more words than this."""
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
        names: of the tables.
        rows: of each.
        read: how files were read, for people.
    """

    fields: tuple[Field, ...]
    names: tuple[str, ...]
    rows: tuple[int, ...]
    read: tuple[str, ...] = ()

    def of_kind(self, *kinds: str) -> list[Field]:
        """Return the fields of these kinds."""
        return [one for one in self.fields if one.kind in kinds]

    @property
    def notes(self) -> tuple[str, ...]:
        """How columns were read, and which are compared in part or not at all."""
        said = [one if not unit else f"{one} ({unit})" for one, unit in pairs]
        kind, why = "changed", f"{said[0]} in {reads[0].name}, {said[1]} in {reads[1].name}"
    elif kind == "category" and types[1] == "numbers" and name not in asked:
        kind, why = "number", "whole numbers where synthetic ones are none"  # no category is 1.37
    elif name not in asked and _is_identifier(known[0], kind, unit):
        kind, why = (
            "identifier",
            "hardly a value occurs twice" if kind == "category" else "consecutive numbers",
        )
    made = [
        _numbers(cell) if kind == "number" else _words(cell, gone)
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


def _numbers(cells: Array) -> Array:
    return np.asarray(cells, dtype=np.float64)


def _words(cells: Array, gone: Mask) -> Array:
    known = words_of(cells[~gone]) if not gone.all() else np.array([], dtype=str)
    made = np.full(len(cells), "", dtype=known.dtype if len(known) else "<U1")
    made[~gone] = known
    return made
