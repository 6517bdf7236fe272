"""Arrays and tables that unpack to gigabytes, or announce them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from torture_bombs_pictures import zeros, zipped

Make = Callable[[Path, random.Random], Path]
BOMBS: list[Make] = []


def bomb(make: Make) -> Make:
    BOMBS.append(make)
    return make


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
