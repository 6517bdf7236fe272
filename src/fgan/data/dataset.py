"""`Dataset` and the sources that it draws samples from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import Tensor

from fgan.data.record import Record, by_cross
from fgan.errors import DataError
from fgan.frame import Frame

if TYPE_CHECKING:
    from fgan.data.encoding import TableEncoding


class Source(Protocol):
    """The protocol of a source of samples: a finite set, a distribution or a stream."""

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        r"""Draw n samples, float32 of shape (n, \*shape), on the generator's device."""
        ...

    def draw_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Draw the same samples as `draw`, and the class of each, int64 (n,); None without classes."""
        ...

    def to(self, device: torch.device | str) -> Source:
        """Return the same source with its memory on `device`."""
        ...

    def fingerprint(self, labels: bool = False) -> str:
        """Return a hash of a finite set of samples, or "" for a distribution.

        Args:
            labels: also hash the labels. A run that ignores labels leaves them out, so that it can be resumed when only
                the labels have changed.
        """
        ...


@dataclass(frozen=True)
class TensorSource:
    r"""A finite set of samples in memory, drawn uniformly with replacement.

    Sampling with replacement has no state of its own: the `torch.Generator` alone determines all later batches, so a
    resumed run needs nothing else.

    Args:
        values: (N, \*shape), float32, or uint8 for images, which are scaled to [0, 1] when drawn.
        labels: class of each sample, int64 of shape (N,), if there are classes.

    Raises:
        DataError: if labels are not int64, or not one per sample.

    >>> source = TensorSource(torch.tensor([[0], [255]], dtype=torch.uint8), torch.tensor([0, 1]))
    >>> sorted(source.draw(100, torch.Generator().manual_seed(0)).unique().tolist())
    [0.0, 1.0]
    >>> drawn, labels = source.draw_labelled(100, torch.Generator().manual_seed(0))
    >>> torch.equal(drawn.flatten(), labels.float())
    True
    """

    values: Tensor
    labels: Tensor | None = None

    def __post_init__(self) -> None:
        """Check that every sample has one label, or none has."""
        labels = self.labels
        if labels is not None and (labels.dtype != torch.int64 or labels.shape != self.values.shape[:1]):
            raise DataError(
                f"labels must be int64 of the shape ({len(self.values)},), one per sample from 0 to K-1; got "
                f"{labels.dtype} "
                f"of the shape {tuple(labels.shape)}."
            )

    def __len__(self) -> int:
        """Return the number of samples held."""
        return len(self.values)

    def __repr__(self) -> str:
        """Return what it holds in a line: the values may be millions."""
        labels = "" if self.labels is None else ", with labels"
        return f"TensorSource({len(self):,} samples of {by_cross(self.values.shape[1:])}, {self.values.dtype}{labels})"

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw n samples, float32 of shape (n, *shape)."""
        return self.at(self.rows(n, generator))[0]

    def draw_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Draw the samples that `draw` would, and their labels."""
        return self.at(self.rows(n, generator))

    def rows(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw the indices of n samples, int64 (n,)."""
        return torch.randint(len(self.values), (n,), generator=generator, device=generator.device)

    def at(self, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the samples with these indices, and their labels."""
        labels = None if self.labels is None else self.labels.index_select(0, rows)
        return as_float(self.values.index_select(0, rows)), labels

    def to(self, device: torch.device | str) -> TensorSource:
        """Return the same samples and labels on `device`."""
        return TensorSource(self.values.to(device), None if self.labels is None else self.labels.to(device))

    def fingerprint(self, labels: bool = False) -> str:
        """Return the SHA-256 of the values (and of the labels, if requested) with their type and shape."""
        digest = hashlib.sha256()
        for one in (self.values, self.labels if labels else None):
            if one is not None:
                add_content(digest, one)
        return digest.hexdigest()


@dataclass(frozen=True)
class FunctionSource:
    r"""A distribution that is sampled anew at every draw.

    Args:
        sample: called with (n, generator); returns (n, \*shape) on the generator's device.
        sample_labelled: if samples have classes: called likewise; returns the samples and their labels, int64 (n,).
    """

    sample: Callable[[int, torch.Generator], Tensor]
    sample_labelled: Callable[[int, torch.Generator], tuple[Tensor, Tensor]] | None = None

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw n samples, float32 of shape (n, *shape)."""
        return self.sample(n, generator)

    def draw_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Draw the samples that `draw` would, and their labels."""
        if self.sample_labelled is None:
            return self.sample(n, generator), None
        return self.sample_labelled(n, generator)

    def to(self, device: torch.device | str) -> FunctionSource:
        """Return the source itself: it samples on the generator's device."""
        return self

    def fingerprint(self, labels: bool = False) -> str:
        """Return "": a distribution has no samples to hash."""
        return ""


@runtime_checkable
class Indexed(Protocol):
    """A source that says which samples it draws before it reads them."""

    def rows(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw what decides n samples, one row for each."""
        ...

    def at(self, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the samples of these rows, and their labels."""
        ...


@dataclass(frozen=True)
class Shard:
    """A part of every batch of a source; the generator advances as for the whole batch.

    Args:
        source: the source of the whole batch.
        part: returns the slice of n consecutive samples that belongs to this part.
    """

    source: Source
    part: Callable[[int], slice]

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw n samples and return a part of them; nothing else is read from a finite set."""
        return self.draw_labelled(n, generator)[0]

    def draw_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Draw the samples that `draw` would, and their labels."""
        if isinstance(self.source, Indexed):
            return self.source.at(self.source.rows(n, generator)[self.part(n)])
        x, labels = self.source.draw_labelled(n, generator)
        return x[self.part(n)], None if labels is None else labels[self.part(n)]

    def to(self, device: torch.device | str) -> Shard:
        """Return the same part with the source's memory on `device`."""
        return Shard(self.source.to(device), self.part)

    def fingerprint(self, labels: bool = False) -> str:
        """Return the fingerprint of the whole source."""
        return self.source.fingerprint(labels)


@dataclass(frozen=True)
class Modes:
    """The known clusters of a synthetic mixture: `centers` (K, D) and their common standard deviation."""

    centers: Tensor
    sigma: float


@dataclass(frozen=True)
class Dataset:
    """A data set for training: training and held-out samples, with their shape and units.

    Args:
        name: its name.
        frame: shape and range of a sample, and the centre and scale with which samples have mean 0 and spread 1.
        train: source of training samples.
        held_out: source of samples that training never sees.
        modes: the modes of a synthetic mixture, if they are known.
        classes: names of the classes, in the order of the labels; empty without labels.
        record: how its files were read, if it came from files.
        table: the encoding of table rows as samples, if it came from a table.
    """

    name: str
    frame: Frame
    train: Source
    held_out: Source
    modes: Modes | None = None
    classes: tuple[str, ...] = ()
    record: Record | None = None
    table: TableEncoding | None = None

    def __repr__(self) -> str:
        """Return what was loaded, as training says it."""
        if self.record:
            return "\n".join(self.record.lines(self.name))
        shape = by_cross(self.shape)
        if isinstance(self.train, TensorSource) and isinstance(self.held_out, TensorSource):
            held = f"{len(self.train):,} samples of {shape} for training, {len(self.held_out):,} held out"
        else:
            held = f"samples of {shape}, drawn from a distribution"
        return f"{self.name}: {held}{f'; {len(self.classes)} classes' if self.classes else ''}"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return self.frame.shape

    @property
    def is_image(self) -> bool:
        """Whether samples are images of shape (channels, height, width)."""
        return len(self.shape) == 3

    def to(self, device: torch.device | str) -> Dataset:
        """Return the same data with its memory on `device`."""
        return replace(self, train=self.train.to(device), held_out=self.held_out.to(device))


def finite(source: Source) -> TensorSource | None:
    """Return samples in memory: those of a finite source, or the inspected part of a stream; None if there are none."""
    found = source if isinstance(source, TensorSource) else getattr(source, "probe", None)
    return found if isinstance(found, TensorSource) else None


def as_float(values: Tensor) -> Tensor:
    """Scale uint8 to [0, 1] float32; leave float32 as it is.

    >>> as_float(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    """
    return values / 255 if values.dtype == torch.uint8 else values


def as_uint8(values: Tensor) -> Tensor:
    """Round [0, 1] to 0..255; values beyond are clamped and NaN is 0. uint8 stays as it is.

    >>> as_uint8(torch.tensor([-1.0, 0.2, 1.0, torch.nan]))
    tensor([  0,  51, 255,   0], dtype=torch.uint8)
    """
    if values.dtype == torch.uint8:
        return values
    return (values.float().nan_to_num(nan=0.0).clamp(0, 1) * 255).round().to(torch.uint8)


def add_content(digest: hashlib._Hash, values: Tensor) -> None:
    """Add to a digest a heading that tells a tensor's type and shape, and its bytes, without a copy of them."""
    digest.update(f"{values.dtype} {tuple(values.shape)}".encode())
    digest.update(values.cpu().contiguous().view(torch.uint8).numpy().data)
