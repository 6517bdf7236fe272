"""What a file is, by its content, and the text in it: compression and encoding."""

from __future__ import annotations

import codecs
from pathlib import Path

from fgan.data.unpacking import UNPACKING_ERRORS, open_unpacked, packing_of, read_within
from fgan.errors import DataError
from fgan.files import nothing_at
from fgan.memory import current_budget

SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".psv", ".dat", ".parquet", ".pq", ".xlsx", ".xls", ".ods")
"""Endings of names of tables, before that of a compression."""
ENDINGS = (".gz", ".bz2", ".xz")
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
STRANGE = {
    b"PK\x03\x04": "a spreadsheet (.xlsx, .ods) or another archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet of old Excel (.xls)",
    b"%PDF": "a PDF",
    b"SQLite format 3": "a database of SQLite",
    b"\x93NUMPY": "an array of NumPy, whose name should end in .npy",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x89HDF": "an HDF5 file",
    b"ARROW1": "an Arrow or Feather file",
    b"\x28\xb5\x2f\xfd": "compressed by Zstandard",
}
"""First bytes of what is no table of text, and what to call it."""
MARKUP = {
    b"<": "HTML or XML",
    b"{": "JSON",
    b"[": "JSON",
    b"%!PS": "PostScript",
    b"{\\rtf": "a text of a word processor",
}
"""How text begins that is no table."""
MOST_BYTES = 512 * 2**20
"""Bytes of text that are read at most: its cells take several times as much memory."""
HEAD = 4096


def is_table(name: str | Path) -> bool:
    """Whether a name is that of a table, or a file's content is one: text, Parquet, or a spreadsheet.

    >>> is_table("trips.csv"), is_table("trips.csv.gz"), is_table("mnist")
    (True, True, False)
    """
    path = Path(name)
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] in ENDINGS:
        suffixes = suffixes[:-1]
    if suffixes and suffixes[-1] in SUFFIXES:
        return not path.is_dir()
    try:
        with path.expanduser().open("rb") as file:
            head = file.read(HEAD)
    except (OSError, ValueError):  # ValueError: a name with NUL
        return False
    return head.startswith(b"PAR1") or _is_text(head)


def _is_text(head: bytes) -> bool:
    if any(head.startswith(mark) for mark, _ in BOMS):
        return True
    return bool(head) and not any(head.startswith(mark) for mark in STRANGE) and not set(head) & _CONTROL


_CONTROL = set(range(32)) - {9, 10, 12, 13}


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its name or its content.

    Raises:
        DataError: where there is no file.
    """
    if not path.is_file():
        raise DataError(
            f"{nothing_at(path)} Check the path."
            if not path.exists()
            else f"{path} is not a file. Pass a table."
        )
    if path.suffix.lower() in (".parquet", ".pq"):
        return True
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError as error:
        raise DataError(f"cannot read {path} ({error}). Check its permissions.") from error


def read_bytes(path: Path) -> tuple[bytes | bytearray, str]:
    """Return a file's content, unpacked, and by what it was compressed.

    Raises:
        DataError: where it cannot be read, is too large, or is no file of text.
        MemoryLimitError: where it does not fit into memory.
    """
    try:
        packed = packing_of(path)
        with open_unpacked(path) as file:
            if not packed:  # read at once, which is faster
                current_budget().require(min(path.stat().st_size, MOST_BYTES), f"Reading {path}")
                content: bytes | bytearray = file.read(MOST_BYTES + 1)
            else:
                content = read_within(file, MOST_BYTES, f"Unpacking {path}")
    except UNPACKING_ERRORS as error:
        raise DataError(f"cannot read {path} ({error}). Save it again.") from error
    if len(content) > MOST_BYTES:
        raise DataError(
            f"{path} has more than {MOST_BYTES // 2**20} MiB of text, which would need several times as much "
            "memory. Save it as .parquet, or use fewer rows."
        )
    strange = next((what for mark, what in STRANGE.items() if content.startswith(mark)), None)
    if strange:
        raise DataError(f"{path} is {strange}. Save or export it as CSV, or as Parquet.")
    return content, packed


def decoded(content: bytes | bytearray, path: Path, encoding: str = "") -> tuple[str, str]:
    """Return text, and the encoding that it was read by.

    A mark of byte order decides; else what is UTF-8 is that, and the rest is cp1252, as Windows writes it.

    Raises:
        DataError: for what is no text.
    """
    bom = next((name for mark, name in BOMS if content.startswith(mark)), "")
    names = [encoding] if encoding else [bom] if bom else [*_wide(content), "utf-8", "cp1252"]
    start = bytes(content[:HEAD]).removeprefix(codecs.BOM_UTF8).lstrip()
    markup = next((what for mark, what in MARKUP.items() if start.startswith(mark)), None)
    if markup:
        raise DataError(f"{path} is {markup}. Save or export it as CSV.")
    # A letter takes as many bytes as the widest does: up to 4.
    widest = 1 if content.isascii() else 4
    current_budget().require(widest * len(content), f"The text of {path}")
    for name in names:
        try:
            text = content.decode(name)
        except (UnicodeDecodeError, UnicodeError, LookupError):
            continue
        if "\0" in text:
            raise DataError(
                f"{path} is not a text file: it contains zero bytes. Save the table as CSV in UTF-8."
            )
        return text.removeprefix("\ufeff"), "utf-8" if name == "utf-8-sig" else name
    raise DataError(
        f"{path} is not text in {' or '.join(names)}. Save it in UTF-8, or pass its encoding (--encoding)."
    )


def _wide(content: bytes | bytearray) -> list[str]:
    """Return UTF-16 where every other byte is 0, as of Latin text without a mark of byte order."""
    head = content[:HEAD]
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        part = head[offset::2]
        if len(part) > 1 and part.count(0) > 0.9 * len(part):
            return [name]
    return []
