"""Data that a Python program has: arrays, tensors, lists, pictures, torch's and Hugging Face's data sets."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from fgan.data.array_files import Content, Part, read_content
from fgan.data.arrays import dataset_of_parts, samples_of
from fgan.data.dataset import Dataset
from fgan.data.drawn import is_drawn
from fgan.data.encoding.column import stored_of
from fgan.data.items import (
    IMAGE_KEYS,
    LABEL_KEYS,
    Item,
    Label,
    Reader,
    class_of,
    in_order,
    indexed,
    is_file,
    is_parted,
    length_of,
)
from fgan.data.layout import PART
from fgan.data.load import load_data
from fgan.data.side_by_side import Array, samples_in, stacked
from fgan.data.streaming import (
    MOST_HELD,
    Streaming,
    indexed_dataset,
    is_too_large,
    iterated_dataset,
    most_bytes,
)
from fgan.data.tables.memory import table_in
from fgan.data.tables.numbers import numbers_in
from fgan.data.tables.shapes import unfolded
from fgan.data.tabular import chosen, table_dataset
from fgan.data.values import Stored
from fgan.errors import DataError
from fgan.files import save_file
from fgan.frame import Frame
from fgan.load_options import LoadOptions
from fgan.output import Say, to_stderr

Passable = (
    Tensor
    | Array
    | Sequence[Any]
    | TorchDataset[Any]
    | DataLoader[Any]
    | Iterable[Any]
)  # fmt: skip
"""The types that `as_dataset` accepts."""
TAKEN = (
    "a tensor, a NumPy array, a table of pandas, polars or Arrow, a list of numbers, PIL pictures or paths, "
    "(x, labels), {class: x}, a torch Dataset or DataLoader, a Hugging Face dataset, an fgan.data.Dataset, "
    "or a name or a path"
)


@dataclass(frozen=True)
class Passed:
    """Samples and their labels.

    Args:
        kind: what they came as.
        samples: (N, D), (N, H, W), (N, H, W, C) or (N, C, H, W).
        labels: whole numbers or words (N,); None without classes.
        stored: what decoded pictures were made of, if there were any.
        notes: remarks about them.
    """

    kind: str
    samples: Array
    labels: Array | None = None
    stored: tuple[Stored, ...] = ()
    notes: tuple[str, ...] = ()

    def values(
        self, options: LoadOptions | None = None, say: Say | None = None, frame: Frame | None = None
    ) -> Tensor:
        """Return float32 (N, D) or uint8 (N, C, H, W); see `to_samples`."""
        if say:
            for note in self.notes:
                say(f"the {self.kind}: {note}")
        part = Part(self.samples, None, self.stored)
        return samples_of(part, f"the {self.kind}", options or LoadOptions(), say, frame)


def as_dataset(
    value: Passable | Dataset | str | Path,
    *,
    name: str | None = None,
    options: LoadOptions | None = None,
    say: Say = to_stderr,
    stream: bool | None = None,
) -> Dataset:
    """Return a `Dataset` of arrays, tables or data loaders in memory; a tenth is held out.

    Vectors are (N, D), images (N, H, W), (N, C, H, W) or (N, H, W, C), uint8 or floats in [0, 1]. Items of a torch data
    set (map-style, or a finite iterable) are samples, (sample, label) pairs, or mappings with an image and a label; a
    loader gives batches of these. Data larger than memory are streamed, see docs/guides/python.md.

    Args:
        value: a tensor, an array, nested lists, PIL pictures, (x, labels), a `torch.utils.data.Dataset`, a `DataLoader`
            or a Hugging Face `datasets.Dataset`. A `Dataset`, a name or a path is loaded as usual.
        name: name of the data set (default: after its type).
        options: see `LoadOptions`; the image size applies to PIL pictures and paths.
        say: function that receives remarks about what was read and skipped.
        stream: read the samples of a torch or Hugging Face data set, a loader or paths every time they are drawn, so
            that random transforms stay random (default: only if the data do not fit into memory).

    Returns:
        A `Dataset` with training and held-out samples.

    Raises:
        DataError: for other types, and for samples that cannot be used.

    >>> import torch
    >>> data = as_dataset(torch.rand(20, 1, 8, 8))
    >>> data.name, data.shape, len(data.train), len(data.held_out)
    ('tensor', (1, 8, 8), 18, 2)
    """
    if isinstance(value, Dataset):
        return value
    if isinstance(value, (str, Path)):
        return load_data(value, options=options, say=say)
    kind, options = kind_of(value), options or LoadOptions()
    if is_frame(value):
        return frame_dataset(value, name or kind, options, say)
    if options.table.given:
        raise DataError(
            f"{options.table.given} applies to tables with column names; the {kind} is not one. Leave it out."
        )
    if stream is not False and _comes_one_by_one(value):
        reader, names = reader_of(value, kind)
        if read := reader.by_index(value):
            rows = length_of(indexed(value) if isinstance(value, DataLoader) else value) or 0
            if stream or (rows and is_too_large(read, rows)):
                return indexed_dataset(value, read, rows, Streaming(name or kind, kind, names, options, say))
        else:
            items = reader.items(_ordered(value), say, MOST_HELD if stream else most_bytes())
            if reader.rest is None and not stream:
                passed = _of_read(reader, names, items, options, say)
                return dataset_of(passed, name or kind, options=options, say=say)
            return iterated_dataset(value, reader, items, Streaming(name or kind, kind, names, options, say))
    elif stream:
        raise DataError(
            "stream= takes a torch Dataset or DataLoader, a Hugging Face data set, an iterable or a list of "
            f"paths; the {kind} is in memory already. Leave stream= out."
        )
    passed = read_passed(value, options=options, say=say)
    return dataset_of(passed, name or passed.kind, options=options, say=say)


def frame_dataset(value: Any, name: str, options: LoadOptions, say: Say) -> Dataset:  # noqa: ANN401
    """Return a table of pandas, polars or Arrow as a data set; see `fgan.data.tabular.table_dataset`."""
    value = unfolded(value)
    table = chosen(table_in(value, f"the {kind_of(value)}"), options.table)
    stored = {one: stored_of(value[one]) for one in getattr(value, "column_names", None) or value.columns}
    named = {
        str(one): replace(kept, number=int(one)) if isinstance(one, (int, np.integer)) else kept
        for one, kept in stored.items()
    }
    return table_dataset(table, name, options, stored=named, say=say)


def _comes_one_by_one(value: Any) -> bool:  # noqa: ANN401
    """Whether samples are read one by one, rather than lying in memory already."""
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and is_file(value[0]) and not _is_pair(value)
    in_memory = isinstance(value, (Tensor, str, bytes, Mapping, set, frozenset, type)) or hasattr(
        value, "__array__"
    )
    in_memory = in_memory or is_frame(value) or type(value).__name__ == "LazyFrame"
    return not in_memory and (isinstance(value, Iterable) or hasattr(value, "__getitem__"))


def dataset_of(
    passed: Passed, name: str, *, options: LoadOptions | None = None, say: Say = to_stderr
) -> Dataset:
    """Return samples that were passed as a data set of that name."""
    content = Content(Part(passed.samples, passed.labels, passed.stored), notes=passed.notes)
    return dataset_of_parts(name, content, f"the {passed.kind}", options, say)


def save_passed(passed: Passed, path: Path) -> None:
    """Write samples as a `.npz` that `load_data` reads as the same data set.

    Raises:
        DataError: where it cannot be written.
    """
    arrays = {"x": passed.samples}
    if passed.labels is not None:
        arrays["labels"] = passed.labels
    memory = io.BytesIO()
    np.savez(memory, allow_pickle=False, **arrays)
    save_file(path, memory.getvalue(), "An array")


def same_as_saved(passed: Passed, path: Path) -> bool:
    """Whether `save_passed` wrote the same samples and labels there.

    Raises:
        DataError: where the file is damaged.
    """
    kept = read_content(path).train
    if (passed.labels is None) != (kept.labels is None):
        return False
    alike = passed.labels is None or np.array_equal(passed.labels, np.asarray(kept.labels))
    return alike and np.array_equal(passed.samples, np.asarray(kept.samples))


def read_passed(value: Passable, *, options: LoadOptions | None = None, say: Say = to_stderr) -> Passed:
    """Return the samples in what a program has, and their labels; see `as_dataset`.

    Raises:
        DataError: as `as_dataset` does.
    """
    kind, options = kind_of(value), options or LoadOptions()
    value = unfolded(value) if type(value).__name__ == "LazyFrame" else value
    if is_frame(value):
        return Passed(kind, numbers_in(value, kind))
    if isinstance(value, Mapping) and (pair := _pair_in(value)) is not value:
        return replace(read_passed(pair, options=options, say=say), kind=kind)
    if _is_pair(value):
        x, labels = value  # pyright: ignore[reportGeneralTypeIssues]
        taken = samples_in(x, kind, options)
        return Passed(kind, taken.samples, _labels(labels, kind), taken.stored, taken.notes)
    in_list = isinstance(value, (list, tuple)) and (not _holds_items(value) or is_file(value[0]))
    if isinstance(value, Tensor) or hasattr(value, "__array__") or in_list:
        taken = samples_in(value, kind, options)
        return Passed(kind, taken.samples, None, taken.stored, taken.notes)
    if isinstance(value, (str, bytes, Mapping, set, frozenset, type)) or not (
        isinstance(value, Iterable) or hasattr(value, "__getitem__")
    ):
        raise DataError(_refusal(value, kind))
    return _of_items(value, kind, options, say)


def kind_of(value: object) -> str:
    """Return what a value is called after its type.

    >>> import torch
    >>> kind_of(np.zeros(3)), kind_of(torch.zeros(3)), kind_of([1])
    ('array', 'tensor', 'list')
    """
    return {"ndarray": "array"}.get(type(value).__name__, type(value).__name__.lower())


def _refusal(value: object, kind: str) -> str:
    if isinstance(value, Mapping) and any(
        hasattr(part, "features") or _is_part(key) for key, part in value.items()
    ):
        return (
            f"pass one split; got a {kind} of {', '.join(map(str, value))}. Choose one, such as "
            f"data[{next(iter(value))!r}]."
        )
    return f"data must be {TAKEN}; got {kind} ({str(value)[:60]!r})."


def _pair_in(value: Mapping[Any, Any]) -> Any:  # noqa: ANN401
    """Return (x, labels) of a mapping that holds these, or samples by the name of their class; others as they are."""
    keys = list(value)
    image, label = (next((key for key in usual if key in value), None) for usual in (IMAGE_KEYS, LABEL_KEYS))
    if image is not None and set(keys) <= {image, label}:
        return value[image] if label is None else (value[image], value[label])
    parts = [part for part in value.values() if isinstance(part, (Tensor, np.ndarray, list, tuple))]
    if len(parts) < max(len(keys), 2) or not all(len(part) for part in parts) or any(map(_is_part, keys)):
        return value
    # Samples one by one, which `as_array` puts side by side again, and refuses where their shapes differ.
    samples = [one for part in parts for one in part]
    if all(class_of(one) is not None or isinstance(one, float) for one in samples):
        return value
    return samples, [str(key) for key, part in zip(keys, parts, strict=True) for _ in range(len(part))]


def _is_part(key: object) -> bool:
    return PART.fullmatch(str(key)) is not None


def is_frame(value: object) -> bool:
    """Whether this is a table of pandas, polars or Arrow, by what it looks like."""
    return any(
        hasattr(value, name) for name in ("__dataframe__", "to_pandas", "iloc", "collect_schema")
    ) and not (_is_hugging(value))


def _is_hugging(value: object) -> bool:
    """Whether this is a Hugging Face data set, by what it looks like."""
    return hasattr(value, "features") and hasattr(value, "column_names")


def _is_pair(value: object) -> bool:
    """Whether this is (x, labels): samples, and as many labels."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return False
    x, labels = value
    if not all(isinstance(part, (Tensor, np.ndarray, list, tuple)) and len(part) for part in (x, labels)):
        return False
    ranks = [getattr(part, "ndim", 0) for part in (x, labels)]
    if len(x) == len(labels) and ranks[0] > 1 and ranks[1] in (1, 2) and ranks[0] > ranks[1]:
        return True
    return (
        isinstance(value, tuple)
        and len(x) == len(labels)
        and getattr(labels, "ndim", 1) == 1
        and class_of(labels[0]) is not None
        and not (class_of(x[0]) is not None and not is_file(x[0]))
    )


