"""NumPy files: `.npy` and `.npz` arrays become vectors or images; what cannot be trained on is refused."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.data.array_files import Array, Content, Part, number_labels, read_content, type_rule
from fgan.data.dataset import Dataset, TensorSource, as_uint8
from fgan.data.decode import SCALES
from fgan.data.finite import counts_of, image_dataset, only_trained, split, split_name
from fgan.data.large import Rows, all_finite, columns_of, is_large
from fgan.data.outlying import ruling_outliers
from fgan.data.record import Omission, Record, by_reason
from fgan.data.values import Seen, Stored, blurred_columns, look_at, scaled
from fgan.errors import DataError
from fgan.files import save_file
from fgan.frame import Frame
from fgan.load_options import LoadOptions
from fgan.memory import current_budget, memory_limit
from fgan.output import Say, to_stderr

HALF_A_LEVEL = 0.5 / 255
"""How far floats may lie outside [0, 1], as rounding leaves them: the nearest of 256 levels is then the end's."""


@memory_limit()
def load_array(
    path: str | Path, *, options: LoadOptions | None = None, say: Say = to_stderr, name: str | None = None
) -> Dataset:
    """Load a `.npy` or `.npz` array; a tenth of its samples is held out, of each class where there are labels.

    Rank 2 is vectors, (N, D), in any real type; they stay as they are, as float32 (columns that float32 cannot keep
    apart are centred and scaled in float64 first, which `Dataset.frame` undoes), and `center` and `scale`
    are the mean and standard deviation of each feature over the training part (1 where a feature is
    constant). Rank 3, (N, H, W), and rank 4, (N, H, W, C) or (N, C, H, W) with C = 1 or 3, are images:
    uint8, uint16, booleans, or floats in [0, 1], which are scaled and rounded to uint8; other numbers by
    `options.value_range`. Where both readings of rank 4 fit, channels are last.

    Args:
        path: the file. A `.npz` holds one array, or one of several is called x, images, samples, data or
            arr_0. Another called y, labels, targets or the like (arr_1 beside arr_0) holds the class of each sample,
            a whole number or a string; each distinct value is a class. x_train, y_train, x_test, y_test and
            train_images, train_labels, ... are parts: val is held out, or test where there is no val.
        options: see `LoadOptions`.
        say: told what was understood.
        name: what to call the data set; default: the path.

    Raises:
        DataError: the file is damaged or needs pickle, or the array has another rank or type, is empty, has
            fewer than 2 samples, or holds NaN, infinities or numbers that are too large; or the labels are
            no whole numbers or strings, or not one for every sample.
    """
    return dataset_of_parts(name or str(path), read_content(Path(path)), path, options, say)


def dataset_of_parts(
    name: str, content: Content, origin: str | Path, options: LoadOptions | None = None, say: Say = to_stderr
) -> Dataset:
    """Return arrays as a data set, and say what was understood; see `load_array`.

    Args:
        name: what to call it.
        content: the samples, and the labels beside them.
        origin: what errors call them.
        options: see `LoadOptions`.
        say: told what was understood.
    """
    options = options or LoadOptions()
    parts = [part for part in (content.train, content.held_out) if part]
    frame = _frame_of(parts[0].samples)
    rows = _rows_of(content, frame)
    values = [] if rows else [samples_of(part, origin, options, frame=frame) for part in parts]
    labels, classes = number_labels(parts, origin)
    if rows or content.held_out is None:
        sources = split(rows or values[0], labels, stratified=options.split == "stratified")
    else:
        sources = _in_parts(values, labels, origin)
    train, held_out, classes, omitted = only_trained(*sources, classes)
    omitted += [Omission(key, "other arrays of the file", matters=False) for key in content.unused]
    seen, notes = _look_at(parts, values, options, frame)
    if train.values.ndim == 2:
        notes = [*notes, *ruling_outliers(train.values.numpy(), frame)]
    record = Record(
        train=len(train),
        held_out=len(held_out),
        split=f"the array {content.part}"
        if content.part
        else split_name(classes, options, len(train) + len(held_out)),
        shape=tuple(train.values.shape[1:]),
        classes=counts_of(classes, train, held_out),
        labels="from the labels beside the samples" if classes else "",
        left_out=by_reason(omitted),
        values=seen,
        notes=(*content.notes, *notes),
    )
    for line in record.lines(name):
        say(line)
    if train.values.ndim == 2:
        return _vector_dataset(name, frame, train, held_out, classes, record)
    return image_dataset(name, train, held_out, classes, record)


