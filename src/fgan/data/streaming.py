"""How data that do not fit into memory are opened: what is looked at, what is held out, and what is promised."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from fgan.data.array_files import Content, Part
from fgan.data.arrays import dataset_of_parts, samples_of
from fgan.data.dataset import Dataset, Source, TensorSource, add_content
from fgan.data.finite import HELD_OUT_MOST, HELD_OUT_SHARE
from fgan.data.items import MOST_BYTES, Item, Label, Reader, class_of
from fgan.data.side_by_side import stacked
from fgan.data.streamed import IndexedSource, IteratedSource, Prepare, digest, drawing
from fgan.data.values import Stored
from fgan.errors import DataError
from fgan.load_options import LoadOptions
from fgan.memory import free_memory
from fgan.output import Say, silent

PROBE = 4096
"""Samples that are looked at first, besides the held-out ones."""
SHARE = 0.7
"""Of the free memory that the samples may take."""
MOST_HELD, MOST_BUFFERED = 2**28, 100_000
"""Bytes that a held-out part, what is looked at, or a buffer takes, and samples of a buffer."""
LISTED = 2**24
"""Rows of which a list is made, to choose some."""
COPIES = 2
"""How often samples are in memory while they are read: one by one, and side by side."""
FIRST_FEW = 8


@dataclass(frozen=True)
class Streaming:
    """What is known of data that are to be streamed.

    Args:
        name, kind: of the data set, and what it came as.
        names: of the classes that whole numbers stand for; none where nobody says.
        options: see `LoadOptions`.
        say: told what was understood.
    """

    name: str
    kind: str
    names: Sequence[str]
    options: LoadOptions
    say: Say

    @property
    def taken_by(self) -> LoadOptions:
        """The options by which one sample is taken as all others are.

        Raises:
            DataError: where they depend on all samples.
        """
        if self.options.value_range == "data":
            raise DataError(
                f'value_range="data" needs all samples at once, but the {self.kind} is streamed. Give two '
                "numbers, such as "
                'value_range="0,4095".'
            )
        return (
            replace(self.options, background="white") if self.options.background == "auto" else self.options
        )


def is_too_large(read: Callable[[int], Item], rows: int) -> bool:
    """Whether memory has no room for all samples, going by the first few."""
    free = free_memory()
    if free is None:
        return False
    with drawing():
        sizes = [_bytes_of(read(row)[0]) for row in range(min(rows, FIRST_FEW))]
    return COPIES * rows * max(sizes) > SHARE * free


def most_bytes() -> int:
    """Return how many bytes of samples are read of what does not say how long it is."""
    free = free_memory()
    return MOST_BYTES if free is None else min(MOST_BYTES, int(SHARE * free / COPIES))


def _bytes_of(sample: Any) -> int:  # noqa: ANN401
    known = getattr(sample, "nbytes", None)
    if known is None and hasattr(sample, "size") and hasattr(sample, "getbands"):
        known = sample.size[0] * sample.size[1] * len(sample.getbands())
    return known or 0


def indexed_dataset(value: Any, read: Callable[[int], Item], rows: int, about: Streaming) -> Dataset:  # noqa: ANN401
    """Return data that are read by index; a tenth is held out, at random, and at most what `MOST_HELD` has room for.

    Raises:
        DataError: as `as_dataset` does.
    """
    _require_two(rows, about)
    with drawing():
        most = _room_for(read(0)[0])
    held = min(max(1, int(rows * HELD_OUT_SHARE)), HELD_OUT_MOST, most)
    order = _some(rows, held + min(PROBE, most))
    held_rows, looked_at = order[:held].sort().values, order[held:]
    about.say(
        f"the {about.kind}: {len(order):,} of {rows:,} samples are read first, {held:,} of them to hold out"
    )

    def some(which: Tensor) -> list[Item]:
        items = []
        with drawing() as begin:
            for row in which.tolist():
                begin(row)
                items.append(read(row))
        return items

    probe, prepare = _looked_at(some(looked_at), some(held_rows), about, _every_label(value, rows))
    source = IndexedSource(read, prepare, rows, held_rows, _in_memory(probe.train), _told_by(probe, rows))
    promise = (
        f"streamed: each of {rows:,} samples is read when it is drawn; a resumed run is bit-identical if an "
        "index always "
        "returns the same sample"
    )
    return _recorded(probe, source, promise, len(source), about)


def iterated_dataset(value: Any, reader: Reader, items: Sequence[Item], about: Streaming) -> Dataset:  # noqa: ANN401
    """Return data that can only be iterated: the first samples are a buffer, of which a tenth is held out.

    Raises:
        DataError: as `as_dataset` does.
    """
    most = min(_room_for(items[0][0]), MOST_BUFFERED) if items else 0
    first, rest = items[:most], chain(items[most:], reader.rest or ())
    _require_two(len(first), about)
    held = min(max(1, int(len(first) * HELD_OUT_SHARE)), HELD_OUT_MOST)
    order = torch.randperm(len(first), generator=torch.Generator().manual_seed(0)).tolist()
    apart, kept = ([first[row] for row in sorted(rows)] for rows in (order[:held], order[held:]))
    probe, prepare = _looked_at(kept, apart, about, ())
    source = IteratedSource(
        again=lambda: reader.flat(value),
        rest=rest,
        prepare=prepare,
        buffer=_in_memory(probe.train),
        skipped=frozenset(map(digest, apart)),
        kind=about.kind,
        told_by=_told_by(probe, None),
    )
    promise = (
        f"streamed: samples are drawn from a shuffle buffer of {len(kept):,}; iteration restarts when it "
        "ends. A resumed run "
        "restarts the stream, so it is not bit-identical to an uninterrupted run"
    )
    return _recorded(probe, source, promise, len(kept), about)


def _some(rows: int, count: int) -> Tensor:
    """Return so many rows, or all, always the same ones in the same order; for very many without a list of them all."""
    random = torch.Generator().manual_seed(0)
    if rows <= LISTED:
        return torch.randperm(rows, generator=random)[:count]
    drawn = dict.fromkeys(torch.randint(rows, (2 * count,), generator=random).tolist())
    return torch.tensor(list(drawn)[:count])


def _room_for(sample: Any) -> int:  # noqa: ANN401
    """Return how many samples like this one are held at most: by their size alone, the same on every machine."""
    return max(MOST_HELD // max(_bytes_of(sample), 1), FIRST_FEW)


def _in_memory(source: Source) -> TensorSource:
    assert isinstance(source, TensorSource), "arrays become these"
    return source


def _require_two(count: int, about: Streaming) -> None:
    if count < 2:
        raise DataError(
            f"data must have at least 2 samples, one for training and one held out; the {about.kind} ends "
            f"after {count}."
        )


def _looked_at(
    train: Sequence[Item], held_out: Sequence[Item], about: Streaming, every: Sequence[Label]
) -> tuple[Dataset, Prepare]:
    """Return some of the samples as a data set of their own, and what makes others like them."""
    options, origin = about.taken_by, f"the {about.kind}"
    parts = [Part(*_taken(items, about.kind, options)) for items in (train, held_out)]
    probe = dataset_of_parts(about.name, Content(*parts, part="held-out"), origin, options, silent)
    labels = [label for _, label in (*train, *held_out)]
    if parts[0].stored and about.options.background == "auto":
        about.say("transparent pictures are placed on white, because streamed data are not inspected first")
    classes = Classes((), {}) if None in labels else classes_of([*labels, *every], about)
    shape, frame = probe.shape, probe.frame

    def prepare(items: Sequence[Item]) -> tuple[Tensor, Tensor | None]:
        values = samples_of(Part(*_taken(items, about.kind, options)), origin, options, frame=frame)
        if tuple(values.shape[1:]) != shape:
            raise DataError(
                f"all samples must have the same shape; in the {about.kind} the first have {shape}, others "
                f"have {tuple(values.shape[1:])}. Resize or crop them."
            )
        return values, classes.numbers(items, about.kind) if classes.names else None

    if classes.names:
        probe = replace(
            probe,
            train=TensorSource(_in_memory(probe.train).values, classes.numbers(train, about.kind)),
            held_out=TensorSource(_in_memory(probe.held_out).values, classes.numbers(held_out, about.kind)),
            classes=classes.names,
        )
    return probe, prepare


def _taken(items: Sequence[Item], kind: str, options: LoadOptions) -> tuple[Any, None, tuple[Stored, ...]]:
    taken = stacked([sample for sample, _ in items], kind, options)
    return taken.samples, None, taken.stored


class Classes(NamedTuple):
    """The names of classes in order, and the place of each label among them."""

    names: tuple[str, ...]
    places: dict[Label, int]

    def numbers(self, items: Sequence[Item], kind: str) -> Tensor:
        """Return the number of each item's class, int64 (n,).

        Raises:
            DataError: for a label that was not among those looked at.
        """
        odd = next((label for _, label in items if label not in self.places), None)
        if odd is not None or any(label is None for _, label in items):
            raise DataError(
                f"streamed data must declare all classes at the start ({', '.join(self.names[:10])}); the "
                f"{kind} has a sample of "
                f"class {odd!r}. List all classes in an attribute `classes` of the data set, or give its "
                "`targets`."
            )
        return torch.tensor([self.places[label] for _, label in items if label is not None])


def classes_of(labels: Sequence[Label | None], about: Streaming) -> Classes:
    """Return the classes of labels; those with a name by it, sorted as all others are."""
    distinct = {label for label in labels if label is not None}
    names = list(about.names)
    if names and len(set(names)) == len(names) and distinct <= set(range(len(names))):
        ordered = sorted(names)
        return Classes(tuple(ordered), {number: ordered.index(name) for number, name in enumerate(names)})
    if len(distinct) < 2:
        return Classes((), {})
    if len({type(label) for label in distinct}) > 1:
        raise DataError(f"labels must be all whole numbers or all strings; the {about.kind} has both.")
    ordered = sorted(distinct)  # pyright: ignore[reportArgumentType]
    return Classes(tuple(map(str, ordered)), {label: place for place, label in enumerate(ordered)})


def _every_label(value: Any, rows: int) -> list[Label]:  # noqa: ANN401
    """Return the labels that a data set lists as its `targets`, as torchvision's do; none of others."""
    dataset = value.dataset if isinstance(value, DataLoader) else value
    targets = getattr(dataset, "targets", None)
    if targets is None or not hasattr(targets, "__len__") or len(targets) != rows:
        return []
    found = {class_of(label) for label in (targets.tolist() if isinstance(targets, Tensor) else targets)}
    return [label for label in found if label is not None]


def _told_by(probe: Dataset, rows: int | None) -> Callable[[bool], str]:
    """Return what gives a hash of samples that were looked at, with or without their labels."""
    found = {}
    for labels in (False, True):
        whole = hashlib.sha256(f"streamed {rows}".encode())
        for part in map(_in_memory, (probe.train, probe.held_out)):
            add_content(whole, part.values)
            if labels and part.labels is not None:
                add_content(whole, part.labels)
        found[labels] = whole.hexdigest()
    return found.__getitem__


def _recorded(
    probe: Dataset, source: IndexedSource | IteratedSource, promise: str, count: int, about: Streaming
) -> Dataset:
    assert probe.record, "arrays leave one"
    record = replace(
        probe.record,
        train=count,
        split="at random",
        labels=f"{len(probe.classes)} classes" if probe.classes else "",
        streamed=promise,
    )
    for line in record.lines(about.name):
        about.say(line)
    return replace(probe, train=source, record=record)