def _holds_items(values: Sequence[Any]) -> bool:
    """Whether a list holds what a data set would: pictures, arrays, pairs or mappings, rather than numbers."""
    first = values[0] if len(values) else None
    return is_drawn(first) or isinstance(first, (Tensor, np.ndarray, Mapping)) or is_parted(first)


def _of_items(value: Any, kind: str, options: LoadOptions, say: Say) -> Passed:  # noqa: ANN401
    reader, names = reader_of(value, kind)
    return _of_read(reader, names, reader.items(_ordered(value), say), options, say)


def _ordered(value: Any) -> Any:  # noqa: ANN401
    return in_order(value) if isinstance(value, DataLoader) else value


def reader_of(value: Any, kind: str) -> tuple[Reader, Sequence[str]]:  # noqa: ANN401
    """Return what takes items apart, and the names of their classes where they are known."""
    reader, names = Reader(kind), _names(value)
    if _is_hugging(value) and isinstance(value.features, Mapping):
        types = {key: type(feature).__name__ for key, feature in value.features.items()}
        reader.image_key = next((key for key, of in types.items() if of == "Image"), None)
        reader.label_key = next((key for key, of in types.items() if of == "ClassLabel"), None)
        names = getattr(value.features.get(reader.label_key), "names", ())
    return reader, names