def _rows_of(content: Content, frame: Frame) -> Rows | None:
    """Return the array itself where it is many vectors that are still to be divided, which one copy is enough for."""
    array = content.train.samples
    vectors = isinstance(array, np.ndarray) and array.ndim == 2 and array.dtype.kind in "iuf"
    if content.held_out is None and vectors and not frame.origin and is_large(array):
        return Rows(array) if all_finite(array, np.float32) else None  # which is then refused, row by row
    return None


def _in_parts(
    values: list[Tensor], labels: Tensor | None, path: str | Path
) -> tuple[TensorSource, TensorSource]:
    train, held_out = values
    if train.shape[1:] != held_out.shape[1:]:
        raise DataError(
            f"training and held-out samples must have the same shape; in {path} they have "
            f"{tuple(train.shape[1:])} and "
            f"{tuple(held_out.shape[1:])}. Save them in separate files."
        )
    count = len(train)
    return (
        TensorSource(train, None if labels is None else labels[:count]),
        TensorSource(held_out, None if labels is None else labels[count:]),
    )


def _frame_of(array: Array) -> Frame:
    """Return a frame that only says which float64 numbers float32 ones stand for, where float32 needs that."""
    shape = tuple(array.shape[1:]) if isinstance(array, np.ndarray) else ()
    vectors = len(shape) == 1 and array.dtype.kind in "iuf" and array.size and all_finite(array, np.float32)
    blurred = blurred_columns(array) if vectors else []
    if not blurred:
        return Frame(shape)
    origin, unit = np.zeros(shape), np.ones(shape)
    exact = array[:, blurred].astype(np.float64)
    origin[blurred], unit[blurred] = exact.mean(axis=0), exact.std(axis=0)
    return Frame(shape, origin=tuple(origin.tolist()), unit=tuple(unit.tolist()))


def _look_at(
    parts: Sequence[Part], values: Sequence[Tensor], options: LoadOptions, frame: Frame
) -> tuple[Seen, list[str]]:
    if values and values[0].ndim == 4:
        pixels = np.concatenate([one.numpy() for one in values]) if len(values) > 1 else values[0].numpy()
        stored = [one for part in parts for one in part.stored or [_stored(np.asarray(part.samples))]]
        seen, notes = look_at(pixels, stored, options)
        return seen, [*_read_both_ways(parts[0].samples), *notes]
    units = [
        (k, *pair) for k, pair in enumerate(zip(frame.origin, frame.unit, strict=True)) if pair != (0, 1)
    ]
    if not units:
        return {}, []
    seen: Seen = {}
    for k, centre, spread in units:
        seen |= {f"column {k}, centre": centre, f"column {k}, scale": spread}
    named = ", ".join(str(k) for k, *_ in units[:5]) + (", ..." if len(units) > 5 else "")
    return seen, [
        f"float32 cannot distinguish the values of column {named} (counted from 0), so they are centred and "
        "scaled in "
        "float64 first. Distances such as fid are in these units; samples are written as float64 in the "
        "original units."
    ]


def _read_both_ways(array: Array) -> list[str]:
    """Say which way images are read whose shape could have its channels first as well as last."""
    if array.ndim != 4 or {array.shape[1], array.shape[3]} - {1, 3}:
        return []
    return [
        f"the shape {array.shape} is ambiguous; the channels are assumed to be last, so images are "
        f"{array.shape[1]} high and {array.shape[2]} wide. If they are first, pass np.moveaxis(x, 1, -1)."
    ]


def _stored(array: Array) -> Stored:
    low, high = float(array.min()), float(array.max())
    black, white = SCALES.get(_scale_of(array.dtype), (low, high))
    return Stored(str(array.dtype), low, high, black, white)


