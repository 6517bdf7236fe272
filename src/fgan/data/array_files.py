"""What lies in NumPy files: samples, their labels, and the parts that a `.npz` divides them into."""

from __future__ import annotations

import errno
import re
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fgan.data.archives import archive_kind
from fgan.data.labels import UNLABELLED, Labelling, number_classes
from fgan.data.unpacking import open_member, open_zip
from fgan.data.values import Stored
from fgan.errors import DataError, MemoryLimitError
from fgan.memory import MEND, current_budget, memory_limit

Array = NDArray[Any]

MAGIC = b"\x93NUMPY"
MOST_HEAD = 1 << 16
"""Bytes that numpy's header of an array takes at most."""
USUAL_KEYS = ("x", "images", "samples", "data", "arr_0")
LABEL_KEYS = ("y", "labels", "label")
PERHAPS_LABELS = (
    "targets",
    "target",
    "classes",
    "class",
    "arr_1",
)  # labels where they are one for each sample
PARTED = re.compile(
    r"(?:(?P<first>x|images?|samples|data|y|labels?|targets?)_(?P<part>train|val|test)"
    r"|(?P<part2>train|val|test)_(?P<last>x|images?|samples|data|y|labels?|targets?))"
)
"""Keys of a .npz in parts: x_train, y_train, x_test, y_test; or train_images, train_labels, ..."""
# What NumPy and zipfile raise on damaged files, found by flipping bytes; NumPy documents only a part.
_DAMAGED = (
    ValueError,
    OSError,
    EOFError,
    SyntaxError,
    OverflowError,
    RuntimeError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


class Part(NamedTuple):
    """Samples, and their labels if there are some; `stored` is what decoded pictures were made of."""

    samples: Array
    labels: Array | None
    stored: tuple[Stored, ...] = ()


class Content(NamedTuple):
    """What a file holds: samples to train on, a part to be held out if it has one, and the names of what is left."""

    train: Part
    held_out: Part | None = None
    part: str = ""
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def is_array(path: Path) -> bool:
    """Whether a file is what numpy.save or numpy.savez writes, by its content."""
    try:
        with path.open("rb") as file:
            magic = file.read(6)
        return magic == MAGIC or (magic.startswith(b"PK") and not archive_kind(path))
    except OSError:
        return False


@memory_limit()
def read_content(path: Path) -> Content:
    """Return the arrays in a file; the first bytes tell `.npy` from `.npz`.

    Raises:
        DataError: the file cannot be read, is damaged, needs pickle, or does not say which array holds the samples.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(6)
    except OSError as error:
        raise DataError(f"cannot read the array file {path} ({error}). Check the path.") from error
    if not magic.startswith((MAGIC, b"PK")):
        raise DataError(
            f"{path} has neither .npy nor .npz content. Save the array with numpy.save or numpy.savez."
        )
    try:
        if magic.startswith(MAGIC):
            with path.open("rb") as file:
                _check_header(file)
            # A memory map trusts the size of the file rather than what a damaged header claims.
            return Content(Part(np.load(path, mmap_mode="r", allow_pickle=False), None))
        with open_zip(path) as archive:
            return _in_npz(_Npz(archive, path), path)
    except _DAMAGED as error:
        if getattr(error, "errno", None) == errno.ENOMEM:
            raise MemoryLimitError(f"There is no room to open {path} ({error}). {MEND}") from error
        if "object" in str(error).lower():
            raise DataError(type_rule(path, "object, which needs pickle and could run code")) from error
        raise DataError(
            f"the array file {path} is damaged ({error}). Save it again with numpy.save."
        ) from error


def _check_header(file: BinaryIO) -> bool:
    """Whether a file begins as an array; numpy would read as long a header as that announces.

    Raises:
        ValueError: for a header that is too long.
    """
    head = file.read(12)
    if not head.startswith(MAGIC) or len(head) < 12:
        return False
    if head[6] > 1 and (length := int.from_bytes(head[8:12], "little")) > MOST_HEAD:
        raise ValueError(f"its header announces {length:,} bytes")
    return True


class _Npz:
    """The arrays of a `.npz`, each read in the memory that there is.

    Args:
        archive: the open file.
        path: what errors call it.
    """

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive, self._path = archive, path
        self._members = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
        self.files = list(self._members)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - whatever somebody put there
        """Return an array; no bytes for what is none.

        Raises:
            MemoryLimitError: if it does not fit.
        """
        member = self._members[key]
        with open_member(self._archive, member) as file:
            is_array = _check_header(file)
        if not is_array:
            return b""
        current_budget().require(member.file_size, f'The array "{key}" of {self._path}')
        try:
            with open_member(self._archive, member) as file:
                return np.lib.format.read_array(file, allow_pickle=False)
        except (
            MemoryError
        ) as error:  # before anything is read, numpy makes room for what the header announces
            raise ValueError(f"{error}; the file has {member.file_size:,} bytes") from error


def _in_npz(loaded: _Npz, path: Path) -> Content:
    parts: dict[str, dict[bool, str]] = {}
    for key in loaded.files:
        match = PARTED.fullmatch(key)
        if match:
            what, part = match["first"] or match["last"], match["part"] or match["part2"]
            parts.setdefault(part, {})[what[0] in "yt" or what.startswith("label")] = key
    if False not in parts.get("train", {}):
        key = _choose_key(loaded.files, path)
        samples = loaded[key]
        labels, used = _read_labels(loaded, key, len(samples) if np.ndim(samples) else 0, path)
        rest = tuple(other for other in loaded.files if other not in (key, used))
        return Content(Part(samples, labels), unused=rest)
    held = next((part for part in ("val", "test") if False in parts.get(part, {})), "")
    used = {
        part: {what: _array_in(loaded, key, path) for what, key in parts[part].items()}
        for part in ("train", held)
        if part
    }
    train = Part(used["train"][False], used["train"].get(True))
    held_out = Part(used[held][False], used[held].get(True)) if held else None
    known = {key for part in used for key in parts[part].values()}
    return Content(
        train,
        held_out,
        parts[held][False] if held else "",
        tuple(key for key in loaded.files if key not in known),
    )


def _choose_key(keys: list[str], path: Path) -> str:
    usual = [key for key in USUAL_KEYS if key in keys]
    if len(keys) == 1:
        return keys[0]
    if len(usual) == 1:
        return usual[0]
    raise DataError(
        f"cannot tell which array of {path} holds the samples: it has {', '.join(keys) or 'no array'}. "
        f"Save one array only, or name exactly one of them {', '.join(USUAL_KEYS)}."
    )


def _read_labels(loaded: _Npz, taken: str, count: int, path: Path) -> tuple[Array | None, str]:
    """Return the labels, and the key under which they lie."""
    keys = [key for key in LABEL_KEYS if key in loaded.files and key != taken]
    if not keys:
        found = ((key, loaded[key]) for key in PERHAPS_LABELS if key in loaded.files and key != taken)
        return next(((labels, key) for key, labels in found if _are_labels(labels, count)), (None, ""))
    if len(keys) > 1:
        raise DataError(
            f"a .npz may have at most one array of labels ({', '.join(LABEL_KEYS)}); {path} has "
            f"{', '.join(keys)}. Rename or remove all but one."
        )
    return _array_in(loaded, keys[0], path), keys[0]


def _array_in(loaded: _Npz, key: str, path: Path) -> Array:
    try:
        return loaded[key]
    except ValueError as error:
        if "object" not in str(error).lower():
            raise
        received = f"{key} of the type object, which needs pickle and could run code"
        raise DataError(_label_rule(path, received)) from error


def number_labels(parts: Sequence[Part], path: str | Path) -> Labelling:
    """Number the classes of all parts together; labels that are all equal, or all different, are none."""
    found = [part.labels for part in parts]
    for part, labels in zip(parts, found, strict=True):
        if labels is None:
            return UNLABELLED
        if not isinstance(labels, np.ndarray):
            raise DataError(_label_rule(path, "labels that are not an array"))
        if not _are_labels(labels, len(part.samples)):
            received = f"{len(part.samples)} samples, and labels of the type {labels.dtype} and the shape "
            received += f"{labels.shape}"
            raise DataError(_label_rule(path, received))
    labels, classes = number_classes(np.concatenate([np.ravel(one) for one in found if one is not None]))
    return UNLABELLED if labels is not None and len(classes) == len(labels) else (labels, classes)


def _are_labels(labels: object, count: int) -> bool:
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "biuU":
        return False
    return labels.shape in ((count,), (count, 1))


def _label_rule(path: str | Path, received: str) -> str:
    return (
        f"labels ({', '.join(LABEL_KEYS)} in a .npz) must be whole numbers or strings, one per sample; "
        f'{path} holds {received}. Convert them, for example with labels.astype("int64"), or rename an '
        "array that is not labels."
    )


def type_rule(path: str | Path, received: str) -> str:
    """Return what an error says of an array of another type."""
    return (
        f"an array must hold real numbers; {path} has the dtype {received}. "
        'Convert it, for example with array.astype("float32").'
    )
