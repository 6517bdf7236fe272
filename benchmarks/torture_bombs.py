"""Small files that unpack to gigabytes, or announce them: each read in a child whose memory is measured."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import random
import struct
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torture_forks as forks
from torture_tally import Tally, until

BUDGET = 256 << 20
"""What each child may take."""
SLACK = 1.2
SECONDS = 10
"""Of processor time."""
ROOM = 24 << 20
"""Of code and tables that a first reading loads, whatever it reads."""
Make = Callable[[Path, random.Random], Path]
BOMBS: list[Make] = []


def bomb(make: Make) -> Make:
    BOMBS.append(make)
    return make


def torture(seconds: float, seed: int) -> Tally:
    forks.warm()
    warm_readers()
    tally, random_ = Tally("bombs"), random.Random(seed)
    order = [*BOMBS]
    for k in until(seconds):
        if k % len(order) == 0:
            random_.shuffle(order)
        with tempfile.TemporaryDirectory() as folder:
            make = order[k % len(order)]
            path = make(Path(folder), random_)
            judged(tally, make.__name__, path, Path(folder))
    return tally


def warm_readers() -> None:
    import PIL.Image
    import pyarrow.parquet  # noqa: F401

    PIL.Image.init()


def judged(tally: Tally, name: str, path: Path, folder: Path) -> None:
    """Read a bomb in a child, and note tracebacks, hangs, and memory beyond the budget."""
    tally.faults += 1
    told = folder / "told"
    found = forks.run(
        call=lambda: read(path, told),
        setup=forks.limits(memory=16 * BUDGET, processor=3 * SECONDS),
        seconds=12 * SECONDS,
    )
    if found.traceback or found.code not in (0, 2) or not told.exists():
        kind = "traceback" if found.traceback else "hang"
        tally.bad(kind, f"{name}: exit code {found.code}, {found.last}")
        return
    told_of = json.loads(told.read_text())
    if told_of["seconds"] > SECONDS:
        tally.bad("hang", f"{name}: {told_of['seconds']:.1f} s")
    if told_of["grown"] > SLACK * BUDGET + ROOM:
        tally.bad("memory", f"{name}: {told_of['grown'] >> 20} MB of {BUDGET >> 20} MB ({found.last})")
    if os.environ.get("TORTURE_SAY"):
        print(
            f"{name}: {told_of['grown'] >> 20} MB, {told_of['seconds']:.1f} s, {found.code}, {found.last}",
            file=sys.stderr,
        )


def read(path: Path, told: Path) -> int:
    """Load a file under the budget, in this process; the exit code, and its memory and time in `told`."""
    import time

    from fgan import memory_limit
    from fgan.data import load_data
    from fgan.errors import FganError

    begin = peak()
    code = 0
    try:
        with memory_limit(BUDGET):
            load_data(f"idx:{path}" if path.name == "idx" else path)
    except FganError as error:
        print(error)
        code = 2
    told.write_text(json.dumps({"grown": peak() - begin, "seconds": time.process_time()}))
    return code


def peak() -> int:
    """Return the largest resident memory of this process, of which files are no part."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024


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
    path = zipped(folder / "a.zip", {"a/0.png": black(3000, 3000, 6)})
    content = path.read_bytes()
    at, end = content.find(b"PK\1\2"), content.rfind(b"PK\5\6")
    entry, count = content[at:end], 1000
    listed = b"".join(entry.replace(b"a/0.png", b"a/%03d.p" % k) for k in range(count))
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(listed), at, 0)
    path.write_bytes(content[:at] + listed + tail)
    return path


@bomb
def zip_of_a_bzip2_bomb_beside_pictures(folder: Path, r: random.Random) -> Path:
    small = png(6, 6, data=zlib.compress(bytes(42)))
    path = zipped(folder / "a.zip", {"a/1.png": small, "a/2.png": small})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as archive:
        with archive.open(r.choice(["notes.txt", "a/0.png", "labels.csv"]), "w", force_zip64=True) as file:
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


def npy(
    shape: str, content: bytes = b"", kind: str = "<f4", version: int = 1, length: int | None = None
) -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + struct.pack("<H" if version == 1 else "<I", length or len(text))
        + text
        + content
    )


@bomb
def npz_of_zeros(folder: Path, r: random.Random) -> Path:
    path, rows = folder / "a.npz", r.choice([10**8, 10**9])
    with (
        zipfile.ZipFile(path, "w", r.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])) as archive,
        archive.open("x.npy", "w", force_zip64=True) as file,
    ):
        file.write(npy(f"({rows}, 1)"))
        for piece in zeros(4 * rows):
            file.write(piece)
    return path


@bomb
def npz_that_lies(folder: Path, r: random.Random) -> Path:
    lies = [
        npy("(900000000, 1)", bytes(1000)),
        npy("(1000000000000, 3)"),
        npy("(2, 2)", version=2, length=2**31 - 1) + bytes(1 << 28),
    ]
    return zipped(folder / "a.npz", {"x.npy": r.choice(lies)})


