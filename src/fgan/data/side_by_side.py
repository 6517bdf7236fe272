"""Samples that lie side by side, or one by one in a list, as one array."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.data.drawn import Taken, is_drawn, pictures
from fgan.errors import DataError
from fgan.load_options import LoadOptions

Array = NDArray[Any]


def samples_in(value: Any, kind: str, options: LoadOptions) -> Taken:  # noqa: ANN401
    """Return samples that lie side by side already, or in a list."""
    if isinstance(value, (list, tuple)) and len(value) and is_drawn(value[0]):
        return stacked(value, kind, options)
    if options.image_size is not None:
        raise DataError(
            f"image_size applies to encoded pictures only; got image_size={options.image_size} with the "
            f"{kind}. Leave it out."
        )
    return Taken(as_array(value, kind))


def as_array(value: Any, kind: str) -> Array:  # noqa: ANN401
    """Return a tensor, an array, or nested lists as an array.

    Raises:
        DataError: where it is none, is ragged, sparse, or has masked values.
    """
    if isinstance(value, Tensor):
        if value.is_meta or value.is_quantized:
            found = (
                ("on the device meta", "Fill it") if value.is_meta else ("quantized", "Pass x.dequantize()")
            )
            raise DataError(f"a tensor must hold plain numbers; the {kind} is {found[0]}. {found[1]}.")
        if value.layout != torch.strided:
            raise DataError(f"a tensor must be dense; the {kind} is {value.layout}. Pass x.to_dense().")
        value = value.detach().cpu().resolve_conj().resolve_neg()
        return (value.float() if value.dtype in (torch.bfloat16, torch.float16) else value).numpy()
    if np.ma.isMaskedArray(value) and np.ma.is_masked(value):
        raise DataError(f"the {kind} has masked values. Fill them, or leave their rows out.")
    try:
        if isinstance(value, (list, tuple)):
            value = [as_array(one, kind) if isinstance(one, Tensor) else one for one in value]
        return _of_objects(np.asarray(value))
    except (ValueError, TypeError) as error:
        raise DataError(
            f"all samples must have the same shape; those of the {kind} do not ({error})."
        ) from error


def _of_objects(array: Array) -> Array:
    """Return an array of arrays as one array, and one of Python's numbers as numbers."""
    if array.dtype != object or not array.size:
        return array
    if array.ndim == 1 and all(isinstance(one, np.ndarray) for one in array):
        return np.stack(list(array))
    return array.astype(np.float64) if all(isinstance(one, numbers.Real) for one in array.flat) else array


def stacked(samples: Sequence[Any], kind: str, options: LoadOptions) -> Taken:
    """Return samples, each a picture, an array, a tensor or a nested list, side by side.

    Raises:
        DataError: where their shapes differ.
    """
    if any(map(is_drawn, samples)):
        return pictures(samples, kind, options)
    arrays = [as_array(sample, kind) for sample in samples]
    odd = next((row for row, array in enumerate(arrays) if array.shape != arrays[0].shape), None)
    if odd is not None:
        if len(arrays) == 2 and arrays[0].ndim > arrays[1].ndim == 1:
            raise DataError(
                f"(x, labels) must have one label per sample; the {kind} has {len(arrays[0])} samples and "
                f"{len(arrays[1])} labels."
            )
        raise DataError(
            f"all samples must have the same shape; in the {kind}, sample 0 has {arrays[0].shape} and sample "
            f"{odd} has "
            f"{arrays[odd].shape}. Resize or crop them."
        )
    return samples_in(np.stack(arrays), kind, options)
