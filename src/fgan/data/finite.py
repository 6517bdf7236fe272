"""Data sets of finitely many samples in memory: how a part is held out, and how images are framed."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.data.dataset import Dataset, TensorSource
from fgan.errors import DataError
from fgan.frame import Frame

HELD_OUT_SHARE = 0.1
HELD_OUT_MOST = 10_000


def split(values: Tensor, labels: Tensor | None = None) -> tuple[TensorSource, TensorSource]:
    """Hold out a tenth of the samples, from 1 to 10,000, by a permutation that is always the same.

    Args:
        values: (N, *shape) with N at least 2.
        labels: the class of each sample, int64 (N,), if there are classes.

    Returns:
        The training samples and the held-out samples; together they are `values`, reordered, each with its
        label.

    Raises:
        DataError: there are fewer than 2 samples.

    >>> train, held_out = split(torch.arange(20))
    >>> len(train), len(held_out)
    (18, 2)
    >>> sorted(torch.cat([train.values, held_out.values]).tolist()) == list(range(20))
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
    train, rest = (
        TensorSource(values[rows], None if labels is None else labels[rows])
        for rows in (order[held_out:], order[:held_out])
    )
    return train, rest


def image_dataset(
    name: str, train: TensorSource, held_out: TensorSource, classes: tuple[str, ...] = ()
) -> Dataset:
    """Make a data set of images, framed so that [0, 1] becomes [-1, 1].

    Args:
        name: what the user called it.
        train, held_out: uint8 of shape (N, C, H, W); with labels if there are classes.
        classes: their names.

    >>> images = TensorSource(torch.zeros(4, 1, 8, 8, dtype=torch.uint8))
    >>> image_dataset("blank", images, images).shape
    (1, 8, 8)
    """
    return Dataset(
        name=name,
        frame=Frame.of_images(tuple(train.values.shape[1:])),
        train=train,
        held_out=held_out,
        classes=classes,
    )
