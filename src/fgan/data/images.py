"""A folder or an archive of pictures as a data set of small square images."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from numpy.typing import NDArray

from fgan.data.archives import Entry, open_listing
from fgan.data.dataset import Dataset, TensorSource
from fgan.data.decode import (
    HEAVY,
    BrokenImageError,
    Decoded,
    File,
    HeavyImageError,
    RangeError,
    Recipe,
    decode,
)
from fgan.data.finite import counts_of, image_dataset, split, split_name
from fgan.data.label_files import FileLabels, may_hold_labels, read_labels
from fgan.data.labels import UNLABELLED, number_classes
from fgan.data.layout import Layout, understand
from fgan.data.record import LeftOut, Omission, Record, by_reason, printable
from fgan.data.signatures import Kind, extensions, kind_of
from fgan.data.values import in_two_looks, look_at, stored_in
from fgan.errors import DataError
from fgan.load_options import LoadOptions
from fgan.memory import MEND, current_budget, memory_limit
from fgan.output import Say, on_a_terminal, to_stderr

DEFAULT_SIZE = 32
AS_LABELS = 30
"""Bytes of memory for each byte of a table of labels: short cells take several objects."""
UNPACKED = 2
"""How often a file is in memory while it is unpacked."""

_UNREADABLE = "pictures that cannot be read"
_CLOSED = "files of formats that Pillow cannot open"
_OTHER = "files that are not pictures"
_FRAMES = "further frames or pages"
_VIEWS = "further views that cameras store in one photograph"
_BROKEN_FRAMES = "frames or pages that cannot be read, or are too large for their file"

Named = tuple[str, Decoded]


class PictureSizeError(DataError):
    """Pictures are of another size than they must be.

    Args:
        message: what is wrong.
        side: of all of them, where they are squares of one size.
    """

    def __init__(self, message: str, side: int | None) -> None:
        super().__init__(message)
        self.side = side


@dataclass
class Found:
    """Pictures with their names, and what was left out."""

    pictures: list[Named] = field(default_factory=list)
    omitted: list[Omission] = field(default_factory=list)


@memory_limit()
def load_images(
    path: str | Path,
    *,
    options: LoadOptions | None = None,
    resize: bool = True,
    say: Say = to_stderr,
    name: str | None = None,
) -> Dataset:
    """Load every picture in a folder, at any depth, or in an archive, and say what was understood.

    Pictures are recognised by their content, in the order of their names, and decoded by
    `fgan.data.decode.decode`. The result is grey if every picture is stored as grey, and RGB otherwise. What is
    held out, and the classes, follow from folders and tables beside the pictures; see
    `fgan.data.layout.understand`. What is left out is counted and named by reason in the data set's `record`.

    Args:
        path: a folder, a `.zip`, `.tar` or packed `.tar`, which is never extracted, or one picture.
        options: see `LoadOptions`.
        resize: fit pictures of another size; otherwise the first such picture is refused.
        say: told what was understood.
        name: what to call the data set; default: the path.

    Raises:
        DataError: the path cannot be read, an archive has unsafe names, fewer than 2 pictures can be read, or (with
            strict) something is left out, or (without resize) a picture has another size.
    """
    path = Path(path)
    options = options or LoadOptions()
    size = options.image_size or DEFAULT_SIZE
    recipe = Recipe(size, options.frames == "all")
    with open_listing(path) as listing, warnings.catch_warnings():
        # Pillow's remarks on odd files are noise beside our own report. Silenced here and not in the threads,
        # which would restore each other's filters.
        warnings.simplefilter("ignore")
        found = Found(omitted=list(listing.omitted))
        entries = _only_pictures(listing.entries, found)
        found, notes = _read(entries, recipe, options, found, path)
        tables = [entry for entry in listing.entries if may_hold_labels(entry.name, entry.size)]
        labels = _labels(tables, found.pictures)
        layout = understand([picture for picture, _ in found.pictures], labels)
    decoded = [picture for _, picture in found.pictures]
    if not resize:
        _require_size(found.pictures, size, path)
    pixels = _stack(decoded, path)
    values, more = look_at(pixels, stored_in(decoded), options)
    if options.image_size is None and any(picture.size != (size, size) for picture in decoded):
        notes.insert(
            0,
            f"images are resized and cropped to {size}x{size}; set --image-size (image_size=) to change this.",
        )
    train, held_out, classes = _parted(layout, pixels, options)
    record = Record(
        train=len(train),
        held_out=len(held_out),
        split=layout.split or split_name(classes, options, len(train) + len(held_out)),
        shape=tuple(train.values.shape[1:]),
        classes=counts_of(classes, train, held_out),
        labels=layout.labels_from,
        left_out=by_reason(
            [*(one for one in found.omitted if one.name not in labels.sources), *layout.omitted]
        ),
        values=values,
        notes=(*layout.notes, *notes, *more),
    )
    if options.strict:
        _refuse_left_out(record.left_out, path)
    for line in record.lines(name or str(path)):
        say(line)
    return image_dataset(name or str(path), train, held_out, classes, record)


def _only_pictures(entries: Sequence[Entry], found: Found) -> list[Entry]:
    """Return what may be a picture by its first bytes; say why the others are none."""
    pictures = []
    for entry in entries:
        try:
            kind = kind_of(entry.head(), entry.name)
        except (BrokenImageError, OSError) as error:
            if PurePosixPath(entry.name).suffix.lower() in extensions():
                found.omitted.append(Omission(entry.name, _UNREADABLE, detail=str(error)))
            else:
                found.omitted.append(Omission(entry.name, _OTHER, matters=False, detail=str(error)))
            continue
        if kind is Kind.PICTURE:
            pictures.append(entry)
        elif kind is Kind.NO_PICTURE:
            found.omitted.append(
                Omission(entry.name, _UNREADABLE, detail="no picture that Pillow recognises")
            )
        else:
            reason = _CLOSED if kind is Kind.CLOSED else _OTHER
            found.omitted.append(Omission(entry.name, reason, matters=kind is Kind.CLOSED))
    return pictures


def _read(
    entries: list[Entry], recipe: Recipe, options: LoadOptions, before: Found, path: Path
) -> tuple[Found, list[str]]:
    """Decode all pictures; once more where only the first look can tell their range or background."""
    if options.strict:
        _refuse_left_out(by_reason(before.omitted), path)
    found = Found()

    def look(recipe: Recipe) -> list[Decoded]:
        nonlocal found
        found = _decode_all(entries, recipe, options, before, path)
        return [picture for _, picture in found.pictures]

    notes = in_two_looks(look, recipe, options)
    if options.frames is None and any(one.reason == _FRAMES for one in found.omitted):
        notes.append("only the first frame or page of each file is used; --frames all (frames=) uses all.")
    return found, notes


def _decode_all(
    entries: list[Entry], recipe: Recipe, options: LoadOptions, before: Found, path: Path
) -> Found:
    """Decode in parallel (Pillow lets go of the interpreter's lock); name and count what cannot be."""
    from tqdm import tqdm

    found = Found(omitted=list(before.omitted))
    pool = ThreadPoolExecutor()
    try:
        results = pool.map(lambda entry: _try_decode(entry, recipe), entries)
        silent = not on_a_terminal(sys.stderr)
        for entry, result in zip(
            entries, tqdm(results, "reading images", len(entries), leave=False, disable=silent), strict=True
        ):
            if (
                result is None
            ):  # while no other is decoded, and always by this thread, whose memory is used again
                result = _try_decode(entry, recipe, heavy=True)
            if isinstance(result, File):
                found.pictures += [(entry.name, picture) for picture in result.pictures]
                if result.views:
                    found.omitted.append(
                        Omission(
                            entry.name, _VIEWS, matters=False, detail=f"{result.views:,}", count=result.views
                        )
                    )
                if result.left_out:
                    found.omitted.append(_frames_left(entry.name, result.left_out, options))
            else:
                assert result is not None, "a large picture is decoded at last"
                found.omitted.append(result)
                if options.strict:
                    _refuse_left_out(by_reason([result]), path)
    finally:
        pool.shutdown(cancel_futures=True)  # an error or Ctrl-C should not wait for the whole folder
    if not found.pictures:
        _refuse_none(found, path)
    return found


def _frames_left(name: str, count: int, options: LoadOptions) -> Omission:
    reason = _BROKEN_FRAMES if options.frames == "all" else _FRAMES
    return Omission(name, reason, matters=options.frames != "first", detail=f"{count:,}", count=count)


def _try_decode(entry: Entry, recipe: Recipe, heavy: bool = False) -> File | Omission | None:
    """Return what a file holds, or why it is left out; nothing for a large picture unless `heavy`."""
    if entry.size > HEAVY and not heavy:
        return None
    budget, what = current_budget(), lambda: f"Reading {printable(entry.name)}"
    try:
        if heavy:  # nothing is held while waiting for other threads
            budget.require(UNPACKED * entry.size, what)
            return decode(entry.read(), recipe, entry.name, heavy)
        with budget.reserved(UNPACKED * entry.size, what, wait=False) as fits:
            return decode(entry.read(), recipe, entry.name, heavy) if fits else None
    except HeavyImageError:
        return None
    except RangeError as error:
        return Omission(
            entry.name, _UNREADABLE, detail=f"{error}; use --value-range data or LOW,HIGH to include them"
        )
    except (BrokenImageError, OSError) as error:
        return Omission(entry.name, _UNREADABLE, detail=str(error))


def _labels(tables: Sequence[Entry], pictures: Sequence[Named]) -> FileLabels:
    def contents() -> Iterator[tuple[str, bytes]]:
        for entry in tables:
            current_budget().require(AS_LABELS * entry.size, f"Reading labels from {printable(entry.name)}")
            try:
                yield entry.name, entry.read()
            except (BrokenImageError, OSError):
                continue  # it is named among what is no picture

    return read_labels(contents(), list(dict.fromkeys(name for name, _ in pictures)))


def _refuse_left_out(left_out: Sequence[LeftOut], path: Path) -> None:
    left = [one for one in left_out if one.matters]
    if left:
        raise DataError(
            f"strict (--strict) allows no skipped files in {path}; skipped: {'; '.join(map(str, left))}. "
            "Replace or remove them, choose --frames all or --frames first, or load without strict."
        )


def _refuse_none(found: Found, path: Path) -> None:
    left = by_reason(found.omitted)
    said = f" (skipped: {'; '.join(map(str, left))})" if left else ""
    raise DataError(
        f'{path} contains no picture that Pillow can open{said}. Check the path; for IDX files use "idx:DIR".'
    )


def _require_size(decoded: list[Named], size: int, path: Path) -> None:
    sizes = {picture.size for _, picture in decoded}
    for picture_name, picture in decoded:
        if picture.size != (size, size):
            width, height = picture.size
            raise PictureSizeError(
                f"the pictures must be {size}x{size}; in {path}, {printable(picture_name)} is "
                f"{width}x{height}. "
                "Generate them at that size: resizing would change the metrics.",
                width if width == height and len(sizes) == 1 else None,
            )


def _parted(
    layout: Layout, pixels: NDArray[np.uint8], options: LoadOptions
) -> tuple[TensorSource, TensorSource, tuple[str, ...]]:
    """Return the training samples, the held-out samples, and the names of the classes."""
    used = [*layout.train, *(layout.held_out or [])]
    labels, classes = number_classes([layout.labels[k] for k in used]) if layout.labels else UNLABELLED
    values = torch.from_numpy(pixels)
    values = values if used == list(range(len(values))) else values[used]
    if layout.held_out is None:
        return *split(values, labels, stratified=options.split == "stratified"), classes
    count = len(layout.train)
    if count < 1:
        split(values[:count])  # says what is wrong
    train, held_out = (
        TensorSource(values[part], None if labels is None else labels[part])
        for part in (slice(0, count), slice(count, None))
    )
    return train, held_out, classes


def _stack(decoded: list[Decoded], path: Path) -> NDArray[np.uint8]:
    """Return uint8 (N, C, S, S) with one channel if all pictures are grey and three if not."""
    # Once as they are stacked here, once as they are divided.
    size = 2 * len(decoded) * max(picture.pixels.nbytes for picture in decoded)
    current_budget().require(
        size, f"{len(decoded):,} pictures of {path}", f"Use a smaller --image-size. {MEND}"
    )
    if all(picture.pixels.ndim == 2 for picture in decoded):
        return np.stack([picture.pixels for picture in decoded])[:, None]
    return np.stack([_planes(picture.pixels) for picture in decoded])


def _planes(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.stack([pixels] * 3) if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
