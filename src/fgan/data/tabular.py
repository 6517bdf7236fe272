"""Tables as data sets: read, encoded by their training part, and what each column was taken for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.data.dataset import Dataset, TensorSource
from fgan.data.encoding import TableEncoding, fitted
from fgan.data.encoding.column import Stored, in_ticks
from fgan.data.encoding.fit import settled
from fgan.data.encoding.number import NumberCode
from fgan.data.finite import counts_of, split, split_name
from fgan.data.outlying import mistaken_outlier
from fgan.data.record import COLUMNS, Record
from fgan.data.tables import Column, Table, TextOptions, read_tables
from fgan.data.tables.missing import sentinel_in
from fgan.errors import DataError
from fgan.load_options import LoadOptions, TableOptions
from fgan.memory import memory_limit
from fgan.output import Say, to_stderr

FEWEST = 10
"""Rows without which there is nothing to learn a table from."""


@memory_limit()
def load_table(
    path: str | Path, *, options: LoadOptions | None = None, say: Say = to_stderr, name: str | None = None
) -> Dataset:
    """Load a table of text or Parquet as a data set; a tenth of its rows is held out.

    Args:
        path: the file, as `read_table` takes it.
        options: see `LoadOptions`; `options.table` says which columns, and what they are.
        say: told what was understood.
        name: what to call the data set; default: the path.

    Raises:
        DataError: where it cannot be read or learnt from.
    """
    options = options or LoadOptions()
    table = read_as(path, options.table, say)
    say(table.how)
    return table_dataset(table, name or str(path), options, say=say)


def read_as(path: str | Path, options: TableOptions, say: Say = to_stderr) -> Table:
    """Return a table from a file as a user says it is to be read, with the rows that are wanted.

    Raises:
        DataError: where it cannot be read, or lacks values that are to be there.
    """
    text = TextOptions(
        options.separator, options.decimal, options.thousands, options.encoding, not options.no_header
    )
    (table,) = read_tables([path], [options.wanted], text, options.kinds, say, options.dropped)
    return _with_rows(table, options)


def _with_rows(table: Table, options: TableOptions) -> Table:
    if options.missing == "refuse":
        return table.complete()
    return table.without_missing() if options.missing == "drop" else table


def chosen(table: Table, options: TableOptions) -> Table:
    """Return the columns and rows of a table in memory that are wanted.

    Raises:
        DataError: for a column that is not there, or lacks values that are to be there.
    """
    for name in (*options.wanted, *options.dropped):
        _require_column(table, name, "--columns, --drop")
    names = [name for name in options.wanted or table.columns if name not in options.dropped]
    if not names:
        raise DataError(f"--drop leaves no column of {', '.join(table.columns)}. Drop fewer.")
    return _with_rows(table.select(names), options)


def table_dataset(
    table: Table,
    name: str,
    options: LoadOptions,
    *,
    stored: Mapping[str, Stored] | None = None,
    say: Say = to_stderr,
) -> Dataset:
    """Return rows of a table as a data set of vectors, see `TableEncoding`.

    Args:
        table: what was read.
        name: what to call it.
        options: `options.table` says what columns are, `options.split` how rows are held out.
        stored: types of columns in memory, by name.
        say: told what each column was taken for.

    Raises:
        DataError: for a table that nothing can be learnt from.
    """
    wanted, label = options.table, options.table.conditional_on
    for one in (*wanted.kinds, *([label] if label else [])):
        _require_column(table, one, "--numbers, --categories, --conditional-on")
    if table.count < FEWEST:
        raise DataError(
            f"training needs a table with at least {FEWEST} rows; {name} has {table.count}. Add rows."
        )
    table = settled(table, wanted.kinds, label)
    labels = _labels(table, label)
    parts = split(torch.arange(table.count), labels, stratified=options.split == "stratified")
    train, held_out = (part.values.numpy() for part in parts)
    train, held_out, moved = _with_all_words(table, train, held_out)
    encoding = fitted(table, train, label=label, stored=stored)
    encoding = replace(encoding, separator=table.separator, header=not wanted.no_header)
    values = torch.from_numpy(encoding.encode(table).astype(np.float32))
    train_source, held_source = (
        TensorSource(values[rows], None if labels is None else labels[rows])
        for rows in map(torch.from_numpy, (train, held_out))
    )
    classes = tuple(encoding.classes.names) if encoding.classes else ()
    record = Record(
        train=len(train),
        held_out=len(held_out),
        split=split_name(classes, options, table.count),
        shape=(encoding.width,),
        classes=counts_of(classes, train_source, held_source),
        labels=f'from the column "{label}"' if label else "",
        notes=tuple(_notes(table, encoding, train, held_out, moved)),
    )
    for line in record.lines(name):
        say(line)
    return Dataset(
        name,
        encoding.frame,
        train_source,
        held_source,
        classes=classes,
        record=record,
        table=encoding,
    )


def _require_column(table: Table, name: str, flags: str) -> None:
    if name not in table.columns:
        raise DataError(f'{flags}: there is no column "{name}"; the columns are {", ".join(table.columns)}.')


def _labels(table: Table, label: str) -> Tensor | None:
    if not label:
        return None
    column = table.columns[label]
    words = column.cells.astype(str)
    if column.missing is not None:
        words[column.missing] = "(missing)"
    _, places = np.unique(words, return_inverse=True)
    return torch.from_numpy(places.astype(np.int64))


def _with_all_words(
    table: Table, train: NDArray[np.int64], held_out: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return both parts, with the held-out rows in the training part that hold the only cells of a word."""
    moving = np.zeros(len(held_out), dtype=bool)
    for column in table.columns.values():
        if column.kind != "category":
            continue
        known = set(column.cells[train].tolist())
        moving |= np.array([one not in known for one in column.cells[held_out].tolist()], dtype=bool)
    if not moving.any() or moving.all():
        return train, held_out, 0
    return np.concatenate([train, held_out[moving]]), held_out[~moving], int(moving.sum())


