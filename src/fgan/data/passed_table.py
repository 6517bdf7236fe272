"""What a Python program passed, kept in a file so that other processes train on the same: arrays, and tables."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fgan.data.dataset import Dataset
from fgan.data.passed import Passed, dataset_of, is_frame, kind_of, read_passed, same_as_saved, save_passed
from fgan.data.tables.memory import table_in
from fgan.data.tables.shapes import unfolded
from fgan.data.tabular import load_table
from fgan.errors import DataError
from fgan.files import save_file
from fgan.load_options import LoadOptions
from fgan.output import Say, to_stderr

ARRAY, TABLE = "data.npz", "data.parquet"
"""Names of the files."""


@dataclass(frozen=True)
class PassedTable:
    """A table of pandas, polars or Arrow.

    Args:
        kind: what it came as.
        content: it, as Parquet.
    """

    kind: str
    content: bytes


def read_to_keep(
    value: Any,  # noqa: ANN401 - whatever `as_dataset` takes
    folder: Path,
    *,
    options: LoadOptions | None = None,
    say: Say = to_stderr,
) -> Passed | PassedTable:
    """Return what was passed in a form that a file holds.

    Args:
        value: see `as_dataset`.
        folder: where it is to lie; tables of numbers that lie there as arrays, as they once did, stay such.
        options: see `LoadOptions`.
        say: told what was understood.

    Raises:
        DataError: for what cannot be kept.
    """
    if is_frame(value) and not (folder / ARRAY).is_file():
        return PassedTable(kind_of(value), _parquet(unfolded(value), kind_of(value)))
    return read_passed(value, options=options, say=say)


def kept_name(value: Any, folder: Path) -> str:  # noqa: ANN401
    """Return the name of the file that it is kept in."""
    return TABLE if is_frame(value) and not (folder / ARRAY).is_file() else ARRAY


def dataset_of_kept(
    passed: Passed | PassedTable, name: str, *, options: LoadOptions | None = None, say: Say = to_stderr
) -> Dataset:
    """Return it as the data set that the file is loaded as."""
    if isinstance(passed, Passed):
        return dataset_of(passed, name, options=options, say=say)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / TABLE
        path.write_bytes(passed.content)
        return load_table(
            path, options=options, say=lambda line: say(line.replace(str(path), name)), name=name
        )


def keep(passed: Passed | PassedTable, folder: Path) -> bool:
    """Write the file, and return True; where it is there, whether it holds the same.

    Raises:
        DataError: where it cannot be written, or is damaged.
    """
    table = isinstance(passed, PassedTable)
    path = folder / (TABLE if table else ARRAY)
    if path.is_file():
        return path.read_bytes() == passed.content if table else same_as_saved(passed, path)
    if table:
        save_file(path, passed.content, "A table")
    else:
        save_passed(passed, path)
    return True


def _parquet(value: Any, kind: str) -> bytes:  # noqa: ANN401
    try:
        import pyarrow  # pyright: ignore[reportMissingImports]
        import pyarrow.parquet  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise DataError(
            f"sharing a {kind} with other processes needs pyarrow, which is not installed. "
            'Run: pip install "fgan[parquet]", or save it as .csv and pass that file.'
        ) from None
    table_in(value, f"the {kind}")  # which refuses what is no table
    memory = io.BytesIO()
    try:
        if hasattr(value, "to_arrow"):
            table = value.to_arrow()
        elif isinstance(value, pyarrow.Table):
            table = value
        else:
            table = pyarrow.Table.from_pandas(value.rename(columns=str), preserve_index=False)
        pyarrow.parquet.write_table(table.replace_schema_metadata(None), memory)
    except pyarrow.ArrowException as error:
        raise DataError(
            f"the {kind} cannot be saved as Parquet ({error}). Give each column one type, or save it as .csv "
            "and pass "
            "that file."
        ) from error
    return memory.getvalue()
