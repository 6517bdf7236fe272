"""What a file is, by its first bytes: a picture that Pillow can open, one that it cannot, or something else."""

from __future__ import annotations

from enum import Enum
from functools import cache, lru_cache
from pathlib import PurePosixPath

HEAD = 64
"""Bytes from the beginning of a file that tell its kind."""

# Formats that run another program (Ghostscript) or have no pixels of their own: never opened.
_NOT_PICTURES = {"EPS", "PDF", "MPEG", "HDF5", "GRIB", "BUFR", "WMF"}
_CLOSED_SUFFIXES = {
    ".heic", ".heif", ".hif", ".svg", ".svgz", ".eps", ".ps", ".ai", ".pdf", ".jxl", ".jxr", ".exr", ".hdr",
    ".pfm", ".psb", ".xcf", ".cr3", ".dcm",
    ".dicom", ".nii", ".mha", ".nrrd", ".czi", ".nd2", ".lif", ".emf", ".wmf", ".mp4", ".m4v", ".mov", ".avi",
    ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".tfrecord", ".tfrecords", ".lmdb", ".mdb",
}  # fmt: skip
# Most cameras' raw files are TIFF outside, where Pillow finds a thumbnail of the photograph.
_RAW_SUFFIXES = {
    ".cr2", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".dng", ".orf", ".rw2", ".pef", ".srw", ".raf", ".raw", ".3fr",
    ".iiq", ".erf", ".kdc", ".dcr", ".mrw", ".mef", ".mos", ".rwl",
}  # fmt: skip
_TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_CLOSED_HEADS = (
    b"%!PS", b"%PDF", b"<svg", b"v/1\x01", b"#?RADIANCE", b"\xff\x0a", b"\0\0\0\x0cJXL ", b"8BPB", b"gimp xcf",
    b"\x1a\x45\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3",
)  # fmt: skip


class Kind(Enum):
    """What a file is."""

    PICTURE = "a picture that Pillow can open"
    NO_PICTURE = "named like a picture, without being one"
    CLOSED = "of a format that Pillow cannot open"
    OTHER = "something else"


def kind_of(head: bytes, name: str) -> Kind:
    """Return what a file is by its first bytes; the suffix decides only where a format has no mark of its own.

    >>> kind_of(b"\\x89PNG\\r\\n\\x1a\\n" + bytes(56), "holiday.txt")
    <Kind.PICTURE: 'a picture that Pillow can open'>
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _RAW_SUFFIXES and head.startswith(_TIFF_HEADS):
        return Kind.CLOSED
    if candidates(head, name):
        return Kind.PICTURE
    if (
        suffix in _RAW_SUFFIXES
        or suffix in _CLOSED_SUFFIXES
        or head.startswith(_CLOSED_HEADS)
        or head[4:8] == b"ftyp"
    ):
        return Kind.CLOSED
    return Kind.NO_PICTURE if suffix in extensions() else Kind.OTHER


def candidates(head: bytes, name: str) -> tuple[str, ...]:
    """Return the formats of Pillow that a file may be in."""
    return _candidates(head[:16], PurePosixPath(name).suffix.lower())


@lru_cache(1024)  # most pictures of a folder begin alike
def _candidates(prefix: bytes, suffix: str) -> tuple[str, ...]:
    from PIL import Image

    found = []
    for kind in _formats():
        accept = Image.OPEN[kind][1]
        if accept is None:
            fits = Image.registered_extensions().get(suffix) == kind
        else:
            verdict = accept(prefix) if len(prefix) == 16 else False
            fits = bool(verdict) and not isinstance(
                verdict, str
            )  # a string says that a decoder is not installed
        found += [kind] if fits else []
    return tuple(found)


@cache
def extensions() -> frozenset[str]:
    """Return the suffixes of the pictures that Pillow can open, in lower case, each with its dot.

    >>> {".png", ".jpg", ".webp"} <= extensions()
    True
    """
    from PIL import Image

    formats = _formats()
    return frozenset(suffix for suffix, kind in Image.registered_extensions().items() if kind in formats)


@cache
def _formats() -> tuple[str, ...]:
    from PIL import Image

    Image.init()
    return tuple(kind for kind in Image.OPEN if kind not in _NOT_PICTURES)
