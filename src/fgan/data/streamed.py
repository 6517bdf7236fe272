"""Data sets larger than memory: samples are read when they are drawn, by index where there is one, else in passes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from fgan.data.dataset import TensorSource, as_float
from fgan.data.items import Item
from fgan.draws import DrawnFrom
from fgan.errors import DataError

SEEDS = 2**31
Prepare = Callable[[Sequence[Item]], tuple[Tensor, Tensor | None]]
"""Makes items samples, uint8 (n, C, H, W) or float32 (n, D), and the numbers of their classes, int64 (n,)."""


@contextmanager
def drawing() -> Iterator[Callable[[int], None]]:
    """While entered, draws of torch, NumPy and `random` that name no generator begin at seeds; after it, as before.

    Yields:
        What takes the next seed.
    """
    before, before_numpy = random.getstate(), np.random.get_state()
    draws = DrawnFrom.seeded(0)

    def begin(seed: int) -> None:
        random.seed(seed)
        np.random.seed(seed % 2**32)
        draws.random.manual_seed(seed)

    begin(0)
    try:
        with draws:
            yield begin
    finally:
        random.setstate(before)
        np.random.set_state(before_numpy)


@dataclass(frozen=True)
class IndexedSource:
    """Samples of a data set with an index, drawn uniformly with replacement and read when they are drawn.

    A row and a number that is drawn with it decide a sample, so the state of the generator decides all that follow.

    Args:
        read: returns the item of a row.
        prepare: makes items samples.
        rows_in_all: how many there are.
        held_out: rows that are never drawn, int64 (h,) in ascending order.
        probe: some of the samples, which stand for all where a finite set is needed.
        told_by: what tells these data from others.
    """

    read: Callable[[int], Item]
    prepare: Prepare
    rows_in_all: int
    held_out: Tensor
    probe: TensorSource
    told_by: Callable[[bool], str]

    def __len__(self) -> int:
        """Return the number of samples that can be drawn."""
        return self.rows_in_all - len(self.held_out)

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw n samples, float32 of shape (n, *shape)."""
        return self.at(self.rows(n, generator))[0]

    def draw_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Draw the samples that `draw` would, and their labels."""
        return self.at(self.rows(n, generator))

    def rows(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw the numbers of n samples, and of each a seed for what its code draws: int64 (n, 2)."""
        of = {"generator": generator, "device": generator.device}
        return torch.stack([torch.randint(len(self), (n,), **of), torch.randint(SEEDS, (n,), **of)], 1)

    def at(self, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        """Read the samples of these numbers and seeds, and their labels."""
        numbers, seeds = rows.cpu().t().contiguous()
        # The k-th row that is not held out: as many further as held-out ones lie before it.
        before = self.held_out - torch.arange(len(self.held_out))
        numbers = numbers + torch.searchsorted(before, numbers, right=True)
        items = []
        with drawing() as begin:
            for row, seed in zip(numbers.tolist(), seeds.tolist(), strict=True):
                begin(seed)
                items.append(self.read(row))
        values, labels = self.prepare(items)
        return as_float(values.to(rows.device)), None if labels is None else labels.to(rows.device)

    def to(self, device: torch.device | str) -> IndexedSource:
        """Return the source itself: what is drawn goes to the generator's device."""
        return self

    def fingerprint(self, labels: bool = False) -> str:
        """Return a hash of the number of samples and of those that were looked at."""
        return self.told_by(labels)


@dataclass
class IteratedSource:
    """Samples that can only be read in their own order: drawn from a buffer, where the next ones take their places.

    Args:
        again: begins a pass; called when one has ended.
        rest: what is left of the first.
        prepare: makes items samples.
        buffer: the first samples; changed by every draw.
        skipped: digests of the held-out samples, which come by again in later passes.
        kind: what to call it in an error.
        told_by: what tells these data from others.
    """

    again: Callable[[], Iterable[Item]]
    rest: Iterator[Item]
    prepare: Prepare
    buffer: TensorSource
    skipped: frozenset[bytes]
    kind: str
    told_by: Callable[[bool], str]
    passes: int = 1
    taken: int = 0
    probe: TensorSource = field(init=False)

    def __post_init__(self) -> None:
        """Keep the first samples as they were."""
        labels = self.buffer.labels
        self.probe = TensorSource(self.buffer.values.clone(), None if labels is None else labels.clone())

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw n samples, float32 of shape (n, *shape)."""
        return self.draw_labelled(n, generator)[0]

    def draw_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Draw the samples that `draw` would, and their labels."""
        rows = self.buffer.rows(n, generator).cpu()
        values, labels = self.buffer.at(rows)
        places = rows.unique()
        with drawing() as begin:
            begin((self.passes * 1_000_003 + self.taken) % SEEDS)
            items = [self._next() for _ in range(len(places))]
        new, new_labels = self.prepare(items)
        self.buffer.values[places] = new
        if self.buffer.labels is not None and new_labels is not None:
            self.buffer.labels[places] = new_labels
        return values.to(generator.device), None if labels is None else labels.to(generator.device)

    def _next(self) -> Item:
        while True:
            item = next(self.rest, None)
            if item is None:
                self._begin_again()
                continue
            self.taken += 1
            if self.passes == 1 or digest(item) not in self.skipped:
                return item

    def _begin_again(self) -> None:
        if self.passes > 1 and not self.taken:
            raise DataError(
                f"streamed data must be iterable more than once; pass {self.passes} over the {self.kind} gave "
                "no training samples. "
                "Pass an IterableDataset, for example, instead of its iterator."
            )
        self.passes, self.taken = self.passes + 1, 0
        self.rest = iter(self.again())

    def to(self, device: torch.device | str) -> IteratedSource:
        """Return the source itself: what is drawn goes to the generator's device."""
        return self

    def fingerprint(self, labels: bool = False) -> str:
        """Return a hash of the first samples."""
        return self.told_by(labels)


def digest(item: Item) -> bytes:
    """Return what tells an item's sample from others, by its content."""
    sample = item[0]
    return hashlib.blake2b(np.ascontiguousarray(np.asarray(sample)).tobytes(), digest_size=16).digest()
