"""Samples that come one by one or in batches: torch data sets and loaders, Hugging Face data sets, lists, iterators."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
)
from tqdm import tqdm

from fgan.draws import DrawnFrom
from fgan.errors import DataError
from fgan.output import Say, on_a_terminal
from fgan.seeds import plain_number

IMAGE_KEYS = ("image", "img", "pixel_values", "x")
LABEL_KEYS = ("label", "labels", "y")
MOST_ITEMS, MOST_BYTES = 1_000_000, 2**32
"""What is read of something that does not say how long it is, and may be endless."""
SECONDS_BEFORE_PROGRESS = 3

Label = int | str
Item = tuple[Any, Label | None]


@dataclass
class Reader:
    """Takes items apart into samples and labels.

    Args:
        kind: what to call in an error what is read.
        image_key, label_key: the columns of items that are mappings; found by their usual names if not given.
        left_out: filled with the names of the parts that are neither samples nor classes.
        rest: what comes after the items, where those were not all and the rest was to be kept.
    """

    kind: str
    image_key: str | None = None
    label_key: str | None = None
    left_out: set[str] = field(default_factory=set)
    rest: Iterator[Item] | None = None

    def items(self, values: Iterable[Any], say: Say, most: int | None = None) -> list[Item]:
        """Return each sample with its class; all of them, or of what may be endless the first.

        Args:
            values: what holds them.
            say: told what is left out.
            most: bytes to read, of anything, after which the rest is kept.
        """
        batched = self._batched(values)
        length = length_of(values)
        found: list[Item] = []
        held = 0
        silent = not on_a_terminal(sys.stderr)
        # Data sets that draw, such as random flips, draw the same each time and leave the global generator alone.
        with DrawnFrom.seeded(0):
            each = self._each(values, length)
            for one in tqdm(
                each, f"reading {self.kind}", length, leave=False, disable=silent,
                delay=SECONDS_BEFORE_PROGRESS,
            ):  # fmt: skip
                new = self._rows(one) if batched else [self._parts(one)]
                found += new
                held += sum(getattr(sample, "nbytes", 0) for sample, _ in new)
                if most is not None:
                    if held > most or len(found) > MOST_ITEMS:
                        self.rest = self._flat(each, batched)
                        break
                elif length is None and (len(found) > MOST_ITEMS or held > MOST_BYTES):
                    found = found[:MOST_ITEMS]
                    say(
                        f"only the first {len(found):,} samples of the {self.kind} are used, because it has "
                        "no length and may be "
                        "endless. Pass data with a length to use more."
                    )
                    break
        return found

    def flat(self, values: Iterable[Any]) -> Iterator[Item]:
        """Yield each sample with its class, as they come."""
        return self._flat(self._each(values, length_of(values)), self._batched(values))

    def _flat(self, each: Iterator[Any], batched: bool) -> Iterator[Item]:
        for one in each:
            yield from self._rows(one) if batched else [self._parts(one)]

    def _batched(self, values: object) -> bool:
        return isinstance(values, DataLoader) and values.batch_sampler is not None

    def by_index(self, values: Any) -> Callable[[int], Item] | None:  # noqa: ANN401
        """Return what reads the item of a row, where the data can be read in any order; None where they cannot."""
        loader, samples = (values, indexed(values)) if isinstance(values, DataLoader) else (None, values)
        if samples is None or isinstance(samples, IterableDataset) or not hasattr(samples, "__getitem__"):
            return None
        if length_of(samples) is None:
            return None

        def read(row: int) -> Item:
            try:
                one = samples[row]
                if loader is not None:
                    one = loader.collate_fn([one] if self._batched(loader) else one)
            except Exception as error:
                raise self._unreadable(row, error) from error
            return self._rows(one)[0] if self._batched(loader) else self._parts(one)

        return read

    def _unreadable(self, number: int, error: Exception) -> DataError:
        return DataError(
            f"item {number} of the {self.kind} raised {type(error).__name__}: {error}. Repair it, or leave it out."
        )

    def _each(self, values: Iterable[Any], length: int | None) -> Iterator[Any]:
        """Yield what `values` holds; what its own code raises is said together with the place."""
        by_index = (
            length is not None and not isinstance(values, DataLoader) and hasattr(values, "__getitem__")
        )
        each = iter(values) if not by_index else None
        number = 0
        while length is None or number < length:
            try:
                one = values[number] if each is None else next(each)  # pyright: ignore[reportIndexIssue]
            except StopIteration:
                return
            except Exception as error:
                raise self._unreadable(number, error) from error
            yield one
            number += 1

    def _rows(self, batch: Any) -> list[Item]:  # noqa: ANN401 - whatever a loader collates
        sample, label = self._parts(batch, batched=True)
        labels = [None] * len(sample) if label is None else label
        if len(labels) != len(sample):
            raise DataError(
                f"a batch must have one label per sample; the {self.kind} gave {len(sample)} samples and "
                f"{len(labels)} labels."
            )
        return list(zip(sample, labels, strict=True))

    def _parts(self, item: Any, *, batched: bool = False) -> tuple[Any, Any]:  # noqa: ANN401
        """Return an item's sample and its class, or those of a batch."""
        if isinstance(item, Mapping):
            image, label = self._columns(item)
            others = [str(key) for key in item if key not in (image, label)]
            parts = [item[image], *([] if label is None else [item[label]])]
        elif is_parted(item):
            others = [f"part {number}" for number in range(2, len(item))]
            parts = list(item[:2])
            label = "part 1" if len(parts) > 1 else None
        else:
            return item, None
        self.left_out.update(others)
        if label is None:
            return parts[0], None
        found: list[Label | None] = [class_of(one) for one in parts[1]] if batched else [class_of(parts[1])]
        if None in found:
            self.left_out.add(str(label))
            return parts[0], None
        return parts[0], found if batched else found[0]

    def _columns(self, item: Mapping[Any, Any]) -> tuple[Any, Any]:
        image = self.image_key or next((key for key in IMAGE_KEYS if key in item), None)
        if image is None or image not in item:
            raise DataError(
                f"dict items must hold the sample under one of the keys {', '.join(IMAGE_KEYS)}; those of the "
                f"{self.kind} "
                f"have {', '.join(map(str, item))}. Rename the column, or pass the samples alone."
            )
        label = self.label_key or next((key for key in LABEL_KEYS if key in item), None)
        return image, label


