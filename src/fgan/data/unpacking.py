"""Compressed files read piece by piece, so that what they unpack to is counted before it fills the memory."""

from __future__ import annotations

import bz2
import copy
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from fgan.memory import current_budget

PACKED: dict[bytes, tuple[str, Callable[..., BinaryIO]]] = {
    b"\x1f\x8b": ("gzip", gzip.open),  # pyright: ignore[reportAssignmentType]
    b"BZh": ("bzip2", bz2.open),  # pyright: ignore[reportAssignmentType]
    b"\xfd7zXZ\x00": ("xz", lzma.open),  # pyright: ignore[reportAssignmentType]
}
"""Compressions, by their first bytes."""
PIECE = 1 << 20
"""Bytes that are unpacked at a time."""
UNPACKING_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""Errors of files that are damaged, or cannot be read."""
LISTED = 30
"""Bytes of memory for each byte of a zip's directory: a short name takes several objects."""


def packing_of(path: Path) -> str:
    """Return by what a file is compressed; "" for not at all.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(max(map(len, PACKED)))
    return next((name for mark, (name, _) in PACKED.items() if head.startswith(mark)), "")


def open_unpacked(path: Path) -> BinaryIO:
    """Open a file, which is unpacked while it is read.

    Raises:
        OSError: if it cannot be read.
    """
    packing = packing_of(path)
    opened = next((open_ for name, open_ in PACKED.values() if name == packing), Path.open)
    return opened(path, "rb")


def read_within(file: BinaryIO, most: int, what: str, begin: bytes = b"") -> bytearray:
    """Return what follows in a file, in the memory that there is.

    Args:
        file: an open one.
        most: read no more than this and one byte.
        what: what errors call it.
        begin: what was read already, which becomes part of the result.

    Raises:
        MemoryLimitError: if it does not fit.
    """
    content, budget = bytearray(begin), current_budget()
    most += len(begin)
    while len(content) <= most and (piece := file.read(min(PIECE, most + 1 - len(content)))):
        budget.require(len(piece), what)
        content += piece
    return content


class Counted:
    """A file whose large reads are declared before they are made: tarfile reads what a header announces.

    Args:
        file: an open one.
        what: what errors call it.
    """

    def __init__(self, file: BinaryIO, what: str) -> None:
        self._file, self._what, self._budget = file, what, current_budget()
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, size: int = -1) -> bytes:
        """Read bytes."""
        if size > PIECE:  # what was read is copied once
            self._budget.require(2 * size, self._what)
        return self._file.read(size)


@contextmanager
def open_tar(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a tar, packed or not.

    Raises:
        OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError: if it is damaged.
        MemoryLimitError: if it announces more than fits.
    """
    with open_unpacked(path) as file:
        counted = cast(BinaryIO, Counted(file, f"Unpacking {path}"))
        with tarfile.open(fileobj=counted, mode="r:") as archive:
            yield archive


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip.

    Raises:
        OSError, zipfile.BadZipFile and others: if it is damaged.
        MemoryLimitError: if the list of its files does not fit.
    """
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(size - (1 << 16) - 22, 0))
        tail = file.read()
    end = tail[max(tail.rfind(b"PK\5\6"), 0) :]
    current_budget().require(
        LISTED * min(int.from_bytes(end[12:16], "little"), size), f"The list of files of {path}"
    )
    with zipfile.ZipFile(path) as archive:
        yield archive


@contextmanager
def open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[BinaryIO]:
    """Open a member of a zip, which is unpacked while it is read.

    zipfile unpacks what bzip2 makes of 4,096 bytes at once, which may be gigabytes.
    """
    if member.compress_type != zipfile.ZIP_BZIP2:
        with archive.open(member) as file:
            yield cast(BinaryIO, file)
        return
    stored = copy.copy(member)
    stored.compress_type, stored.file_size = zipfile.ZIP_STORED, member.compress_size
    stored.CRC = None  # pyright: ignore[reportAttributeAccessIssue] - of the content, not of what is packed
    with archive.open(stored) as packed, bz2.open(packed) as file:
        yield cast(BinaryIO, _Checked(cast(BinaryIO, file), member))


class _Checked(io.RawIOBase):
    """A member's content, as long as the directory says and with the checksum that it says.

    Args:
        file: gives the content.
        member: what the directory says of it.
    """

    def __init__(self, file: BinaryIO, member: zipfile.ZipInfo) -> None:
        self._file, self._left, self._sum, self._expected = file, member.file_size, 0, member.CRC

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Read some of it."""
        piece = self._file.read(min(len(buffer), self._left, PIECE))
        buffer[: len(piece)] = piece
        self._left -= len(piece)
        self._sum = zlib.crc32(piece, self._sum)
        if not piece and self._left:
            raise zipfile.BadZipFile(f"{self._left} bytes are missing")
        if piece and not self._left and self._sum != self._expected:
            raise zipfile.BadZipFile("Bad CRC-32")
        return len(piece)
