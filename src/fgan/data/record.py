"""What was understood of a data set: what was taken, what was left out and why, its classes, split and values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

NAMED_AT_MOST = 10
CLASSES_SHOWN = 10
COLUMNS = "columns: "
"""How the note begins that says what each column of a table was taken for."""


@dataclass(frozen=True)
class Omission:
    """One thing that is left out: its name, why, and whether `strict` refuses it."""

    name: str
    reason: str
    matters: bool = True
    detail: str = ""
    count: int = 1


@dataclass(frozen=True)
class LeftOut:
    """What is left out for one reason: how many, the first few files by name, and the number of files."""

    reason: str
    count: int
    names: tuple[str, ...]
    files: int
    matters: bool

    def __str__(self) -> str:
        """Write the reason, the count and the names."""
        more = f" and {self.files - len(self.names)} more" if self.files > len(self.names) else ""
        return f"{self.reason} ({self.count:,}): {', '.join(self.names)}{more}"


@dataclass(frozen=True)
class Record:
    """What was understood of a data set; `config.json` keeps it under "loaded".

    Args:
        train, held_out: how many samples each part has.
        split: how they were parted.
        shape: of one sample.
        classes: training and held-out samples of each class, by its name.
        labels: where the classes come from, or why there are none.
        left_out: what was not taken, by reason.
        values: what was seen in the values, such as their range.
        notes: remarks, with the flag that changes it.
        streamed: how samples are read that do not all lie in memory, and what a resumed run can promise; "" of others.
    """

    train: int
    held_out: int
    split: str
    shape: tuple[int, ...]
    classes: dict[str, tuple[int, int]] = field(default_factory=dict)
    labels: str = ""
    left_out: tuple[LeftOut, ...] = ()
    values: dict[str, float | int | str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    streamed: str = ""

    def lines(self, name: str) -> list[str]:
        """Return the record for people: what was taken in one line, what was left out in one, then the notes."""
        taken = f"{name}: {self.train + self.held_out:,} samples of {by_cross(self.shape)}; "
        taken += f"{self.train:,} for training, "
        taken += f"{self.held_out:,} held out ({self.split})"
        if self.classes:
            shown = [f"{printable(key)} {train}+{held}" for key, (train, held) in self.classes.items()]
            more = f", and {len(shown) - CLASSES_SHOWN} more" if len(shown) > CLASSES_SHOWN else ""
            taken += f"; {len(shown)} classes {self.labels}: {', '.join(shown[:CLASSES_SHOWN])}{more}"
        elif self.streamed:
            taken += f"; {self.labels}" if self.labels else ""
        elif self.labels:
            taken += f"; no classes: {self.labels}"
        left = [f"skipped: {'; '.join(map(str, self.left_out))}"] if self.left_out else []
        return [taken, *([self.streamed] if self.streamed else []), *left, *self.notes]


def by_cross(shape: Iterable[int]) -> str:
    """Write a shape for people.

    >>> by_cross((3, 32, 32))
    '3x32x32'
    """
    return "x".join(map(str, shape))


def by_reason(omissions: Iterable[Omission]) -> tuple[LeftOut, ...]:
    """Group what is left out by its reason, what matters first.

    >>> str(by_reason([Omission("a.txt", "no pictures", False), Omission("b.txt", "no pictures", False)])[0])
    'no pictures (2): a.txt, b.txt'
    """

    def key(one: Omission) -> tuple[bool, str]:
        return (not one.matters, one.reason)

    grouped: list[LeftOut] = []
    for (beside, reason), group in groupby(sorted(omissions, key=lambda one: (*key(one), one.name)), key):
        some = list(group)
        names = tuple(
            printable(f"{o.name} ({o.detail})" if o.detail else o.name) for o in some[:NAMED_AT_MOST]
        )
        grouped.append(LeftOut(reason, sum(one.count for one in some), names, len(some), not beside))
    return tuple(grouped)


def printable(name: str) -> str:
    """Return a file's name in one line that any terminal shows: other characters are escaped.

    >>> printable("a\\nb")
    'a\\\\nb'
    """
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in name)


def class_counts(
    classes: Sequence[str], train: Sequence[int], held_out: Sequence[int]
) -> dict[str, tuple[int, int]]:
    """Return how many samples of each class are trained on and held out.

    >>> class_counts(("a", "b"), [0, 0, 1], [0])
    {'a': (2, 1), 'b': (1, 0)}
    """
    counts = {k: [0, 0] for k in range(len(classes))}
    for part, labels in enumerate((train, held_out)):
        for label in labels:
            counts[int(label)][part] += 1
    return {name: (counts[k][0], counts[k][1]) for k, name in enumerate(classes)}