def _of_read(
    reader: Reader, names: Sequence[str], items: Sequence[Item], options: LoadOptions, say: Say
) -> Passed:
    kind = reader.kind
    if not items:
        raise DataError(f"data must not be empty; the {kind} holds no samples.")
    if reader.left_out:
        parts = ", ".join(sorted(reader.left_out))
        say(f"ignored in each item of the {kind}, as neither sample nor class: {parts}")
    taken = stacked([sample for sample, _ in items], kind, options)
    return Passed(kind, taken.samples, _classes(items, names, kind, say), taken.stored, taken.notes)


def _names(value: object) -> Sequence[str]:
    """Return the names of classes that a data set, or the one that a subset or a loader is of, knows."""
    while value is not None:
        names = getattr(value, "classes", None)
        if isinstance(names, (list, tuple)):
            return [str(name) for name in names]
        value = getattr(value, "dataset", None)
    return ()


def _classes(items: Sequence[Item], names: Sequence[str], kind: str, say: Say) -> Array | None:
    labels: list[Label] = [label for _, label in items if label is not None]
    if not labels:
        return None
    if len(labels) < len(items):
        say(f"labels are ignored: {len(items) - len(labels)} of {len(items)} items of the {kind} have none")
        return None
    known: dict[Any, str] = dict(enumerate(names)) if len(set(names)) == len(names) else {}
    return _labels([known[one] for one in labels] if all(one in known for one in labels) else labels, kind)


def _labels(labels: Any, kind: str) -> Array:  # noqa: ANN401
    if getattr(labels, "ndim", 1) > 1 and labels.shape[1:] != (1,):
        raise DataError(
            f"labels must be whole numbers or strings, one per sample; the {kind} has labels of the shape "
            f"{tuple(labels.shape)}. For one-hot labels y, pass y.argmax(1)."
        )
    found = [class_of(label) for label in labels]
    if any(label is None for label in found) or len({type(label) for label in found}) > 1:
        odd = next((label for label in labels if class_of(label) is None), labels[0])
        raise DataError(
            f"labels must be whole numbers or strings, one per sample; the {kind} has {odd!r} among them."
        )
    return np.asarray(found)