def _notes(
    table: Table, encoding: TableEncoding, train: NDArray[np.int64], held_out: NDArray[np.int64], moved: int
) -> list[str]:
    """Describe how each column was interpreted, with remarks."""
    notes = [f"{COLUMNS}{'; '.join(_said(table, encoding))}"]
    if moved:
        notes.append(
            f"{moved:,} rows with the only occurrence of a category are used for training, not held out"
        )
    beyond = {
        one.read.name: count
        for one in encoding.columns
        if isinstance(one.code, NumberCode)
        and (count := one.code.beyond(in_ticks(table.columns[one.read.name].at(held_out))))
    }
    if beyond:
        said = ", ".join(f"{name} {count}" for name, count in beyond.items())
        notes.append(f"held-out numbers outside the training range are clipped to it: {said}")
    for one in encoding.columns:
        if isinstance(one.code, NumberCode):
            notes += mistaken_outlier(_known(table.columns[one.read.name].at(train)), one.read.name)
    for name, one in table.columns.items():
        found = sentinel_in(_known(one)) if one.kind == "number" and not one.unit else None
        if found:
            notes.append(
                f'"{name}" is {found[0]:g} in {found[1]:,} of {table.count:,} rows, far from all other '
                "values. If that marks "
                "a missing value, empty those cells"
            )
    if table.dropped:
        notes.append(f"dropped because of missing values: {table.dropped:,} rows")
    return notes


def _known(column: Column) -> NDArray[Any]:
    return column.cells if column.missing is None else column.cells[~column.missing]


def _said(table: Table, encoding: TableEncoding) -> list[str]:
    said = []
    for one in encoding.columns:
        column, code = table.columns[one.read.name], one.code
        text = str(one.read)
        more = []
        if not isinstance(code, NumberCode):
            more.append(f"{len(code)} values")
        elif code.spikes:
            more.append(f"{len(code.spikes)} frequent value{'s' * (len(code.spikes) > 1)}")
        if column.missing is not None:
            more.append(f"{int(column.missing.sum()):,} missing")
        if not one.width and one.read.name != encoding.label:
            more.append("constant")
        said.append(f"{text} [{', '.join(more)}]" if more else text)
    return said
