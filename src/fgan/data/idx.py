"""The IDX format of MNIST and its relatives: one file, and a folder of them, gzipped or not."""

from __future__ import annotations

import gzip
import io
import lzma
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.data.dataset import Dataset, TensorSource
from fgan.data.finite import counts_of, image_dataset, only_trained, split, split_name
from fgan.data.labels import UNLABELLED, Labelling, number_classes
from fgan.data.record import Record, by_reason
from fgan.data.unpacking import open_unpacked, read_within
from fgan.data.values import Stored, look_at, scaled
from fgan.errors import DataError
from fgan.load_options import LoadOptions
from fgan.memory import current_budget, memory_limit
from fgan.output import Say, to_stderr

GZIP_MAGIC = b"\x1f\x8b"
MOST_HEAD = 16
"""Bytes of the header of images; that of labels is shorter."""
PACKS = 1032
"""How much smaller gzip makes a file at most; a longer one than that is not there, whatever its header announces."""
MOST_UNPACKED = 1 << 26
"""Bytes of a file whose checksum is known: MNIST's have 47 million."""
RANKS = {b"\x00\x00\x08\x03": 3, b"\x00\x00\x08\x01": 1}
TYPES = {8: "uint8", 9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}
TRAIN_IMAGES = re.compile(r"(?P<prefix>(?:.*-)?)train-images(?P<mark>[-.])idx3-ubyte(?:\.gz)?")


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """Read one IDX file of images or labels; gzip is recognised by its first bytes, not by the name.

    Args:
        path: a file that starts with 00000803 (images) or 00000801 (labels), or that unpacks to one.

    Returns:
        uint8 of shape (N, H, W) for images, (N,) for labels.

    Raises:
        DataError: the file cannot be read or unpacked, is of another kind, or is too short or too long.
    """
    path = Path(path)
    with _damage_named(path), open_unpacked(path) as file:
        head = file.read(MOST_HEAD)
        announced = _announced(head)
        current_budget().require(min(announced, PACKS * path.stat().st_size), f"Reading {path}")
        # No more than the header announces, and a byte to see that there is more.
        content = read_within(file, max(announced - len(head), 0), f"Reading {path}", head)
    return parse_idx(content, path)


def _announced(head: bytes) -> int:
    """Return the bytes that a file's header announces, itself included; 0 for a header that is none."""
    rank = RANKS.get(head[:4], 0)
    shape = [int.from_bytes(head[at : at + 4], "big") for at in range(4, 4 + 4 * rank, 4)]
    return 4 + 4 * rank + math.prod(shape) if rank else 0


def unpack(path: Path) -> bytes:
    """Return a file's content, unpacked if it starts with gzip's two bytes.

    Raises:
        DataError: the file cannot be read, is corrupted gzip, or has more than `MOST_UNPACKED` bytes.
    """
    with _damage_named(path), open_unpacked(path) as file:
        return _limited(file, path)


def unpacked(packed: bytes, path: Path | str) -> bytes:
    """Return some bytes, unpacked if they start with gzip's two; `path` is what errors call them.

    Raises:
        DataError: they are corrupted gzip, or unpack to more than `MOST_UNPACKED` bytes.
    """
    if not packed.startswith(GZIP_MAGIC):
        return packed
    with _damage_named(path), gzip.open(io.BytesIO(packed)) as file:
        return _limited(file, path)  # pyright: ignore[reportArgumentType]


def _limited(file: BinaryIO, path: Path | str) -> bytes:
    content = read_within(file, MOST_UNPACKED, f"Reading {path}")
    if len(content) > MOST_UNPACKED:
        raise DataError(f"{path} must have at most {MOST_UNPACKED:,} bytes, unpacked. Download it again.")
    return bytes(content)


