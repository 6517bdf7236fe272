"""Labels beside pictures: what the files that tools write there say of the class of each picture."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from fgan.data.record import printable
from fgan.data.tables.formats import is_number
from fgan.errors import DataError
from fgan.json_files import parse_json

LARGEST = 1 << 26  # bytes of a file of labels
SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl")
DATASET_JSON = "dataset.json"  # StyleGAN's dataset_tool.py
METADATA = ("metadata.csv", "metadata.jsonl")  # Hugging Face's imagefolder
FILE_COLUMNS = (
    "file_name", "filename", "file", "filepath", "file_path", "image", "image_id", "image_name", "image_path", "img",
    "path", "id", "name",
)  # fmt: skip
LABEL_COLUMNS = ("label", "labels", "class", "class_name", "category", "target", "breed", "species", "y")
TEXT_COLUMNS = ("caption", "captions", "text", "description", "prompt", "title", "comment", "sentence", "url")
PARTITIONS = ("partition", "split")  # in the names of files that say which part a picture belongs to
SAID_AT_MOST = 3


@dataclass
class FileLabels:
    """What files say of the class of each picture.

    Args:
        labels: by the picture's name.
        sources: the files they come from.
        decides: whether these files decide rather than folders: their format says that there are labels, or none.
        notes: remarks about files that gave no classes.
        missing: what files that gave some name besides, and which are damaged; said wherever the classes come from.
    """

    labels: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    decides: bool = False
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def may_hold_labels(name: str, size: int) -> bool:
    """Whether a file may say which class pictures have.

    >>> may_hold_labels("data/labels.CSV", 100), may_hold_labels("data/model.pt", 100)
    (True, False)
    """
    return PurePosixPath(name).suffix.lower() in SUFFIXES and size <= LARGEST


def read_labels(files: Iterable[tuple[str, bytes]], pictures: Sequence[str]) -> FileLabels:
    """Return what files say of the class of each picture: first those whose format decides, then the others.

    A row names a picture by its path below the file's folder or below the data's, or by its name or its name without
    the suffix, where only one picture has it.

    Args:
        files: their names and contents.
        pictures: the names of the pictures.
    """
    decided, other = FileLabels(decides=True), FileLabels()
    damaged: list[str] = []
    for name, content in sorted(files):
        base = PurePosixPath(name).name.lower()
        known = _Pictures(pictures, name)
        try:
            rows = _rows(name, content, known)
        except (UnicodeDecodeError, DataError, csv.Error) as error:
            if base in (DATASET_JSON, *METADATA):  # any other may be a text about something else
                damaged.append(f"{printed(name)} is ignored: {printable(str(error))}")
            continue
        if base == DATASET_JSON and rows is None:
            decided.sources.append(name)
            continue
        into = decided if base == DATASET_JSON or base in METADATA else other
        found, several = _found(rows or (), known)
        if several:
            into.notes.append(f"{printed(name)} is ignored: it gives a picture several classes ({several}).")
        elif any(into.labels.get(one, label) != label for one, label in found.items()):
            into.notes.append(
                f"{printed(name)} is ignored: its classes contradict {printed(into.sources[0])}."
            )
        elif found:
            into.labels |= found
            into.sources.append(name)
            into.missing += _missing(rows or (), known, name)
        elif rows is not None and (row := _unlabelled(content, known)):
            other.notes.append(
                f"{printed(name)} names pictures ({row}) but is ignored: it has no column called "
                f"{', '.join(LABEL_COLUMNS[:4])}."
            )
    chosen = decided if decided.sources else other
    chosen.missing += damaged
    chosen.notes = (decided.notes + other.notes)[:SAID_AT_MOST]
    return chosen


def _found(rows: Iterable[tuple[str, str]], known: _Pictures) -> tuple[dict[str, str], str]:
    """Return the class of each picture that rows name, and the first that is given several, in words."""
    found: dict[str, str] = {}
    for file, label in rows:
        one = known.find(file)
        if one and label and found.setdefault(one, label) != label:
            return {}, f"{printed(one)}: {found[one]} and {label}"
    return found, ""


def _missing(rows: Iterable[tuple[str, str]], known: _Pictures, name: str) -> list[str]:
    """Say which pictures rows name that are not there."""
    gone = list(dict.fromkeys(file for file, label in rows if label and not known.find(file)))
    if not gone:
        return []
    what = "pictures that do not exist here, or whose name is not unique"
    return [f"{printed(name)} also names {len(gone):,} {what}, such as {printable(gone[0])}."]


def printed(name: str) -> str:
    """Return a file's name without the folders that it lies in."""
    return PurePosixPath(name).name


