"""How pictures lie in folders: which are trained on, which are held out, and the class of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import PurePosixPath

from fgan.data.label_files import FileLabels, printed
from fgan.data.record import Omission, printable

PART = re.compile(
    r"(?P<part>train|val|test)(?:ing|id|idation)?(?:[-_ ]?(?:\d{4}|set|images?|imgs?))?", re.IGNORECASE
)
DOMAIN = re.compile(r"(?P<part>train|val|test)(?P<domain>[AB])")  # trainA, trainB: unpaired translation
IMAGES = {"images", "image", "imgs", "img", "jpegimages"}
BESIDE_IMAGES = {
    "masks", "mask", "labels", "label", "annotations", "segmentations", "segmentation", "gt", "ground_truth",
    "groundtruth", "depth", "segmentationclass", "segmentationobject",
}  # fmt: skip
DEEPEST_PART = 3

Path = tuple[str, ...]


@dataclass
class Layout:
    """What was understood of where pictures lie.

    Args:
        train, held_out: indices of the pictures; held_out is None where no folder says it.
        labels: the class of each picture of both, by its index; None without classes.
        labels_from: where the classes come from, or why there are none.
        split: how the parts were recognised.
        omitted: pictures that are left out.
        notes: remarks.
    """

    train: list[int]
    held_out: list[int] | None = None
    labels: dict[int, str] | None = None
    labels_from: str = ""
    split: str = ""
    omitted: list[Omission] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def understand(names: Sequence[str], files: FileLabels) -> Layout:
    """Return which pictures are trained on, which are held out, and their classes.

    Folders called train, val and test part the pictures: val is held out, or test where there is no val. Folders that
    all share, and a level called images, are passed over; the next level is the class. Labels in `dataset.json`,
    `metadata.csv` and `metadata.jsonl` decide; other tables count where folders give none.

    Args:
        names: where each picture lies, with slashes.
        files: what files beside them say.

    >>> found = understand(["train/cat/1.png", "train/dog/1.png", "val/dog/2.png"], FileLabels())
    >>> found.train, found.held_out, found.labels
    ([0, 1], [2], {0: 'cat', 1: 'dog', 2: 'dog'})
    """
    paths = [PurePosixPath(name).parts[:-1] for name in names]
    layout = Layout(list(range(len(names))))
    paths = _take_parts(layout, names, paths)
    _take_images_level(layout, names, paths)
    _take_classes(layout, names, paths, files)
    return layout


def _part_of(folder: str) -> tuple[str, Path] | None:
    """Return the part that a folder's name stands for, and what else it says; None for any other name."""
    match = DOMAIN.fullmatch(folder)
    if match:
        return match["part"], (match["domain"],)
    match = PART.fullmatch(folder)
    return (match["part"].lower(), ()) if match else None


def _take_parts(layout: Layout, names: Sequence[str], paths: list[Path]) -> list[Path]:
    """Part the pictures by the first level that does so, and return their paths without it."""
    for level in range(DEEPEST_PART):
        found = [_part_of(path[level]) if len(path) > level else None for path in paths]
        folders = {path[level] for path in paths if len(path) > level}
        parts = {one[0] for one in found if one}
        strangers = {folder for folder in folders if not _part_of(folder)}
        outside = found.count(None)
        if "train" in parts and not (strangers and len(parts) == 1) and 2 * outside <= len(paths):
            _assign(layout, names, found)
        elif len(parts) > 1 and not outside:
            layout.notes.append(f"there is no folder train, so {' and '.join(sorted(parts))} are combined.")
        else:
            continue
        return [
            (*path[:level], *one[1], *path[level + 1 :]) if one else path
            for path, one in zip(paths, found, strict=True)
        ]
    first = {folder for path in paths for folder in path[:1]}
    taken = sorted(folder for folder in first if _part_of(folder))
    if taken and len({path[:1] for path in paths}) > 1:
        others = sorted(first - set(taken))
        layout.notes.append(
            f"{', '.join(taken)} are treated as classes, because {printable(others[0])} is not a split."
            if others
            else f"{', '.join(taken)}: not treated as splits, because most pictures are not in a folder."
        )
    elif taken and (part := _part_of(taken[0])) and part[0] != "train":
        layout.notes.append(
            f"the pictures of the folder {taken[0]} are used for training, because there are no others."
        )
    return paths


def _assign(layout: Layout, names: Sequence[str], found: Sequence[tuple[str, Path] | None]) -> None:
    parts = [one[0] if one else "" for one in found]
    held = next((part for part in ("val", "test") if part in parts), None)
    layout.train = [k for k, part in enumerate(parts) if part == "train"]
    layout.held_out = [k for k, part in enumerate(parts) if part == held] if held else None
    layout.split = f"the folder {held}" if held else ""
    for k, part in enumerate(parts):
        if part == "":
            layout.omitted.append(Omission(names[k], "pictures outside of the folders train, val and test"))
        elif part not in ("train", held):
            layout.omitted.append(
                Omission(names[k], f"pictures of the folder {part}, left untouched", matters=False)
            )


