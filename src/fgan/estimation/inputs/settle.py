"""Decide whether each column of two sets is a number or a category: by its cells, or as the user says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from fgan.data.tables import ColumnRead, HowRead
from fgan.data.tables.dates import ALMOST, require_plain_dates
from fgan.data.tables.formats import is_number
from fgan.data.tables.kinds import MOST_LABELS, ROWS_EACH, as_category, kind_of, stray_cells
from fgan.data.tables.missing import sentinel_in
from fgan.errors import DataError
from fgan.estimation.inputs.read import Array, Read

ASKED, WORDS = "asked for", "words"
"""Why a column is what it is."""


def words_of(cell: Array) -> Array:
    """Return a column as words; 1.0 is the word 1, as a column beside real numbers has it."""
    whole = cell.dtype.kind == "f" and bool((cell == np.round(cell)).all())
    return (cell.astype(np.int64) if whole else cell).astype(str)


def as_asked(given: Read, kinds: Mapping[str, str]) -> Read:
    """Return a set whose columns are numbers or categories where a user says so.

    Raises:
        DataError: for a word that is to be a number.
    """
    cells, how = list(given.cells), list(given.how)
    for place, name in enumerate(given.columns):
        kind = kinds.get(name)
        if kind is None:
            continue
        if kind == "category":
            cells[place] = words_of(cells[place])
        elif cells[place].dtype.kind == "U":
            cells[place] = _numbers(cells[place], name, given.name)
        elif cells[place].dtype.kind == "b":
            cells[place] = cells[place].astype(np.int64)
        how[place] = ColumnRead(name, kind, how[place].unit if kind == "number" else "", ASKED)
    return replace(given, cells=cells, how=tuple(how))


def _numbers(words: Array, column: str, side: str) -> Array:
    try:
        return words.astype(np.float64)
    except ValueError:
        for row, word in enumerate(words.tolist()):
            try:
                float(word)
            except ValueError:
                raise DataError(
                    f'column "{column}" should be numbers (--numbers, kinds), but row {row} of {side} is '
                    f'"{word}". '
                    "Repair it, or treat the column as a category."
                ) from None
        raise


def settle(*sets: Read) -> list[Read]:
    """Return sets of the same columns, each of which is a number or a category in all of them.

    Raises:
        DataError: where a column has one unit here and another there.
    """
    how: list[ColumnRead] = []
    for place, name in enumerate(sets[0].columns):
        columns = [one.how[place] for one in sets]
        units = {one.unit for one in columns}
        if len(units) > 1:
            received = " and ".join(unit or "plain numbers" for unit in sorted(units))
            raise DataError(
                f'a column must have the same unit in both sets; "{name}" has {received}. Convert one of them.'
            )
        said = next((one for one in columns if one.kind), None)
        if said is None or (said.kind == "number" and said.why != ASKED):
            kind, why = kind_of(*(one.cells[place] for one in sets))
            said = ColumnRead(name, kind, columns[0].unit, said.why if said else why)
        if said.why == WORDS:
            for one in sets:
                _require_words(one, place)
        how.append(replace(said, name=name))
    if not sets[0].named and _whole_numbers(sets):
        how = _of_one_array(sets, how)
    return [replace(one, how=tuple(how)) for one in sets]


def _require_words(given: Read, place: int) -> None:
    """Raise a DataError where almost all words of a column are numbers, or dates whose form says no day."""
    name, words = given.columns[place], list(map(str, given.cells[place].tolist()))
    numbers = {word: is_number(word) for word in set(words)}
    strays = [row for row, word in enumerate(words) if not numbers[word]]
    if 0 < len(strays) < (1 - ALMOST) * len(words):
        first = f'"{words[strays[0]]}" in {given.place_of(strays[0])}'
        raise stray_cells(name, given.name, len(strays), len(words), first)
    require_plain_dates(
        words, f'column "{name}" of {given.name}', lambda: given.place_of(0), as_category(name)
    )


def notes_on_words(*sets: Read) -> list[str]:
    """Say which words are all numbers, of so many values that labels they are hardly."""
    notes = []
    for place, column in enumerate(sets[0].how):
        if column.why != WORDS:
            continue
        distinct = {str(word) for one in sets for word in np.unique(one.cells[place]).tolist()}
        if len(distinct) > MOST_LABELS and all(map(is_number, distinct)):
            notes.append(
                f'column "{column.name}" holds numbers as text, treated as unordered categories. To treat '
                f'them as numbers, set kinds={{"{column.name}": "number"}} (--numbers {column.name}).'
            )
    return notes


def _whole_numbers(sets: Sequence[Read]) -> bool:
    return len(sets[0].cells) > 1 and all(cell.dtype.kind in "iu" for one in sets for cell in one.cells)


def _of_one_array(sets: Sequence[Read], how: list[ColumnRead]) -> list[ColumnRead]:
    """Return the kinds of an array of whole numbers: its columns are numbers if one is, or if hardly a row recurs."""
    if all(one.why == ASKED for one in how):
        return how
    rows = np.concatenate([np.stack(one.cells, 1) for one in sets])
    few = len(np.unique(rows, axis=0)) * ROWS_EACH > min(map(len, sets))
    if not few and all(one.kind == "category" for one in how):
        return how
    why = "whole numbers, like other columns of the array" if not few else "whole numbers, few identical rows"
    return [
        one if one.why == ASKED or one.kind == "number" else replace(one, kind="number", why=why)
        for one in how
    ]


def how_read(sets: Sequence[Read], *, together: bool = False) -> HowRead:
    """Return how sets were read: of P and Q, which have the same columns, or of X and Y together."""
    columns = tuple(column for one in (sets if together else sets[:1]) for column in one.how)
    files = tuple(dict.fromkeys(one.file for one in sets if one.file))
    return HowRead(columns, files, (sets[0].dropped, sets[-1].dropped))


def notes_on_sentinels(*sets: Read) -> list[str]:
    """Say which number stands far from all others and is one that often marks a missing value."""
    notes = []
    for one in sets:
        for column, cell in zip(one.how, one.cells, strict=True):
            found = sentinel_in(cell) if column.kind == "number" and not column.unit else None
            if found:
                notes.append(
                    f"{column.name} of {one.name} is {found[0]:g} in {found[1]:,} of {len(cell):,} rows, far "
                    "from all "
                    'other values. If that marks a missing value, empty those cells and set missing="drop" '
                    "(--missing drop)."
                )
    return notes
