"""Archives and pictures that unpack to gigabytes, or announce them."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

Make = Callable[[Path, random.Random], Path]
BOMBS: list[Make] = []


def bomb(make: Make) -> Make:
    BOMBS.append(make)
    return make


def zeros(size: int) -> Iterator[bytes]:
    for begin in range(0, size, 1 << 20):
        yield bytes(min(1 << 20, size - begin))


def png(
    width: int, height: int, *, depth: int = 8, colour: int = 0, data: bytes = b"", more: bytes = b""
) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = data or zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def black(width: int, height: int, colour: int) -> bytes:
    packer = zlib.compressobj(9)
    row = bytes(1 + width * {0: 1, 2: 3, 6: 4}[colour])
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png(width, height, colour=colour, data=data)


def zipped(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, mode: str, members: list[tuple[tarfile.TarInfo, int]]) -> Path:
    with tarfile.open(path, mode) as archive:
        for info, size in members:
            info.size = size
            archive.addfile(info, io.BufferedReader(Nothing(), 1 << 20))
    return path


class Nothing(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        buffer[:] = bytes(len(buffer))
        return len(buffer)


@bomb
def zip_of_large_black_pngs(folder: Path, r: random.Random) -> Path:
    side, colour = r.choice([(4000, 6), (5700, 2), (5700, 6), (9000, 0), (13000, 0)])
    return zipped(
        folder / "a.zip", dict.fromkeys((f"a/{k}.png" for k in range(6)), black(side, side, colour))
    )


@bomb
def zip_of_many_middling_pngs(folder: Path, r: random.Random) -> Path:
    picture = black(3900, 3900, r.choice([2, 6]))
    return zipped(folder / "a.zip", {f"a/{k}.png": picture for k in range(6)})


@bomb
def zip_of_members_of_zeros(folder: Path, r: random.Random) -> Path:
    path = folder / "a.zip"
    packing, count, size = r.choice(
        [(zipfile.ZIP_DEFLATED, 3, 500), (zipfile.ZIP_BZIP2, 1, 300), (zipfile.ZIP_LZMA, 1, 300)]
    )
    with zipfile.ZipFile(path, "w", packing) as archive:
        for k in range(count):
            with archive.open(f"a/{k}.png", "w") as file:
                file.write(png(6, 6)[:-12])
                for piece in zeros(size << 20):
                    file.write(piece)
    return path


@bomb
def zip_whose_directory_lies(folder: Path, r: random.Random) -> Path:
    path = zip_of_members_of_zeros(folder, r)
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\1\2")
    while at >= 0:
        content[at + 24 : at + 28] = struct.pack("<I", r.choice([1000, 2**31 - 1, 100]))
        at = content.find(b"PK\1\2", at + 4)
    path.write_bytes(content)
    return path


@bomb
def zip_of_overlapping_members(folder: Path, r: random.Random) -> Path:
    """Write many entries of the directory for one packed content, with its name or with others."""
    side = r.choice([20, 3000, 3900])
    path = zipped(folder / "a.zip", {"a/000.png": black(side, side, 6)})
    content = path.read_bytes()
    at, end = content.find(b"PK\1\2"), content.rfind(b"PK\5\6")
    entry, count, alike = content[at:end], 300, r.random() < 0.7
    listed = entry * count if alike else b"".join(
        entry.replace(b"a/000", b"a/%03d" % k) for k in range(count)
    )  # fmt: skip
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(listed), at, 0)
    path.write_bytes(content[:at] + listed + tail)
    return path


@bomb
def zip_of_members_inside_each_other(folder: Path, r: random.Random) -> Path:
    """Write stored members of which each holds the headers of all that follow, and the same picture at the end."""
    count, packed = 300, black(r.choice([20, 3000]), 3000, 6)
    directory = b""
    body, names = packed, [b"a/%03d.png" % k for k in range(count)]
    for name in reversed(names):
        fields = (20, 0, 0, 0, 33, zlib.crc32(body), len(body), len(body), len(name))
        body = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", *fields, 0) + name + body
    at = 0
    for name in names:
        size = len(body) - at - 30 - len(name)
        fields = (20, 20, 0, 0, 0, 33, zlib.crc32(body[-size:]), size, size, len(name))
        directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", *fields, 0, 0, 0, 0, 0, at) + name
        at += 30 + len(name)
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    path = folder / "a.zip"
    path.write_bytes(body + directory + tail)
    return path


@bomb
def zip_of_a_bzip2_bomb_beside_pictures(folder: Path, r: random.Random) -> Path:
    small = png(6, 6, data=zlib.compress(bytes(42)))
    path = zipped(folder / "a.zip", {"a/1.png": small, "a/2.png": small})
    name = r.choice(["notes.txt", "a/0.png", "labels.csv"])
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as archive,
        archive.open(name, "w", force_zip64=True) as file,
    ):
        for piece in zeros(400 << 20):
            file.write(piece)
    return path


@bomb
def tar_of_zeros(folder: Path, r: random.Random) -> Path:
    mode, name = r.choice([("w:gz", "a.tar.gz"), ("w:xz", "a.tar.xz"), ("w:bz2", "a.tar.bz2")])
    return tarred(folder / name, mode, [(tarfile.TarInfo(f"a/{k}.csv"), 60 << 20) for k in range(8)])


@bomb
def tar_of_a_long_header(folder: Path, r: random.Random) -> Path:
    info = tarfile.TarInfo("././@LongLink")
    info.type = r.choice([tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
    return tarred(folder / "a.tar.gz", "w:gz", [(info, 1 << 30)])


@bomb
def tar_of_a_million_names(folder: Path, r: random.Random) -> Path:
    path = folder / "a.tar.gz"
    header = tarfile.TarInfo(r.choice(["a/x.txt", "a/.x", "a/x.png"])).tobuf()
    with gzip.open(path, "wb", 9) as file:
        for _ in range(200):
            file.write(header * 1000)
    return path


@bomb
def tar_that_is_sparse(folder: Path, r: random.Random) -> Path:
    info = tarfile.TarInfo("a/x.png")
    size = r.choice([1 << 28, 1 << 40])
    sparse = {"major": "1", "minor": "0", "name": "a/y.png", "realsize": str(size)}
    info.pax_headers = {f"GNU.sparse.{name}": value for name, value in sparse.items()}
    content = f"1\n0\n{size}\n".encode().ljust(512, b"\0")
    info.size = len(content)
    with tarfile.open(folder / "a.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(content))
    return folder / "a.tar.gz"


@bomb
def gif_of_many_frames(folder: Path, r: random.Random) -> Path:
    side = r.choice([8, 3000])
    screen = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    (folder / "a").mkdir()
    for k in range(2):
        (folder / "a" / f"{k}.gif").write_bytes(screen + frame * 20_000 + b"\x3b")
    return folder / "a"


@bomb
def pictures_of_huge_headers(folder: Path, r: random.Random) -> Path:
    from PIL import Image

    (folder / "a").mkdir()
    for k, (kind, at, form) in enumerate(
        [
            ("BMP", 18, "<ii"),
            ("TGA", 12, "<HH"),
            ("GIF", 6, "<HH"),
            ("PCX", 8, "<HH"),
            ("SGI", 6, ">HH"),
            ("DDS", 12, "<II"),
        ]
    ):
        file = io.BytesIO()
        Image.new("RGB", (20, 20)).save(file, kind)
        content = bytearray(file.getvalue())
        side = r.choice([4000, 5700, 13000, 32000])
        struct.pack_into(form, content, at, side, side)
        (folder / "a" / f"{k}.{kind.lower()}").write_bytes(content)
    for k in range(2):
        (folder / "a" / f"p{k}.png").write_bytes(png(*r.choice([(5700, 5700), (2**31 - 1, 1), (1, 2**24)])))
        (folder / "a" / f"q{k}.png").write_bytes(png(6, 6, data=zlib.compress(bytes(42))))
    return folder / "a"


@bomb
def tiff_of_a_huge_tile(folder: Path, r: random.Random) -> Path:
    side = r.choice([8192, 32768])
    data = zlib.compress(bytes(min(side * side, 1 << 26)), 9)
    tags = [
        (256, 10),
        (257, 10),
        (258, 8),
        (259, 8),
        (262, 1),
        (277, 1),
        (322, side),
        (323, side),
        (324, 200),
        (325, len(data)),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    content = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)
    (folder / "a").mkdir()
    for k in range(2):
        (folder / "a" / f"{k}.tif").write_bytes(content.ljust(200, b"\0") + data)
    return folder / "a"


@bomb
def icon_with_a_large_picture_inside(folder: Path, r: random.Random) -> Path:
    inside = black(r.choice([5700, 9000]), 5700, 6)
    head = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inside), 22)
    (folder / "a").mkdir()
    for k in range(2):
        (folder / "a" / f"{k}.ico").write_bytes(head + inside)
    return folder / "a"


@bomb
def png_with_packed_text(folder: Path, r: random.Random) -> Path:
    text = zlib.compress(bytes(1 << 27))
    kind, begin = r.choice([(b"zTXt", b"k\0\0"), (b"iCCP", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0")])
    content = begin + text
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return zipped(
        folder / "a.zip",
        {f"a/{k}.png": png(6, 6, data=zlib.compress(bytes(42)), more=chunk * 3) for k in range(2)},
    )


@bomb
def fits_with_gzip_inside(folder: Path, r: random.Random) -> Path:
    first = {"SIMPLE": "T", "BITPIX": "8", "NAXIS": "0"}
    second = {
        "XTENSION": "'BINTABLE'", "BITPIX": "8", "NAXIS": "2", "NAXIS1": "8", "NAXIS2": "1", "ZIMAGE": "T",
        "ZCMPTYPE": "'GZIP_1  '", "ZBITPIX": "8", "ZNAXIS": "2", "ZNAXIS1": "9", "ZNAXIS2": "9",
    }  # fmt: skip
    cards, inner = (
        [
            *(
                f"{name:<8}= {value if value[0] == chr(39) else value.rjust(20)}"
                for name, value in one.items()
            ),
            "END",
        ]
        for one in (first, second)
    )
    header = b"".join("".join(card.ljust(80) for card in one).encode().ljust(2880) for one in (cards, inner))
    (folder / "a").mkdir()
    for k in range(2):
        (folder / "a" / f"{k}.fits").write_bytes(header + bytes(8) + gzip.compress(bytes(1 << 27)))
    return folder / "a"


@bomb
def labels_of_brackets(folder: Path, r: random.Random) -> Path:
    text = r.choice(
        [
            b"[" * 10**7,
            b'{"labels": [' + b"[]," * 10**7 + b"[]]}",
            b"a,b\n" * 10**7,
            b"," * 4 * 10**7,
            b'{"a":1}\n' * 5 * 10**6,
        ]
    )
    name = r.choice(["dataset.json", "metadata.jsonl", "metadata.csv", "labels.csv", "labels.txt"])
    return zipped(
        folder / "a.zip",
        {
            "a/0.png": png(6, 6, data=zlib.compress(bytes(42))),
            "a/1.png": png(6, 6, data=zlib.compress(bytes(42))),
            name: text,
        },
    )
