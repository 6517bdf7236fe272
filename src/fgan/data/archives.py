"""Where pictures lie: a folder, a zip or a tar archive; none is extracted, and none may name other places."""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NoReturn

from fgan.data.decode import BrokenImageError, extensions
from fgan.errors import DataError

TARS = (".tar", ".tar.gz", ".tgz")
ARCHIVES = (".zip", *TARS)
LARGEST_MEMBER = 1 << 29  # bytes of one packed picture; more is an archive made to exhaust memory

# RuntimeError: the member is encrypted, or packed in a way that zipfile does not know.
_DAMAGED_MEMBER = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, RuntimeError)
# ValueError and OverflowError: what tarfile makes of damaged numbers; found by changing bytes.
_DAMAGED_TAR = (tarfile.TarError, zlib.error, LZMAError, EOFError, OSError, ValueError, OverflowError)

# A picture that has not been decoded yet: its name, and what reads its bytes.
Entry = tuple[str, Callable[[], bytes]]


@contextmanager
def open_pictures(path: Path) -> Iterator[list[Entry]]:
    """Open a folder or an archive and list its pictures in the order of their names.

    Pictures are the files whose suffix Pillow can open; hidden files and `__MACOSX` are passed over, and so
    are the links inside a tar. A zip is read picture by picture, a tar in one go, for it has no index.

    Raises:
        DataError: the path cannot be read, the archive is damaged, or it has unsafe names.
    """
    if path.is_dir():
        yield _only_pictures(_folder_entries(path))
    elif path.name.lower().endswith(TARS):
        yield _only_pictures(_tar_entries(path))
    else:
        try:
            archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DataError(_whole_rule("zip", path, error)) from error
        with archive:
            yield _only_pictures(_zip_entries(archive, path))


def _whole_rule(kind: str, path: Path, error: Exception) -> str:
    reason = str(error).partition(":\n")[0]  # tarfile goes on to list every packing that it tried
    return (
        f"Images come from a folder or from a {kind} archive that is whole; {path} is neither ({reason}). "
        "Check the path, or make the archive again."
    )


def _folder_entries(folder: Path) -> list[Entry]:
    def refuse(error: OSError) -> None:
        raise DataError(f"Every folder of images must be readable; {error}. Mend its permissions.") from error

    found: list[Path] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link that leads back to a folder already read
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        # Reading a pipe would wait for ever.
        found.extend(path for file in files if (path := Path(place, file)).is_file())
    return [(path.relative_to(folder).as_posix(), path.read_bytes) for path in found]


def _zip_entries(archive: zipfile.ZipFile, path: Path) -> list[Entry]:
    members = archive.infolist()
    for member in members:
        _refuse_unsafe(member.filename, path)
    return [(m.filename, partial(_read_zipped, archive, m)) for m in members if not m.is_dir()]


def _read_zipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.file_size > LARGEST_MEMBER:
        _refuse_large(member.file_size)
    try:
        return archive.read(member)
    except _DAMAGED_MEMBER as error:
        raise BrokenImageError(str(error)) from error


def _tar_entries(path: Path) -> list[Entry]:
    """Read the pictures in the order in which they lie: to go back in a packed tar is to start over."""
    found: list[Entry] = []
    wanted = _picture_filter()
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.size < 0:  # tarfile would step back and read the same members for ever
                    raise tarfile.ReadError(f"{member.name} has a negative size")
                _refuse_unsafe(member.name, path)
                if member.isfile() and wanted(member.name):
                    found.append((member.name, _read_tarred(archive, member)))
            _refuse_rest(archive)
    except _DAMAGED_TAR as error:
        raise DataError(_whole_rule("tar", path, error)) from error
    return found


def _read_tarred(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    file = archive.extractfile(member)
    if file is None or member.size > LARGEST_MEMBER:
        return partial(_refuse_large, member.size)
    content = file.read()
    return lambda: content


def _refuse_rest(archive: tarfile.TarFile) -> None:
    """Raise if reading stopped at a damaged header, which tarfile takes for the end of the archive."""
    if archive.fileobj is not None:
        archive.fileobj.seek(archive.offset)
        if any(archive.fileobj.read(tarfile.BLOCKSIZE)):
            raise tarfile.ReadError(f"the header at byte {archive.offset} is damaged")


def _refuse_large(size: int) -> NoReturn:
    raise BrokenImageError(f"{size} bytes unpacked, more than {LARGEST_MEMBER}")


def _refuse_unsafe(member: str, path: Path) -> None:
    name = PureWindowsPath(member)  # knows both slashes and drives: an archive may come from anywhere
    if name.anchor or ".." in name.parts:
        raise DataError(
            f'An archive must hold relative names without ".."; {path} holds {member!r}, so all of it '
            "is refused. Make the archive again from inside its folder."
        )


def _picture_filter() -> Callable[[str], bool]:
    suffixes = extensions()

    def wanted(name: str) -> bool:
        path = PurePosixPath(name)
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
        return path.suffix.lower() in suffixes and not hidden

    return wanted


def _only_pictures(entries: Sequence[Entry]) -> list[Entry]:
    wanted = _picture_filter()
    return sorted((entry for entry in entries if wanted(entry[0])), key=lambda entry: entry[0])
