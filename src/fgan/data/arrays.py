"""NumPy files: `.npy` and `.npz` arrays become vectors or images; what cannot be trained on is refused."""

from __future__ import annotations

import io
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.data.dataset import Dataset, as_uint8
from fgan.data.finite import image_dataset, split
from fgan.data.labels import UNLABELLED, Labelling, number_classes
from fgan.errors import DataError
from fgan.files import save_file
from fgan.frame import Frame

Array = NDArray[Any]

HALF_A_LEVEL = 0.5 / 255
"""How far floats may lie outside [0, 1], as rounding leaves them: the nearest of 256 levels is then the end's."""
USUAL_KEYS = ("x", "images", "samples", "data", "arr_0")
LABEL_KEYS = ("y", "labels", "label")
# What NumPy and zipfile raise on damaged files, found by flipping bytes; NumPy documents only a part.
_DAMAGED = (
    ValueError,
    OSError,
    EOFError,
    SyntaxError,
    OverflowError,
    RuntimeError,
    MemoryError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def load_array(path: str | Path, *, name: str | None = None) -> Dataset:
    """Load a `.npy` or `.npz` array; a tenth of its samples is held out.

    Rank 2 is vectors, (N, D), in any real type; they stay as they are, as float32, and `center` and `scale`
    are the mean and standard deviation of each feature over the training part (1 where a feature is
    constant). Rank 3, (N, H, W), and rank 4, (N, H, W, C) or (N, C, H, W) with C = 1 or 3, are images:
    uint8, booleans, or floats in [0, 1], which are rounded to uint8. Where both readings of rank 4 fit,
    channels are last.

    Args:
        path: the file. A `.npz` holds one array, or one of several is called x, images, samples, data or
            arr_0. Another called y, labels or label holds the class of each sample, a whole number or a
            string; each distinct value is a class.
        name: what to call the data set; the path unless told.

    Raises:
        DataError: the file is damaged or needs pickle, or the array has another rank or type, is empty, has
            fewer than 2 samples, or holds NaN, infinities or numbers that are too large; or the labels are
            no whole numbers or strings, or not one for every sample.
    """
    path = Path(path)
    array, raw_labels = _read(path)
    values = to_samples(array, path)
    labels, classes = _number(raw_labels, len(array), path)
    return array_dataset(name or str(path), values, (labels, classes))


def array_dataset(name: str, values: Tensor, labelling: Labelling) -> Dataset:
    """Return the samples that `to_samples` made as a data set, a tenth of them held out."""
    if values.ndim == 2:
        return _vector_dataset(name, values, labelling)
    labels, classes = labelling
    return image_dataset(name, *split(values, labels), classes)


def read_array(path: str | Path) -> Array:
    """Return the array in a `.npy` or `.npz` file as it stands: any rank and type, rows in their order.

    Raises:
        DataError: as `load_array` does where a file is damaged or needs pickle.
    """
    return _read(Path(path).expanduser())[0]


def to_samples(array: Array, origin: str | Path) -> Tensor:
    """Return an array's vectors, float32 (N, D), or images, uint8 (N, C, H, W); see `load_array`.

    Args:
        array: of rank 2, 3 or 4.
        origin: what to call it in an error.

    Raises:
        DataError: as `load_array` does.

    >>> to_samples(np.zeros((5, 8, 8)), "here").shape
    torch.Size([5, 1, 8, 8])
    """
    _check(array, origin)
    return _to_float32(array, origin) if array.ndim == 2 else torch.from_numpy(_to_images(array, origin))


def save_array(samples: Tensor, path: str | Path) -> None:
    """Write samples as a `.npy` that `load_array` reads back.

    Args:
        samples: vectors (n, D), kept as float32; or images (n, C, H, W) in [0, 1], which become uint8
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


def _vector_dataset(name: str, values: Tensor, labelling: Labelling) -> Dataset:
    labels, classes = labelling
    train, held_out = split(values, labels)
    exact = train.values.double()
    std = exact.std(dim=0, correction=0).float()  # exactly 0 for a constant: float64 has room for the sum
    frame = Frame(
        shape=tuple(values.shape[1:]),
        center=tuple(exact.mean(dim=0).float().flatten().tolist()),
        scale=tuple(torch.where(std == 0, 1.0, std).flatten().tolist()),
    )
    return Dataset(
        name=name,
        frame=frame,
        train=train,
        held_out=held_out,
        classes=classes,
    )


def _read(path: Path) -> tuple[Array, Array | None]:
    """Return the array in a file, and the labels if it holds some; the first bytes tell `.npy` from `.npz`."""
    try:
        with path.open("rb") as file:
            magic = file.read(6)
    except OSError as error:
        raise DataError(
            f"An array file must be readable; {path} is not ({error}). Check the path."
        ) from error
    if not magic.startswith((b"\x93NUMPY", b"PK")):
        raise DataError(
            f"An array file is what numpy.save or numpy.savez writes; {path} is neither .npy nor .npz "
            "inside. Save the array with numpy.save."
        )
    try:
        # A memory map trusts the size of the file rather than what a damaged header claims.
        loaded = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            return loaded, None
        with loaded:
            key = _choose_key(loaded.files, path)
            return loaded[key], _read_labels(loaded, key, path)
    except _DAMAGED as error:
        if "object" in str(error).lower():
            raise DataError(_type_rule(path, "object, which needs pickle and could run code")) from error
        raise DataError(
            f"An array file must be whole; {path} cannot be read ({error}). Save it again with numpy.save."
        ) from error


def _choose_key(keys: list[str], path: Path) -> str:
    usual = [key for key in USUAL_KEYS if key in keys]
    if len(keys) == 1:
        return keys[0]
    if len(usual) == 1:
        return usual[0]
    raise DataError(
        f"A .npz file holds one array, or exactly one called {', '.join(USUAL_KEYS)}; {path} holds "
        f"{', '.join(keys) or 'none'}. Save the samples alone, or under one of these names."
    )


def _read_labels(arrays: np.lib.npyio.NpzFile, taken: str, path: Path) -> Array | None:
    keys = [key for key in LABEL_KEYS if key in arrays.files and key != taken]
    if not keys:
        return None
    if len(keys) > 1:
        raise DataError(
            f"A .npz file holds one array of labels at most, called {', '.join(LABEL_KEYS)}; {path} holds "
            f"{', '.join(keys)}. Rename or leave out all but one."
        )
    try:
        return arrays[keys[0]]
    except ValueError as error:
        if "object" not in str(error).lower():
            raise
        received = "labels of the type object, which needs pickle and could run code"
        raise DataError(_label_rule(path, received)) from error


def _number(labels: Array | None, count: int, path: Path) -> Labelling:
    if labels is None:
        return UNLABELLED
    if not isinstance(labels, np.ndarray):
        raise DataError(_label_rule(path, "labels that are no array"))
    if labels.dtype.kind not in "biuU" or labels.shape not in ((count,), (count, 1)):
        received = f"{count} samples, and labels of the type {labels.dtype} and the shape {labels.shape}"
        raise DataError(_label_rule(path, received))
    return number_classes(labels)


def _label_rule(path: Path, received: str) -> str:
    return (
        f"Labels ({', '.join(LABEL_KEYS)} in a .npz) are whole numbers or strings, one for every sample; "
        f'{path} holds {received}. Convert them, for example with labels.astype("int64"), or give what is '
        "no label another name."
    )


def _type_rule(path: str | Path, received: str) -> str:
    return (
        f"An array must hold real numbers; {path} holds the type {received}. "
        'Convert it, for example with array.astype("float32").'
    )


def _check(array: Array, path: str | Path) -> None:
    if not isinstance(array, np.ndarray):
        raise DataError(
            f"A .npz file must hold arrays; {path} holds something else. Save it again with numpy.savez."
        )
    if array.dtype.kind not in "biuf":
        raise DataError(_type_rule(path, str(array.dtype)))
    if array.ndim not in (2, 3, 4):
        raise DataError(
            "An array must have rank 2 (N, D), 3 (N, H, W) or 4 (N, H, W, C) or (N, C, H, W); "
            f"{path} has rank {array.ndim}, shape {array.shape}. Reshape it: the first axis counts samples."
        )
    if array.size == 0:
        raise DataError(f"An array must not be empty; {path} has the shape {array.shape}. Save some samples.")
    if len(array) < 2:
        raise DataError(
            f"An array must hold at least 2 samples; {path} holds 1. The first axis counts samples."
        )
    _refuse_rows(array, np.isfinite(array), path, "finite numbers", "NaN or infinite")


def _refuse_rows(array: Array, good: NDArray[np.bool_], path: str | Path, rule: str, received: str) -> None:
    """Raise a DataError that counts the bad values and names the first row that holds one."""
    bad = array.size - int(np.count_nonzero(good))
    if bad:
        row = int(np.argmin(good.reshape(len(array), -1).all(axis=1)))
        raise DataError(
            f"An array must hold {rule}; in {path} {bad} of {array.size} values are {received}, "
            f"the first in row {row}. Remove or repair those rows."
        )


def _to_float32(array: Array, path: str | Path) -> Tensor:
    with np.errstate(over="ignore"):
        values = np.array(array, dtype=np.float32)
    _refuse_rows(values, np.isfinite(values), path, "numbers that fit float32 (below 3.4e38)", "too large")
    return torch.from_numpy(values)


def _to_images(array: Array, path: str | Path) -> NDArray[np.uint8]:
    """Return (N, H, W), (N, H, W, C) or (N, C, H, W) as uint8 (N, C, H, W)."""
    if array.ndim == 3:
        array = array[:, None]
    elif array.shape[3] in (1, 3):
        array = np.moveaxis(array, 3, 1)
    elif array.shape[1] not in (1, 3):
        raise DataError(
            "Images have 1 or 3 channels, last or right after the count, (N, H, W, C) or (N, C, H, W); "
            f"{path} has the shape {array.shape}. Keep 1 or 3 channels."
        )
    if array.dtype == np.uint8:
        return np.array(array, order="C")
    if array.dtype.kind == "b":
        return np.where(array, np.uint8(255), np.uint8(0))
    if array.dtype.kind != "f":
        raise DataError(
            f"Images are uint8, or floats in [0, 1]; {path} holds {array.dtype}. "
            'Save array.astype("uint8") with values in 0..255.'
        )
    low, high = float(array.min()), float(array.max())
    # Nothing is clipped: so near, the nearest of the 256 levels is the first or the last.
    if low < -HALF_A_LEVEL or high > 1 + HALF_A_LEVEL:
        raise DataError(
            f"Images of floats lie in [0, 1]; {path} holds {low:.6g} to {high:.6g}. {_mend_of_range(low, high)}"
        )
    return np.rint(array * 255).astype(np.uint8, order="C")


def _mend_of_range(low: float, high: float) -> str:
    if -1 - HALF_A_LEVEL <= low < 0 and high <= 1 + HALF_A_LEVEL:
        return "They look as if in [-1, 1]. Scale them to [0, 1], as (x + 1) / 2 does, or save uint8."
    if low >= 0 and high <= 255:
        return "Scale them to [0, 1], as x / 255 does, or save uint8."
    return "Scale them to [0, 1] or save uint8."