@bomb
def npy_that_lies(folder: Path, r: random.Random) -> Path:
    path = folder / "a.npy"
    path.write_bytes(r.choice([npy("(1000000000000, 3)"), npy("(2, 2)", version=2, length=2**31 - 1)]))
    if r.random() < 0.5:
        os.truncate(path, 8 << 30)
    return path


@bomb
def idx_of_zeros(folder: Path, r: random.Random) -> Path:
    place = folder / "idx"
    place.mkdir()
    header = b"\0\0\x08\x03" + struct.pack(
        ">III", *r.choice([(4096, 512, 512), (2, 4, 4), (2**32 - 1,) * 3, (65536, 65536, 0)])
    )
    one = gzip.compress(bytes(1 << 20), 9)
    (place / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(header) + one * 1024)
    return place


def packed(folder: Path, name: str, r: random.Random) -> tuple[Path, Callable]:
    ending, opened = r.choice([(".gz", gzip.open), (".bz2", bz2.open), (".xz", lzma.open)])
    return folder / f"{name}{ending}", opened


@bomb
def csv_of_one_long_line(folder: Path, r: random.Random) -> Path:
    path, opened = packed(folder, "a.csv", r)
    piece = r.choice([b"1,", b"x", b",", b'"', b"\n", b"#\n", b"\r", b"a b "]) * (1 << 19)
    with opened(path, "wb") as file:
        file.write(b"a,b\n")
        for _ in range(60):
            file.write(piece)
    return path


@bomb
def csv_of_many_columns(folder: Path, r: random.Random) -> Path:
    count = r.choice([30_000, 100_000, 1_000_000])
    lines = [",".join(f"c{k}" for k in range(count)), *(",".join("1" * count) for _ in range(3))]
    path = folder / "a.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@bomb
def csv_of_a_long_cell(folder: Path, r: random.Random) -> Path:
    path = folder / "a.csv"
    rows = [f"w{k % 7},{k}" for k in range(100_000)]
    rows[50_000] = "w" * 130_000 + ",1"
    path.write_text("a,b\n" + "\n".join(rows) + "\n")
    return path


@bomb
def csv_of_many_words(folder: Path, r: random.Random) -> Path:
    path, columns = folder / "a.csv", r.choice([1, 30])
    rows = [
        ",".join(f"w{(k * 7 + c) % 900}" for c in range(columns)) + ",1.5" for k in range(200_000 // columns)
    ]
    path.write_text(",".join(f"c{k}" for k in range(columns + 1)) + "\n" + "\n".join(rows) + "\n")
    return path


@bomb
def csv_of_a_million_words(folder: Path, r: random.Random) -> Path:
    path = folder / "a.csv"
    path.write_text("a,b\n" + "\n".join(f"word {k},{k}" for k in range(1_000_000)) + "\n")
    return path


@bomb
def csv_of_wide_letters(folder: Path, r: random.Random) -> Path:
    path, opened = packed(folder, "a.csv", r)
    with opened(path, "wb") as file:
        file.write(b"a,b\n" + "😀".encode())
        for _ in range(40):
            file.write(b"x" * (1 << 20) + b",1\n")
    return path


@bomb
def parquet_of_one_value(folder: Path, r: random.Random) -> Path:
    import pyarrow
    import pyarrow.parquet as parquet

    rows = r.choice([3_000_000, 30_000_000])
    value = r.choice([1.0, 7, "a word", "w" * 100_000, None, b"bytes"])
    path = folder / "a.parquet"
    schema = pyarrow.schema(
        [("a", pyarrow.scalar(value).type if value is not None else pyarrow.float64()), ("b", pyarrow.int8())]
    )
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        indices = pyarrow.array(np.zeros(10_000, dtype=np.int32))
        words = pyarrow.DictionaryArray.from_arrays(
            indices, pyarrow.array([value], type=schema.field("a").type)
        )
        count = 1000 if isinstance(value, str) and len(value) > 100 else 10_000
        cells = words.cast(schema.field("a").type).slice(0, count)
        group = pyarrow.table({"a": cells, "b": pyarrow.array(np.zeros(count, dtype=np.int8))})
        for _ in range(rows // 10_000 if count == 10_000 else 100):
            writer.write_table(group)
    return path


@bomb
def parquet_of_a_large_page(folder: Path, r: random.Random) -> Path:
    import pyarrow
    import pyarrow.parquet as parquet

    path = folder / "a.parquet"
    word = "w" * (r.choice([100, 400]) << 20)
    parquet.write_table(
        pyarrow.table({"a": [word, word, "b"]}), path, compression="zstd", use_dictionary=r.random() < 0.5
    )
    return path


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
