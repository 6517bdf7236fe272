"""The whole encoding of a table: vectors for networks, cells for people, and JSON for the run directory."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.data.encoding.category import CategoryCode
from fgan.data.encoding.column import ColumnCode
from fgan.data.encoding.stored import Written
from fgan.data.tables import Column, Table
from fgan.errors import DataError, did_you_mean
from fgan.frame import Frame
from fgan.json_files import parse_json, shaped
from fgan.memory import MEND, current_budget

ENCODED = 8 + 8 + 4 + 4
"""Bytes a coordinate."""
FORMAT = 1
"""Grows when an older fgan could no longer read what is written."""


@dataclass(frozen=True)
class TableEncoding:
    """How rows of a table become vectors (D,), and vectors rows.

    Args:
        columns: each with its code, in the table's order.
        label: the column whose values are classes; "" for none. It has no coordinates.
        separator: between the values of the file that it was read from.
        header: whether that file names its columns.
    """

    columns: tuple[ColumnCode, ...]
    label: str = ""
    separator: str = ","
    header: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(one.read.name for one in self.columns)

    @cached_property
    def _features(self) -> tuple[ColumnCode, ...]:
        return tuple(one for one in self.columns if one.read.name != self.label)

    @property
    def width(self) -> int:
        """The coordinates D."""
        return sum(one.width for one in self._features)

    @cached_property
    def blocks(self) -> tuple[tuple[int, int, int], ...]:
        """Which coordinates are one-hot, as `Frame.choices` says it."""
        found, start = [], 0
        for one in self._features:
            found += [(start + first, count, gated) for first, count, gated in one.code.blocks]
            start += one.width
        return tuple(found)

    @property
    def frame(self) -> Frame:
        """Where the vectors lie."""
        moments = [one.code.moments() for one in self._features]
        return Frame(
            (self.width,),
            center=tuple(value for center, _ in moments for value in center),
            scale=tuple(value for _, scale in moments for value in scale),
            choices=self.blocks,
        )

    @cached_property
    def classes(self) -> CategoryCode | None:
        """The values of the label column; None without one."""
        found = next((one.code for one in self.columns if one.read.name == self.label), None)
        assert found is None or isinstance(found, CategoryCode), "a label is a category"
        return found

    @property
    def kinds(self) -> dict[str, str]:
        """What each column is, a number or a category; not of dates, which say it themselves."""
        return {one.read.name: one.read.kind for one in self.columns if not one.read.unit}

    def settled(self, table: Table) -> Table:
        """Return another table of these columns, each of which is what it is here.

        Raises:
            DataError: for words that are to be numbers, or other units.
        """
        columns = {}
        for one in self.columns:
            name, column = one.read.name, table.columns[one.read.name]
            known = column.cells if column.missing is None else column.cells[~column.missing]
            if len(known) and (
                column.unit != one.read.unit or (one.read.kind == "number" and known.dtype.kind == "U")
            ):
                raise DataError(
                    f'"{name}" is {one.read.unit or "plain numbers"} in the data; in {table.name} it is '
                    f"{column.unit or ('words' if known.dtype.kind == 'U' else 'plain numbers')}. Write both alike."
                )
            columns[name] = replace(column, kind=one.read.kind)
        return replace(table, columns=columns)

    def require_columns(self, table: Table) -> None:
        """Raise a DataError where a table lacks one of the columns."""
        lone = next((name for name in self.names if name not in table.columns), None)
        if lone is not None:
            raise DataError(
                f'{table.name} lacks the column "{lone}"; it must have {", ".join(self.names)}.'
                f"{did_you_mean(lone, table.columns)}"
            )

    def encode(self, table: Table) -> NDArray[np.float64]:
        """Return rows as vectors (n, D).

        Raises:
            DataError: for columns that are not there, and cells that have no code.
        """
        self.require_columns(table)
        # Each column, all side by side, and float32 numbers of these that are divided.
        current_budget().require(
            ENCODED * table.count * self.width,
            f"Encoding {table.count:,} rows of {table.name} as {self.width:,} coordinates",
            f"Leave out columns with many different values (--drop). {MEND}",
        )
        parts = [one.encode(table.columns[one.read.name]) for one in self._features]
        return np.concatenate(parts, 1) if parts else np.zeros((table.count, 0))

    def labels(self, table: Table) -> Tensor | None:
        """Return the class of each row (n,); None without a label column."""
        if self.classes is None:
            return None
        return torch.from_numpy(self.classes.places(table.columns[self.label], self.label))

    def decode(self, samples: Tensor | NDArray[Any], labels: Tensor | None = None) -> Table:
        """Return vectors (n, D), and the classes of a label column (n,), as rows of a table.

        Raises:
            DataError: for samples without classes where there is a label column.
        """
        rows = samples.numpy() if isinstance(samples, Tensor) else samples
        cells: dict[str, Column] = {}
        start = 0
        for one in self.columns:
            if one.read.name == self.label:
                if labels is None or self.classes is None:
                    raise DataError(
                        f'the column "{self.label}" holds classes, but the samples have none: this encoding is of '
                        "another run. Restore its table.json."
                    )
                cells[self.label] = one.dressed(self.classes.cells(labels.numpy()))
                continue
            cells[one.read.name] = one.decode(rows[:, start : start + one.width])
            start += one.width
        return Table(cells, "samples")

    def to_json(self) -> str:
        """Write it as `table.json` holds it."""
        described = {
            "format": FORMAT,
            "label": self.label,
            "separator": self.separator,
            "header": self.header,
            "columns": [one.to_json() for one in self.columns],
        }
        return json.dumps(described, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, origin: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            DataError: where it is damaged, or of a newer fgan.
        """
        try:
            values = shaped(parse_json(text, origin), Written, origin)
            if values["format"] > FORMAT:
                raise DataError(f"{origin} was written by a newer fgan. Upgrade fgan.")
            columns = tuple(ColumnCode.from_json(one, origin) for one in values["columns"])
            names = [one.read.name for one in columns]
            label = [one for one in columns if one.read.name == values["label"]]
            fits = not values["label"] or (label and isinstance(label[0].code, CategoryCode))
            if len(set(names)) < len(names) or not fits:
                raise DataError(f"{origin} is damaged (its columns do not fit together). Restore the file.")
        except DataError as error:
            raise DataError(f"{error} Or continue the run with --resume, which writes it again.") from error
        return cls(columns, values["label"], values["separator"], values["header"])
