"""Where pictures lie: a folder, a zip or a tar archive; none is extracted, and none may name other places."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple, NoReturn

from fgan.data.decode import BrokenImageError
from fgan.data.label_files import may_hold_labels
from fgan.data.record import Omission
from fgan.data.signatures import HEAD, Kind, kind_of
from fgan.data.unpacking import open_member, open_tar, open_zip, packing_of
from fgan.errors import DataError
from fgan.memory import current_budget

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
ARCHIVES = (".zip", *TARS)
LARGEST_MEMBER = 1 << 29  # bytes of one packed picture; more is an archive made to exhaust memory
LARGEST_UNPACKED = 1 << 30  # bytes that a packed tar may unpack to, or 20 times its size if that is more

MANY, SMALLEST = 10_000, 8  # files of a packed tar, and bytes that each takes of it at least
ENTRY = 2000  # bytes of memory that a listed file takes, besides its name

SIDE_FILES = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir"}
_SIDE = "hidden and side files"
_LINKS = "broken links"
_LOOPS = "links to a folder already read"
_INSIDE = "links inside the archive"
_SPECIAL = "neither files nor folders"

# RuntimeError: the member is encrypted, or packed in a way that zipfile does not know.
_DAMAGED_MEMBER = (
    zipfile.BadZipFile, zlib.error, LZMAError, EOFError, RuntimeError, OSError, ValueError, OverflowError
)  # fmt: skip
# ValueError, IndexError and OverflowError: what tarfile makes of damaged numbers; found by changing bytes.
_DAMAGED_TAR = (
    tarfile.TarError, zlib.error, LZMAError, EOFError, OSError, ValueError, IndexError, OverflowError
)  # fmt: skip


class Entry(NamedTuple):
    """A file that has not been read yet.

    Args:
        name: its path below the folder or archive, with slashes.
        size: of its content, in bytes, as the file system or archive says.
        head: reads its first bytes, `HEAD` at most.
        read: reads all of it.
    """

    name: str
    size: int
    head: Callable[[], bytes]
    read: Callable[[], bytes]


class Listing(NamedTuple):
    """The files of a folder or an archive in the order of their names, and what was passed over."""

    entries: list[Entry]
    omitted: list[Omission]


def archive_kind(path: Path) -> str:
    """Return what a file is by its content: zip, tar, or nothing; a damaged one goes by its suffix.

    A zip of `.npy` members is what numpy.savez writes, and no archive of pictures.
    """
    try:
        if zipfile.is_zipfile(path) and path.suffix.lower() != ".npz":
            with open_zip(path) as archive:
                names = archive.namelist()
            return "" if names and all(name.endswith(".npy") for name in names) else "zip"
        if _is_tar(path):
            return "tar"
    except _DAMAGED_MEMBER:
        pass  # opening it by its suffix says what is wrong
    name = path.name.lower()
    return "tar" if name.endswith(TARS) else "zip" if name.endswith(".zip") else ""


def holds_pictures(path: Path) -> bool:
    """Whether a path is a folder, an archive or a picture, by its content."""
    if path.is_dir():
        return True
    try:
        head = _head_of(path)
    except OSError:
        return False
    return bool(archive_kind(path)) or kind_of(head, path.name) is Kind.PICTURE


@contextmanager
def open_listing(path: Path) -> Iterator[Listing]:
    """Open a folder, an archive or one picture, and list its files in the order of their names.

    Hidden and side files are passed over, and so are links that lead nowhere and the links inside an archive. A zip
    and a plain tar are read file by file, a packed tar in one go, for it has no index.

    Raises:
        DataError: the path cannot be read, the archive is damaged, would fill the memory, or has unsafe names.
    """
    if path.is_dir():
        yield _sorted(_folder_listing(path))
    elif archive_kind(path) == "tar":
        yield _sorted(_tar_listing(path))
    elif archive_kind(path) == "zip" or not holds_pictures(path):
        with ExitStack() as stack:
            try:
                archive = stack.enter_context(open_zip(path))
            except (*_DAMAGED_MEMBER, NotImplementedError) as error:
                raise DataError(_whole_rule("zip", path, error)) from error
            yield _sorted(_zip_listing(archive, path))
    else:
        yield Listing([_file_entry(path, path.name)], [])


def _is_tar(path: Path) -> bool:
    try:
        with open_tar(path):
            return True
    except _DAMAGED_TAR:
        return False


def _sorted(listing: Listing) -> Listing:
    return Listing(sorted(listing.entries, key=lambda entry: entry.name), listing.omitted)


def _whole_rule(kind: str, path: Path, error: Exception) -> str:
    reason = str(error).partition(":\n")[0]  # tarfile goes on to list every packing that it tried
    return (
        f"{path} is neither a folder of images nor an intact {kind} archive ({reason}). "
        "Check the path, or create the archive again."
    )


def _is_side(name: str) -> bool:
    return any(part.startswith(".") or part.lower() in SIDE_FILES for part in PurePosixPath(name).parts)


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _file_entry(path: Path, name: str) -> Entry:
    size = path.stat().st_size
    read = path.read_bytes if size <= LARGEST_MEMBER else partial(_refuse_large, size)
    return Entry(name, size, partial(_head_of, path), read)


def _folder_listing(folder: Path) -> Listing:
    def refuse(error: OSError) -> None:
        raise DataError(f"cannot read a folder of images: {error}. Check its permissions.") from error

    listing = Listing([], [])
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        below = Path(place).relative_to(folder)
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            listing.omitted.append(Omission(below.as_posix(), _LOOPS, matters=False))
            continue
        seen.add(real)
        hidden = [name for name in folders if _is_side(name)]
        listing.omitted.extend(
            Omission(f"{(below / name).as_posix()}/", _SIDE, matters=False) for name in hidden
        )
        folders[:] = sorted(set(folders) - set(hidden))
        for file in files:
            found = _one_file(Path(place, file), (below / file).as_posix())
            (listing.entries if isinstance(found, Entry) else listing.omitted).append(found)  # type: ignore[arg-type]
    return listing


def _one_file(path: Path, name: str) -> Entry | Omission:
    if _is_side(path.name):
        return Omission(name, _SIDE, matters=False)
    if not path.exists():
        return Omission(name, _LINKS)
    if not path.is_file():  # reading a pipe would wait for ever
        return Omission(name, _SPECIAL)
    return _file_entry(path, name)


def _zip_listing(archive: zipfile.ZipFile, path: Path) -> Listing:
    listing = Listing([], [])
    for member in archive.infolist():
        _refuse_unsafe(member.filename, path)
        if member.filename.endswith("/"):
            continue
        if not member.filename:
            listing.omitted.append(Omission("a member without a name", _SPECIAL))
        elif _is_side(member.filename):
            listing.omitted.append(Omission(member.filename, _SIDE, matters=False))
        elif stat.S_ISLNK(member.external_attr >> 16):
            listing.omitted.append(Omission(member.filename, _INSIDE))
        else:
            head = partial(_read_zipped, archive, member, HEAD)
            read = partial(_read_zipped, archive, member, -1)
            listing.entries.append(Entry(member.filename, member.file_size, head, read))
    return listing


def _read_zipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    if most < 0 and member.file_size > LARGEST_MEMBER:
        _refuse_large(member.file_size)
    try:
        with open_member(archive, member) as file:
            return file.read(most)
    except (*_DAMAGED_MEMBER, NotImplementedError) as error:
        raise BrokenImageError(str(error)) from error


def _tar_listing(path: Path) -> Listing:
    """List a tar in the order in which it lies: to go back in a packed one is to start over."""
    listing, budget = Listing([], []), current_budget()
    listed, packed_size = 0, path.stat().st_size
    most = max(LARGEST_UNPACKED, 20 * packed_size)
    try:
        plain = not packing_of(path)
        with open_tar(path) as archive:
            while member := archive.next():
                archive.members.clear()  # type: ignore[attr-defined] - it would keep them all
                budget.require(ENTRY + len(member.name), f"The list of files of {path}")
                if member.size < 0:  # tarfile would step back and read the same members for ever
                    raise tarfile.ReadError(f"{member.name} has a negative size")
                _refuse_unsafe(member.name, path)
                listed += 1
                if not plain and listed > MANY and listed * SMALLEST > packed_size:
                    raise DataError(
                        f"{path} lists more than {listed:,} files in {packed_size:,} bytes, as only an archive made to "
                        "exhaust a machine does. Create it again."
                    )
                if not plain and archive.offset > most:
                    raise DataError(
                        f"a compressed tar may unpack to at most {most:,} bytes; {path} is larger. Unpack it, "
                        "and pass the folder."
                    )
                _list_tarred(archive, member, listing, path if plain else None)
            _refuse_rest(archive)
    except _DAMAGED_TAR as error:
        raise DataError(_whole_rule("tar", path, error)) from error
    return listing


def _list_tarred(
    archive: tarfile.TarFile, member: tarfile.TarInfo, listing: Listing, plain: Path | None
) -> None:
    if member.isdir():
        return
    if _is_side(member.name):
        listing.omitted.append(Omission(member.name, _SIDE, matters=False))
    elif not member.isfile():
        reason = _INSIDE if member.issym() or member.islnk() else _SPECIAL
        listing.omitted.append(Omission(member.name, reason))
    elif member.size > LARGEST_MEMBER:
        read = partial(_refuse_large, member.size)
        file = archive.extractfile(member)
        head = b"" if file is None else file.read(HEAD)
        listing.entries.append(Entry(member.name, member.size, lambda: head, read))
    elif plain and not member.issparse():
        sizes = (min(HEAD, member.size), member.size)
        head, read = (partial(_read_at, plain, member.offset_data, size) for size in sizes)
        listing.entries.append(Entry(member.name, member.size, head, read))
    else:
        content = _read_tarred(archive, member)
        listing.entries.append(Entry(member.name, member.size, lambda: content[:HEAD], lambda: content))


def _read_tarred(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """Return a member's content; of what is neither a picture nor a table only the beginning, to save memory."""
    file = archive.extractfile(member)
    if file is None:
        return b""
    head = file.read(HEAD)
    wanted = kind_of(head, member.name) is Kind.PICTURE or may_hold_labels(member.name, member.size)
    return head + file.read() if wanted else head


def _read_at(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        content = file.read(size)
    if len(content) < size:
        raise BrokenImageError(f"cut short: {len(content)} of {size} bytes")
    return content


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
            f'an archive must contain relative paths without ".."; {path} contains {member!r} and is refused. '
            "Create the archive again from inside its folder."
        )