@contextmanager
def _damage_named(path: Path | str) -> Iterator[None]:
    """Turn errors of reading and unpacking into fgan's."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise DataError(
            f"the gzip file {path} is damaged or incomplete ({error}). Delete it and download it again."
        ) from error
    except OSError as error:
        raise DataError(
            f"cannot read the IDX file {path} ({error}). Check the path and its permissions."
        ) from error


def parse_idx(content: bytes | bytearray, path: Path) -> NDArray[np.uint8]:
    """Decode the unpacked content of an IDX file; `path` is what errors call it.

    >>> parse_idx(bytes.fromhex("00000801 00000003 070809"), Path("labels")).tolist()
    [7, 8, 9]
    """
    rank = RANKS.get(bytes(content[:4]))
    if rank is None:
        raise DataError(
            "an IDX file must start with the bytes 00000803 (uint8 images) or 00000801 (uint8 labels); "
            f"{path} starts with {_describe_magic(bytes(content[:4]))}. Convert it, or pass the right file."
        )
    start = 4 + 4 * rank
    if len(content) < start:
        raise DataError(
            f"{path} is truncated: its header needs {start} bytes, and it has only {len(content)}. Download "
            "it again."
        )
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    expected, received = math.prod(shape), len(content) - start
    announced = f"its header announces {' x '.join(map(str, shape))} = {expected} bytes"
    if received < expected:
        raise DataError(f"{path} is truncated: {announced}, but {received} follow. Download it again.")
    if received > expected:
        raise DataError(f"{path} is too long: {announced}, but more follow. Download it again.")
    values = np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
    return values if values.flags.writeable else values.copy()


@memory_limit()
def load_idx_folder(
    folder: str | Path, *, options: LoadOptions | None = None, say: Say = to_stderr, name: str | None = None
) -> Dataset:
    """Load a folder of IDX files: MNIST, Fashion-MNIST, KMNIST, EMNIST and their like.

    The training images are `train-images-idx3-ubyte`, with or without `.gz`, a prefix such as
    `emnist-letters-`, or `.idx3-ubyte`. Test images (`t10k-` or `test-`) become the held-out samples;
    without them a tenth of the training images is held out. Images are kept as they are stored; EMNIST
    stores them transposed. Labels are checked where present; where all images have one, each distinct value
    is a class, named after it.

    Args:
        folder: where the files lie.
        options: see `LoadOptions`; of these, `value_range` and `split` apply.
        say: told what was understood.
        name: name of the data set (default: `idx:FOLDER`).

    Raises:
        DataError: there are no training images or several, a file is damaged or of the wrong kind, or two
            disagree.
    """
    folder, options = Path(folder).expanduser(), options or LoadOptions()
    prefix, mark = _training_files(folder)
    train = _read_part(folder, f"{prefix}train", mark)
    if train is None:
        raise DataError(
            f"{folder} changed while it was being read: its training images are gone. Load it again."
        )
    test = _read_part(folder, f"{prefix}t10k", mark) or _read_part(folder, f"{prefix}test", mark)
    labels, classes = _number([train] if test is None else [train, test])
    if test is None:
        sources = split(train.images, labels, stratified=options.split == "stratified")
    elif test.images.shape[1:] == train.images.shape[1:]:
        count = len(train.images)
        sources = (
            TensorSource(train.images, None if labels is None else labels[:count]),
            TensorSource(test.images, None if labels is None else labels[count:]),
        )
    else:
        raise DataError(
            "training and test images must have the same size; "
            f"in {folder} they are {tuple(train.images.shape[2:])} and {tuple(test.images.shape[2:])} "
            "(height, width). Keep one data set per folder."
        )
    parts = [part.images.numpy() for part in (train, test) if part is not None]
    limits = _limits(parts, options)
    if limits:
        sources = _rescaled(sources[0], *limits), _rescaled(sources[1], *limits)
    known, held_out, classes, omitted = only_trained(*sources, classes)
    stored = [Stored("uint8", float(one.min()), float(one.max()), 0.0, 255.0) for one in parts]
    seen, notes = look_at(known.values.numpy(), stored, options)
    record = Record(
        train=len(known),
        held_out=len(held_out),
        split=split_name(classes, options, len(known) + len(held_out)) if test is None else "the test images",
        shape=tuple(known.values.shape[1:]),
        classes=counts_of(classes, known, held_out),
        labels="from the files of labels" if classes else "",
        left_out=by_reason(omitted),
        values=seen,
        notes=tuple(notes),
    )
    for line in record.lines(name or f"idx:{folder}"):
        say(line)
    return image_dataset(name or f"idx:{folder}", known, held_out, classes, record)


def _limits(parts: Sequence[NDArray[np.uint8]], options: LoadOptions) -> tuple[float, float] | None:
    if options.value_range != "data":
        return options.limits()
    low, high = min(int(one.min()) for one in parts), max(int(one.max()) for one in parts)
    return Stored("uint8", low, high, 0, 255).limits()


def _rescaled(source: TensorSource, black: float, white: float) -> TensorSource:
    return TensorSource(torch.from_numpy(scaled(source.values.numpy(), black, white)), source.labels)


class _Part(NamedTuple):
    images: Tensor
    labels: NDArray[np.uint8] | None


def _number(parts: list[_Part]) -> Labelling:
    """Number the classes of all parts together, so that one number means one class in each of them."""
    found = [part.labels for part in parts if part.labels is not None]
    if len(found) < len(parts):
        return UNLABELLED
    labels, classes = number_classes(np.concatenate(found))
    return UNLABELLED if labels is not None and len(classes) == len(labels) else (labels, classes)


def _describe_magic(magic: bytes) -> str:
    known = len(magic) == 4 and magic[:2] == b"\x00\x00" and magic[2] in TYPES
    meaning = f" ({TYPES[magic[2]]}, {magic[3]} dimensions)" if known else ""
    return f"{magic.hex() or 'nothing: it is empty'}{meaning}"


def _training_files(folder: Path) -> tuple[str, str]:
    """Find what precedes `train` in the names, and whether `-` or `.` precedes `idx3-ubyte`."""
    if not folder.is_dir():
        raise DataError(f"idx: needs a folder of IDX files; {folder} is not a folder. Check the path.")
    matches = [
        match for file in folder.iterdir() if file.is_file() and (match := TRAIN_IMAGES.fullmatch(file.name))
    ]
    found = sorted({(match["prefix"], match["mark"]) for match in matches})
    if not found:
        raise DataError(
            f"{folder} has no train-images-idx3-ubyte or train-images-idx3-ubyte.gz "
            "(a prefix such as emnist-letters- is allowed). "
            "Check the folder, or give the files their usual names."
        )
    if len(found) > 1:
        names = ", ".join(f"{prefix}train-images{mark}idx3-ubyte" for prefix, mark in found)
        raise DataError(
            f"a folder of IDX files must hold one data set; {folder} holds {len(found)}: {names}. "
            "Move each into its own folder."
        )
    return found[0]


def _read_part(folder: Path, stem: str, mark: str) -> _Part | None:
    """Read the images called `stem`, (N, 1, H, W), and their labels; None if there are no such images."""
    path = _existing(folder, f"{stem}-images{mark}idx3-ubyte")
    if path is None:
        return None
    images = read_idx(path)
    if images.ndim != 3:
        raise DataError(
            f"{path} should hold images, but it holds {len(images)} labels. Swap the misnamed files."
        )
    if images.size == 0:
        raise DataError(f"a file of images must not be empty; {path} has the shape {images.shape}.")
    labels_path = _existing(folder, f"{stem}-labels{mark}idx1-ubyte")
    labels = None if labels_path is None else _read_labels(labels_path, len(images), path)
    return _Part(torch.from_numpy(images).unsqueeze(1), labels)


def _read_labels(path: Path, count: int, images_path: Path) -> NDArray[np.uint8]:
    labels = read_idx(path)
    if labels.ndim != 1:
        raise DataError(
            f"{path} should hold labels, but it holds {len(labels)} images. Swap the misnamed files."
        )
    if len(labels) != count:
        raise DataError(
            f"there must be one label per image; {images_path} holds {count} images, {path} holds "
            f"{len(labels)} labels. "
            "Keep one data set per folder."
        )
    return labels


def _existing(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