def is_parted(item: object) -> bool:
    """Whether an item is a sample and more, such as (x, label), rather than a sample that is a list of numbers.

    >>> is_parted((np.zeros((2, 2)), 3)), is_parted(([0.5, 1.0], 3)), is_parted([0.5, 1.0]), is_parted([[0.5], [1.0]])
    (True, True, False, False)
    """
    if not isinstance(item, (tuple, list)) or not item:
        return False
    if is_picture(item[0]) or getattr(item[0], "ndim", 0) > 0:
        return True
    return isinstance(item[0], (tuple, list)) and len(item) > 1 and class_of(item[1]) is not None


def class_of(label: object) -> Label | None:
    """Return a label as a whole number or a word; None where it is neither, and so no class.

    >>> import torch
    >>> class_of(np.int64(3)), class_of(torch.tensor([3])), class_of("cat"), class_of(0.5)
    (3, 3, 'cat', None)
    """
    if isinstance(label, (Tensor, np.ndarray)) and label.ndim == 1 and len(label) == 1:
        label = label[0]
    found = plain_number(
        label.item() if isinstance(label, (Tensor, np.ndarray)) and label.ndim == 0 else label
    )
    return int(found) if isinstance(found, bool) else found if isinstance(found, (int, str)) else None


def is_picture(value: object) -> bool:
    """Whether something is one of Pillow's pictures."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def is_file(value: object) -> bool:
    """Whether something is the path of a file: a `Path`, or a text that names one.

    >>> from pathlib import Path
    >>> is_file(Path("a.png")), is_file("cat")
    (True, False)
    """
    # Unlike Path.is_file, this takes a text of any length, and answers.
    return isinstance(value, os.PathLike) or (isinstance(value, str) and os.path.isfile(value))  # noqa: PTH113


def in_order(loader: DataLoader[Any]) -> DataLoader[Any]:
    """Return a loader of the same samples that does not shuffle, so that the same data are the same every time.

    A sampler that leaves out, repeats or weighs samples stays as it is.
    """
    if not _is_plain(loader):
        return loader
    return DataLoader(
        loader.dataset,
        batch_size=loader.batch_size,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
    )


def indexed(loader: DataLoader[Any]) -> Any:  # noqa: ANN401
    """Return what a loader draws from once each, in an order that does not matter; None where its sampler decides."""
    if isinstance(loader.dataset, IterableDataset):
        return None
    if type(loader.sampler) is SubsetRandomSampler:
        return Subset(loader.dataset, loader.sampler.indices)
    return loader.dataset if _is_plain(loader) else None


def _is_plain(loader: DataLoader[Any]) -> bool:
    """Whether a loader gives every sample of its data set once."""
    sampler = loader.sampler
    return (loader.batch_size is not None or loader.batch_sampler is None) and (
        type(sampler) is SequentialSampler
        or (
            type(sampler) is RandomSampler
            and not sampler.replacement
            and len(sampler) == len(sampler.data_source)
        )
    )


def length_of(values: object) -> int | None:
    """Return how long something says that it is; None where it does not."""
    return len(values) if isinstance(values, Sized) and _has_length(values) else None


def _has_length(values: Sized) -> bool:
    try:
        return len(values) >= 0
    except (TypeError, NotImplementedError):  # a loader of an iterable, a data set that does not know
        return False