class _Pictures:
    """Pictures by whatever a row may call them."""

    def __init__(self, pictures: Sequence[str], file: str) -> None:
        self.folder = PurePosixPath(file).parent
        here = [name for name in pictures if self.folder in PurePosixPath(name).parents]
        self.names: dict[str, str | None] = {}
        for name in here or pictures:
            path = PurePosixPath(name)
            for key in {path.name, path.stem}:
                self.names[key] = None if key in self.names else name
        self.names |= {str(PurePosixPath(name)): name for name in pictures}

    def find(self, file: str) -> str | None:
        path = PurePosixPath(file.replace("\\", "/"))
        return (
            self.names.get(str(self.folder / path)) or self.names.get(str(path)) or self.names.get(path.name)
        )


Rows = list[tuple[str, str]]


def _rows(name: str, content: bytes, known: _Pictures) -> Rows | None:
    """Return the pairs of file and label that a file holds; None for one that says that there are no labels.

    Raises:
        UnicodeDecodeError, DataError, csv.Error: if it cannot be read.
    """
    if any(word in printed(name).lower() for word in PARTITIONS):
        return []
    suffix = PurePosixPath(name).suffix.lower()
    text = content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    if suffix == ".json":
        return _of_dataset_json(parse_json(text, "it")) if printed(name).lower() == DATASET_JSON else []
    if suffix == ".jsonl":  # other line ends than these may stand within a text
        return _of_records([parse_json(line, "a line") for line in text.split("\n") if line.strip()])
    return _of_lines(_cells(text, suffix), known, only_named=printed(name).lower() in METADATA)


def _of_dataset_json(value: Any) -> Rows | None:  # noqa: ANN401 - JSON
    labels = value.get("labels") if isinstance(value, dict) else []
    if labels is None:
        return None
    if isinstance(labels, dict):
        labels = list(labels.items())
    pairs = [pair for pair in labels if isinstance(pair, (list, tuple)) and len(pair) == 2]
    return [(str(file), _spelled(label)) for file, label in pairs]


def _spelled(label: Any) -> str:  # noqa: ANN401 - JSON
    """Return a label as text; one-hot vectors become their index, other vectors no label."""
    if isinstance(label, list):
        hot = [k for k, value in enumerate(label) if value == 1]
        return str(hot[0]) if len(hot) == 1 and all(value in (0, 1) for value in label) else ""
    if label is None or isinstance(label, dict):
        return ""
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label).strip()


def _of_records(records: list[Any]) -> Rows:
    found = []
    for record in records:
        if isinstance(record, dict):
            keys = {str(key).lower(): key for key in record}
            file = next((keys[key] for key in FILE_COLUMNS if key in keys), None)
            label = next((keys[key] for key in LABEL_COLUMNS if key in keys), None)
            if file is not None and label is not None:
                found.append((str(record[file]), _spelled(record[label])))
    return found


def _cells(text: str, suffix: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    head = lines[0] if lines else ""
    delimiter = next((one for one in "\t,;|" if one in head), None)
    if delimiter is None:
        return [line.split() for line in lines] if suffix == ".txt" else [[line] for line in lines]
    return [
        [cell.strip() for cell in row]
        for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    ]


def _of_lines(rows: list[list[str]], known: _Pictures, only_named: bool) -> Rows:
    """Return pairs by named columns; without a heading, the first two cells of each line unless `only_named`."""
    if not rows:
        return []
    heading = [cell.lower() for cell in rows[0]]
    file = next((heading.index(key) for key in FILE_COLUMNS if key in heading), None)
    label = next((heading.index(key) for key in LABEL_COLUMNS if key in heading), None)
    if label is not None and file is None and label > 0:
        file = 0
    if file is not None and label is not None:
        return [(row[file], row[label]) for row in rows[1:] if len(row) > max(file, label)]
    if only_named or (file is not None and any(cell in TEXT_COLUMNS for cell in heading[1:2])):
        return []
    named = [row for row in rows if row and "." in row[0] and known.find(row[0])]
    if 2 * len(named) < len(rows):  # a text about something else
        return []
    # More than two columns without names, such as boxes, have a label only where it is a word.
    return [(row[0], row[1]) for row in named if len(row) == 2 or (len(row) > 2 and not is_number(row[1]))]


def _unlabelled(content: bytes, known: _Pictures) -> str | None:
    """Return the first picture that a table names in its first column; None where it names none."""
    lines = content[:4096].decode("utf-8", "replace").splitlines()[:8]
    cells = (line.replace("\t", ",").replace(" ", ",").split(",")[0].strip() for line in lines)
    return next((cell for cell in cells if "." in cell and known.find(cell)), None)