def _scale_of(dtype: np.dtype[Any]) -> str:
    return (
        "floats"
        if dtype.kind == "f"
        else {"uint8": "8 bits", "uint16": "16 bits", "bool": "floats"}.get(str(dtype), "")
    )


@memory_limit()
def read_array(path: str | Path) -> Array:
    """Return the array in a `.npy` or `.npz` file as it stands: any rank and type, rows in their order.

    Raises:
        DataError: as `load_array` does where a file is damaged or needs pickle.
    """
    return read_content(Path(path).expanduser()).train.samples


def to_samples(
    array: Array,
    origin: str | Path,
    options: LoadOptions | None = None,
    say: Say | None = None,
    frame: Frame | None = None,
) -> Tensor:
    """Return an array's vectors, float32 (N, D), or images, uint8 (N, C, H, W); see `load_array`.

    Args:
        array: of rank 2, 3 or 4.
        origin: what to call it in an error.
        options: how values of images become 0..255.
        say: told what is seen in the values; nothing is looked at if not given.
        frame: in whose numbers vectors are wanted, see `Frame.inward`.

    Raises:
        DataError: as `load_array` does.

    >>> to_samples(np.zeros((5, 8, 8)), "here").shape
    torch.Size([5, 1, 8, 8])
    """
    _check(array, origin)
    size = array.size * (4 if array.ndim == 2 else 1)
    current_budget().require(size, f"Samples of {origin} of the shape {array.shape}")
    if array.ndim == 2:
        if frame and frame.origin and frame.shape == array.shape[1:]:
            array = (array.astype(np.float64) - np.array(frame.origin)) / np.array(frame.unit)
        return _to_float32(array, origin)
    options = options or LoadOptions()
    values = torch.from_numpy(_to_images(array, origin, options))
    if say:
        for note in _look_at([Part(array, None)], [values], options, Frame(()))[1]:
            say(f"{origin}: {note}")
    return values


def samples_of(
    part: Part, origin: str | Path, options: LoadOptions, say: Say | None = None, frame: Frame | None = None
) -> Tensor:
    """Return the samples of a part as `to_samples` does; those of decoded pictures are scaled already."""
    if not part.stored:
        return to_samples(part.samples, origin, options, say, frame)
    values = to_samples(part.samples, origin, replace(options, value_range="type"))
    if say:
        for note in look_at(values.numpy(), part.stored, options)[1]:
            say(f"{origin}: {note}")
    return values


def save_array(samples: Tensor, path: str | Path) -> None:
    """Write samples as a `.npy` that `load_array` reads back.

    Args:
        samples: vectors (n, D), kept as they are; or images (n, C, H, W) in [0, 1], which become uint8
            (n, H, W) if they are grey and (n, H, W, C) if not.
        path: the file; its folder is made if it is missing.

    Raises:
        DataError: the file cannot be written.
    """
    if samples.ndim == 4:
        samples = as_uint8(samples).movedim(1, -1)
        samples = samples.squeeze(-1) if samples.shape[-1] == 1 else samples
    memory = io.BytesIO()
    np.save(memory, samples.detach().cpu().numpy(), allow_pickle=False)
    save_file(Path(path), memory.getvalue(), "An array")


def _vector_dataset(
    name: str,
    units: Frame,
    train: TensorSource,
    held_out: TensorSource,
    classes: tuple[str, ...],
    record: Record,
) -> Dataset:
    # The spread is exactly 0 for a constant: float64 has room for the sum.
    if is_large(train.values):
        mean, std = (torch.from_numpy(one).float() for one in columns_of(train.values.numpy())[2:])
    else:
        exact = train.values.double()
        mean, std = exact.mean(dim=0).float(), exact.std(dim=0, correction=0).float()
    frame = replace(
        units,
        center=tuple(mean.flatten().tolist()),
        scale=tuple(torch.where(std == 0, 1.0, std).flatten().tolist()),
    )
    return Dataset(
        name=name,
        frame=frame,
        train=train,
        held_out=held_out,
        classes=classes,
        record=record,
    )


