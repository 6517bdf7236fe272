"""One name in, one data set out: the built-in data sets and the user's own files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from fgan.data.archives import holds_pictures
from fgan.data.array_files import is_array
from fgan.data.arrays import load_array
from fgan.data.dataset import Dataset
from fgan.data.digits import digits
from fgan.data.idx import load_idx_folder
from fgan.data.images import load_images
from fgan.data.mnist import load_mnist
from fgan.data.stacked import load_stacked_mnist
from fgan.data.tables import is_table
from fgan.data.tabular import load_table
from fgan.data.toys import grid25, moons, paper_mixture, ring8
from fgan.errors import DataError, did_you_mean
from fgan.files import nothing_at
from fgan.load_options import LoadOptions, LoadSettings
from fgan.memory import memory_limit
from fgan.output import Say, to_stderr

BUILDERS: dict[str, Callable[[str | Path | None, Say], Dataset]] = {
    "digits": lambda data_dir, say: digits(),
    "mnist": load_mnist,
    "stacked-mnist": load_stacked_mnist,
    "ring8": lambda data_dir, say: ring8(),
    "grid25": lambda data_dir, say: grid25(),
    "paper-mixture": lambda data_dir, say: paper_mixture(),
    "moons": lambda data_dir, say: moons(),
}
IDX_PREFIX = "idx:"
PASSED = "dataset:"
"""Prefix of the name of a `Dataset` that was passed from Python; such a name cannot be loaded."""
FILES = "a folder or archive of images, a table, a .npy, a .npz, idx:DIR"


@memory_limit()
def load_data(
    name: str | Path,
    *,
    data_dir: str | Path | None = None,
    options: LoadOptions | None = None,
    say: Say = to_stderr,
    **settings: Unpack[LoadSettings],
) -> Dataset:
    """Load a data set by name or path.

    Args:
        name: `digits`, `mnist`, `stacked-mnist`, `ring8`, `grid25`, `paper-mixture` or `moons`; `idx:DIR` for a folder
            of IDX files; or the path of a folder of images, an archive of images (`.zip`, `.tar`, compressed or not), a
            `.npy` or `.npz` file, or a table (`.csv`, `.tsv`, `.parquet`). For a folder with a built-in name, write
            `./digits`.
        data_dir: folder in which `mnist` and `stacked-mnist` look for MNIST first, and into which they download it.
        options: how files become samples.
        say: function that receives remarks about what was read and skipped (default: standard error).
        settings: fields of `LoadOptions` that override `options`: image_size, strict, frames, background, value_range,
            split.

    Returns:
        A `Dataset` with training and held-out samples.

    Raises:
        DataError: if the name is unknown, an option does not apply, or the data cannot be read or used.

    >>> load_data("ring8").shape
    (2,)
    """
    name = str(name)
    if name.startswith(PASSED):
        raise DataError(
            f'"{name}" was passed to fgan.train as a Dataset object, so it cannot be loaded by name. Pass it '
            "again (dataset=...), or name other data, for example with --against."
        )
    options = replace(options or LoadOptions(), **settings)
    if name in BUILDERS:
        _refuse_columns(name, options)
        _refuse_size(name, options.image_size)
        return BUILDERS[name](data_dir, say)
    if name.startswith(IDX_PREFIX):
        _refuse_columns(name, options)
        _refuse_size(name, options.image_size)
        return load_idx_folder(name.removeprefix(IDX_PREFIX), options=options, name=name, say=say)
    path = _existing(name)
    if path is None:
        raise DataError(_unknown(name))
    if holds_pictures(path):
        _refuse_columns(name, options)
        return load_images(path, options=options, say=say, name=name)
    _refuse_size(name, options.image_size)
    if path.suffix.lower() in (".npy", ".npz") or is_array(path):
        _refuse_columns(name, options)
        return load_array(path, options=options, say=say, name=name)
    if is_table(path) and (is_table(path.name) or not path.suffix):
        return load_table(path, options=options, say=say, name=name)
    raise DataError(
        f"cannot load the file {name!r}: its type is unknown. Data are {FILES}. Unpack or convert it, or pass "
        "its folder."
    )


def absolute_name(name: str) -> str:
    """Return the name under which a data set is found from any working directory.

    >>> absolute_name("digits")
    'digits'
    >>> Path(absolute_name("idx:somewhere").removeprefix("idx:")).is_absolute()
    True
    """
    if name in BUILDERS or name.startswith(PASSED):
        return name
    if name.startswith(IDX_PREFIX):
        return IDX_PREFIX + str(Path(name.removeprefix(IDX_PREFIX)).expanduser().absolute())
    path = _existing(name)
    return str(path.absolute()) if path else name


def is_gone(name: str) -> bool:
    """Whether a name stands for a path that does not exist; data that are built in or were passed have none.

    >>> is_gone("moons"), is_gone("no/such/folder")
    (False, True)
    """
    built_in = name in BUILDERS or name.startswith(PASSED)
    return not built_in and _existing(name.removeprefix(IDX_PREFIX)) is None


def short_name(name: str) -> str:
    """Return what the folders of a data set's runs are called by.

    >>> short_name("idx:../kmnist"), short_name("photos/cats.zip"), short_name("moons")
    ('kmnist', 'cats', 'moons')
    """
    return Path(name.removeprefix(IDX_PREFIX).removeprefix(PASSED)).stem


def _refuse_size(name: str, image_size: int | None) -> None:
    if image_size is not None:
        raise DataError(
            "image_size (--image-size) applies to folders and archives of images; "
            f"got image_size={image_size} with {name!r}. Leave it out."
        )


def _refuse_columns(name: str, options: LoadOptions) -> None:
    if options.table.given:
        raise DataError(
            f"{options.table.given} applies to tables, such as .csv; {name!r} is not one. Leave it out."
        )


def _existing(name: str) -> Path | None:
    try:
        path = Path(name).expanduser()
        return path if name and path.exists() else None
    except (OSError, RuntimeError):  # a path that may not be looked at, an unknown ~user
        return None


def _unknown(name: str) -> str:
    hint = "" if set(name) & set("/\\.") else did_you_mean(name, BUILDERS)
    return f"{nothing_at(name)}{hint} Data are a path ({FILES}), or a name: {', '.join(BUILDERS)}."