def _take_images_level(layout: Layout, names: Sequence[str], paths: list[Path]) -> None:
    """Take folders called images for no class, and leave out what lies beside them in folders of masks."""
    used = [*layout.train, *(layout.held_out or [])]
    depth = _shared([paths[k] for k in used])
    level = {k: paths[k][depth].lower() for k in used if len(paths[k]) > depth}
    beside = {folder for folder in level.values() if folder in BESIDE_IMAGES}
    if beside and set(level.values()) <= IMAGES | BESIDE_IMAGES and set(level.values()) & IMAGES:
        for k, folder in level.items():
            if folder in beside:
                layout.omitted.append(Omission(names[k], f'pictures in "{folder}", beside "images"'))
        gone = {k for k, folder in level.items() if folder in beside}
        layout.train = [k for k in layout.train if k not in gone]
        if layout.held_out is not None:
            layout.held_out = [k for k in layout.held_out if k not in gone]
    for k, path in enumerate(paths):
        paths[k] = tuple(folder for folder in path if folder.lower() not in IMAGES)


def _shared(paths: Sequence[Path]) -> int:
    """Count the folders that all share."""
    levels = zip(*paths, strict=False)  # as deep as the pictures that lie highest
    return len(list(takewhile(lambda level: len(set(level)) == 1, levels)))


def _take_classes(layout: Layout, names: Sequence[str], paths: Sequence[Path], files: FileLabels) -> None:
    labels = _of_folders(layout, names, paths)
    source = "by folder"
    if files.decides:
        labels = {k: files.labels[name] for k, name in enumerate(names) if name in files.labels}
    elif files.labels:
        missing = [k for k in _used(layout) if k not in labels and names[k] in files.labels]
        if missing and not all(k in labels for k in layout.train):
            labels = {}
        labels |= {
            k: files.labels[names[k]]
            for k in (missing if labels else _used(layout))
            if names[k] in files.labels
        }
    if files.sources and any(k in labels and labels[k] == files.labels.get(names[k]) for k in _used(layout)):
        named = ", ".join(map(printed, files.sources[:3]))
        whole = files.decides or all(names[k] in files.labels for k in _used(layout))
        source = f"from {named}" if whole else f"by folder and from {named}"
    if files.decides and not files.labels:
        layout.labels_from = f"{printed(files.sources[0])} says that there are none"
        return
    _settle(layout, names, labels, source, files)


def _used(layout: Layout) -> list[int]:
    return [*layout.train, *(layout.held_out or [])]


def _of_folders(layout: Layout, names: Sequence[str], paths: Sequence[Path]) -> dict[int, str]:
    """Return the first folder in which training pictures part ways, of each picture that lies in one."""
    depth = _shared([paths[k] for k in layout.train])
    prefix = paths[layout.train[0]][:depth] if layout.train else ()
    found = {
        k: paths[k][depth] for k in _used(layout) if len(paths[k]) > depth and paths[k][:depth] == prefix
    }
    if _is_numbering(found, names):
        layout.labels_from = "the folders only number the pictures"
        return {}
    return found


def _is_numbering(found: dict[int, str], names: Sequence[str]) -> bool:
    """Whether folders hold a thousand pictures each by their numbers: 00000/img00000123.png, 01000/01001.png."""
    if len(set(found.values())) < 1:
        return False
    for k, folder in found.items():
        number = re.search(r"\d+$", PurePosixPath(names[k]).stem)
        if not (re.fullmatch(r"\d{5,}", folder) and number):
            return False
        if not (number[0].startswith(folder) or 0 <= int(number[0]) - int(folder) < 1000):
            return False
    return True


def _settle(
    layout: Layout, names: Sequence[str], labels: dict[int, str], source: str, files: FileLabels
) -> None:
    """Keep labels if they tell every picture's class; say why not otherwise."""
    layout.notes += files.missing
    without = [k for k in layout.train if k not in labels]
    counts = Counter(labels[k] for k in layout.train if k in labels)
    most = max(Counter(labels[k] for k in _used(layout) if k in labels).values(), default=0)
    own = sum(count == 1 for count in counts.values())
    if without or len(counts) < 2 or most == 1 or (source != "by folder" and 2 * own > len(layout.train)):
        layout.labels_from = layout.labels_from or _why_none(names, counts, without, files)
        layout.notes += files.notes
        return
    if layout.held_out is not None:
        _settle_held_out(layout, names, labels, counts)
    layout.labels = {k: labels[k] for k in _used(layout)}
    layout.labels_from = source


def _why_none(names: Sequence[str], counts: Counter[str], without: list[int], files: FileLabels) -> str:
    if counts and without:
        some = ", ".join(printable(names[k]) for k in without[:3]) + (", ..." if len(without) > 3 else "")
        what = "in no class folder" if not files.labels else "in no class folder or table of labels"
        return (
            f"{some} {'is' if len(without) == 1 else 'are'} {what}. Move or remove files that are not samples"
        )
    if len(counts) > 1:
        return "most folders or labels have only one picture"
    return "fewer than two class folders, and no table of labels"


def _settle_held_out(
    layout: Layout, names: Sequence[str], labels: dict[int, str], counts: Counter[str]
) -> None:
    assert layout.held_out is not None
    kept = [k for k in layout.held_out if labels.get(k) in counts]
    if not kept:
        part = layout.split.removeprefix("the folder ")
        reason = f"pictures of the folder {part}, whose classes are not known"
        layout.omitted += [Omission(names[k], reason, matters=False) for k in layout.held_out]
        layout.held_out, layout.split = None, ""
        return
    for k in layout.held_out:
        if k not in labels:
            layout.omitted.append(Omission(names[k], "held-out pictures without a class"))
        elif labels[k] not in counts:
            layout.omitted.append(Omission(names[k], "held-out pictures of a class without training samples"))
    layout.held_out = kept