def _check(array: Array, path: str | Path) -> None:
    if not isinstance(array, np.ndarray):
        raise DataError(
            f"a .npz file must hold arrays; {path} holds something else. Save it again with numpy.savez."
        )
    if array.dtype.kind not in "biuf":
        raise DataError(type_rule(path, str(array.dtype)))
    if array.ndim not in (2, 3, 4):
        raise DataError(
            "an array must have the shape (N, D), (N, H, W), (N, H, W, C) or (N, C, H, W); "
            f"{path} has {array.shape}. Reshape it: the first axis counts samples."
        )
    if array.size == 0:
        raise DataError(f"an array must not be empty; {path} has the shape {array.shape}.")
    if len(array) < 2:
        raise DataError(
            f"an array must hold at least 2 samples; {path} holds 1. The first axis counts samples."
        )
    if not all_finite(array):
        _refuse_rows(array, np.isfinite(array), path, "finite numbers", "NaN or infinite")


def _refuse_rows(array: Array, good: NDArray[np.bool_], path: str | Path, rule: str, received: str) -> None:
    """Raise a DataError that counts the bad values and names the first row that holds one."""
    bad = array.size - int(np.count_nonzero(good))
    if bad:
        row = int(np.argmin(good.reshape(len(array), -1).all(axis=1)))
        raise DataError(
            f"an array must hold {rule}; {bad} of {array.size} values of {path} are {received}, "
            f"the first in row {row}. Repair or remove those rows."
        )


def _to_float32(array: Array, path: str | Path) -> Tensor:
    with np.errstate(over="ignore"):
        values = np.array(array, dtype=np.float32)
    if not all_finite(values):
        _refuse_rows(
            values, np.isfinite(values), path, "numbers that fit float32 (below 3.4e38)", "too large"
        )
    return torch.from_numpy(values)


def _to_images(array: Array, path: str | Path, options: LoadOptions) -> NDArray[np.uint8]:
    """Return (N, H, W), (N, H, W, C) or (N, C, H, W) as uint8 (N, C, H, W)."""
    if array.ndim == 3:
        array = array[:, None]
    elif array.shape[3] in (1, 3):
        array = np.moveaxis(array, 3, 1)
    elif array.shape[1] not in (1, 3):
        raise DataError(
            "images must have 1 or 3 channels, as (N, H, W, C) or (N, C, H, W); "
            f"{path} has the shape {array.shape}. Keep 1 or 3 channels."
        )
    if array.dtype.kind == "b":
        return np.where(array, np.uint8(255), np.uint8(0))
    limits = options.limits() if options.value_range != "data" else _stored(array).limits()
    if array.dtype == np.uint8 and limits is None:
        return np.array(array, order="C")
    limits = limits or SCALES.get(_scale_of(array.dtype))
    low, high = float(array.min()), float(array.max())
    if limits is None:
        raise DataError(
            f"images must be uint8, uint16, or floats in [0, 1]; {path} holds {array.dtype} from {low:g} to "
            f"{high:g}. "
            'Save array.astype("uint8") with values in 0..255, or set which values are black and white: '
            "--value-range data or LOW,HIGH (value_range=)."
        )
    # Nothing is clipped: so near, the nearest of the 256 levels is the first or the last.
    rounding = HALF_A_LEVEL * (limits[1] - limits[0])
    if options.value_range == "type" and (low < limits[0] - rounding or high > limits[1] + rounding):
        raise DataError(
            f"images of floats must lie in [0, 1]; {path} holds {low:.6g} to {high:.6g}. Scale them to [0, 1], "
            f"save uint8, or set which values are black and white: {_range_advice(low, high)}."
        )
    return scaled(array, *limits)


def _range_advice(low: float, high: float) -> str:
    """Return how to say the range of values, as they look."""
    if -1 - HALF_A_LEVEL <= low < 0 and high <= 1 + HALF_A_LEVEL:
        return 'they seem to lie in [-1, 1], so use --value-range=-1,1 (value_range="-1,1")'
    if low >= 0 and high <= 255:
        return 'they seem to lie in [0, 255], so use --value-range 0,255 (value_range="0,255")'
    return '--value-range data, or LOW,HIGH such as --value-range=-1,1 (value_range="-1,1")'
