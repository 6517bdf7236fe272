"""Data sets of finitely many samples in memory: how a part is held out, and how images are framed."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.data.dataset import Dataset, TensorSource
from fgan.data.large import Rows, take
from fgan.data.record import Omission, Record, class_counts
from fgan.errors import DataError
from fgan.frame import Frame
from fgan.load_options import LoadOptions

HELD_OUT_SHARE = 0.1
HELD_OUT_MOST = 10_000


def split(
    values: Tensor | Rows, labels: Tensor | None = None, *, stratified: bool = True
) -> tuple[TensorSource, TensorSource]:
    """Hold out a tenth of the samples, from 1 to 10,000, by a permutation that is always the same.

    With labels, each class gives its share, rounded so that they add up, and keeps a sample to train on.

    Args:
        values: (N, *shape) with N at least 2.
        labels: the class of each sample, int64 (N,), if there are classes.
        stratified: by class, where there are labels.

    Returns:
        The training samples and the held-out samples; together they are `values`, reordered, each with its
        label.

    Raises:
        DataError: there are fewer than 2 samples, or as many classes as samples.

    >>> train, held_out = split(torch.arange(20))
    >>> len(train), len(held_out)
    (18, 2)
    >>> sorted(torch.cat([train.values, held_out.values]).tolist()) == list(range(20))
    True
    """
    n = len(values)
    if n < 2:
        raise DataError(
            f"a data set needs at least 2 samples, one for training and one held out; got {n}. Add more samples."
        )
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    held_out = min(max(1, int(n * HELD_OUT_SHARE)), HELD_OUT_MOST)
    if labels is not None and stratified:
        order, held_out = _by_class(order, labels, held_out)
    train, rest = (
        TensorSource(
            take(values, rows) if isinstance(values, Tensor) else values[rows],
            None if labels is None else labels[rows],
        )
        for rows in (order[held_out:], order[:held_out])
    )
    return train, rest


def _by_class(order: Tensor, labels: Tensor, held_out: int) -> tuple[Tensor, int]:
    """Return the order with the held-out samples first, each class's share of them, and how many they are."""
    counts = labels.bincount()
    shares = counts.double() * held_out / len(labels)
    most = (counts - 1).clamp(min=0)
    quota = torch.minimum(shares.floor().long(), most)
    # What is left goes to the largest remainders, and to other classes where those may give no more.
    for k in (shares - quota).argsort(descending=True, stable=True).tolist() * 2:
        if int(quota.sum()) < held_out and quota[k] < most[k]:
            quota[k] += 1
    if int(quota.sum()) == 0:
        raise DataError(
            f"each class needs a training sample, and one sample must be held out; got {len(labels)} samples "
            f"of {len(counts)} classes. Add samples, or leave the labels out."
        )
    ordered = labels[order]
    grouped = ordered.argsort(stable=True)
    first = counts.cumsum(0) - counts
    ranks = torch.empty_like(order)
    ranks[grouped] = torch.arange(len(order)) - first[ordered[grouped]]
    taken = ranks < quota[ordered]
    return torch.cat([order[taken], order[~taken]]), int(taken.sum())


def split_name(classes: tuple[str, ...], options: LoadOptions, count: int) -> str:
    """Return how `split` holds out a part of so many samples, in words."""
    by_class = classes and options.split == "stratified"
    if int(count * HELD_OUT_SHARE) > HELD_OUT_MOST:
        return "of each class its share" if by_class else "at random"
    return "a tenth of each class" if by_class else "a tenth, at random"


def image_dataset(
    name: str,
    train: TensorSource,
    held_out: TensorSource,
    classes: tuple[str, ...] = (),
    record: Record | None = None,
) -> Dataset:
    """Make a data set of images, framed so that [0, 1] becomes [-1, 1].

    Args:
        name: what the user called it.
        train, held_out: uint8 of shape (N, C, H, W); with labels if there are classes.
        classes: their names.
        record: what was understood of the files.

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
        record=record,
    )


def only_trained(
    train: TensorSource, held_out: TensorSource, classes: tuple[str, ...]
) -> tuple[TensorSource, TensorSource, tuple[str, ...], list[Omission]]:
    """Leave out the held-out samples of classes that have no training sample, and these classes.

    Raises:
        DataError: where nothing is left to hold out.
    """
    if train.labels is None or held_out.labels is None:
        return train, held_out, classes, []
    known = train.labels.bincount(minlength=len(classes)) > 0
    if bool(known.all()):
        return train, held_out, classes, []
    kept, renumbered = known[held_out.labels], known.cumsum(0) - 1
    strange = [classes[k] for k in (~known).nonzero().flatten().tolist()]
    if not bool(kept.any()):
        raise DataError(
            "held-out samples must belong to training classes; all belong to others "
            f"({', '.join(strange[:5])}). "
            "Leave the labels out, or add training samples of these classes."
        )
    reason = "held-out samples of a class without training samples"
    counts = held_out.labels.bincount(minlength=len(classes)).tolist()
    omitted = [Omission(f'class "{name}"', reason, count=counts[classes.index(name)]) for name in strange]
    return (
        TensorSource(train.values, renumbered[train.labels]),
        TensorSource(held_out.values[kept], renumbered[held_out.labels[kept]]),
        tuple(name for k, name in enumerate(classes) if known[k]),
        omitted,
    )


def counts_of(
    classes: tuple[str, ...], train: TensorSource, held_out: TensorSource
) -> dict[str, tuple[int, int]]:
    """Return how many samples of each class are trained on and held out; nothing without classes."""
    if train.labels is None or held_out.labels is None:
        return {}
    return class_counts(classes, train.labels.tolist(), held_out.labels.tolist())
