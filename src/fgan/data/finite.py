"""Data sets of finitely many samples in memory: how a part is held out, and how images are framed."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.data.dataset import Dataset, TensorSource
from fgan.errors import DataError

HELD_OUT_SHARE = 0.1
HELD_OUT_MOST = 10_000


def split(values: Tensor) -> tuple[Tensor, Tensor]:
    """Hold out a tenth of the samples, from 1 to 10,000, by a permutation that is always the same.

    Args:
        values: (N, *shape) with N at least 2.

    Returns:
        The training samples and the held-out samples; together they are `values`, reordered.

    Raises:
        DataError: there are fewer than 2 samples.

    >>> train, held_out = split(torch.arange(20))
    >>> len(train), len(held_out)
    (18, 2)
    >>> sorted(torch.cat([train, held_out]).tolist()) == list(range(20))
    True
    """
    n = len(values)
    if n < 2:
        raise DataError(
            f"A data set needs at least 2 samples, one to train on and one to hold out; got {n}. Add more "
            "samples."
        )
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    held_out = min(max(1, int(n * HELD_OUT_SHARE)), HELD_OUT_MOST)
    return values[order[held_out:]], values[order[:held_out]]


def image_dataset(name: str, train: Tensor, held_out: Tensor) -> Dataset:
    """Make a data set of images, framed so that [0, 1] becomes [-1, 1].

    Args:
        name: what the user called it.
        train, held_out: uint8 of shape (N, C, H, W).

    >>> images = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    >>> image_dataset("blank", images, images).shape
    (1, 8, 8)
    """
    return Dataset(
        name=name,
        shape=tuple(train.shape[1:]),
        value_range=(0.0, 1.0),
        train=TensorSource(train),
        held_out=TensorSource(held_out),
        center=torch.tensor(0.5),
        scale=torch.tensor(0.5),
    )
