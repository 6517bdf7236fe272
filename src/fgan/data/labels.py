"""Class labels: whatever tells samples apart becomes the numbers 0..K-1 and K names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

# The labels, int64 (N,), and the name of each class; (None, ()) where there are no classes.
Labelling = tuple[Tensor | None, tuple[str, ...]]

UNLABELLED: Labelling = (None, ())
DIGITS = tuple("0123456789")
PARTS = {"train", "training", "test", "testing", "val", "valid", "validation"}


def number_classes(values: ArrayLike) -> Labelling:
    """Number the distinct values in sorted order and name each class after its value.

    Fewer than two distinct values tell nothing apart: they are no classes.

    >>> number_classes([26, 1, 3, 1])
    (tensor([2, 0, 1, 0]), ('1', '3', '26'))
    >>> number_classes(["cat", "cat"])
    (None, ())
    """
    names: NDArray[Any]
    names, labels = np.unique(np.asarray(values), return_inverse=True)
    if len(names) < 2:
        return UNLABELLED
    return torch.from_numpy(labels.reshape(-1).astype(np.int64)), tuple(str(name) for name in names.tolist())


def number_folders(names: Sequence[str]) -> Labelling:
    """Take the first folder in which pictures part ways for the class of each.

    Folders that all share are passed over, and so is a level that only divides training from test pictures.
    There are no classes if a picture lies in no folder below these.

    Args:
        names: where each picture lies, with slashes.

    >>> number_folders(["root/train/cat/1.png", "root/train/dog/7/1.png", "root/test/dog/2.png"])
    (tensor([0, 1, 1]), ('cat', 'dog'))
    >>> number_folders(["root/1.png", "root/cat/1.png"])
    (None, ())
    """
    folders = _below_shared([PurePosixPath(name).parts[:-1] for name in names])
    if all(parts and parts[0].lower() in PARTS for parts in folders):
        folders = _below_shared([parts[1:] for parts in folders])
    return number_classes([parts[0] for parts in folders]) if all(folders) else UNLABELLED


def _below_shared(folders: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    levels = zip(*folders, strict=False)  # as deep as the pictures that lie highest
    shared = len(list(takewhile(lambda level: len(set(level)) == 1, levels)))
    return [parts[shared:] for parts in folders]
