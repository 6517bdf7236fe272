"""Good files changed a little, as many as there is time for, through every reader of data: read or refused, no more."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import random
import signal
import struct
import sys
import tarfile
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torture_forks as forks
from torture_small import TINY, flags
from torture_tally import Tally

ROOM = 2 << 30
"""Of address space that a child may take."""
SECONDS = 10
"""Of processor time that one input may take."""
WRONG = 0.02
"""The share of files that hold another kind than their name says."""
AT_ONCE = 3.0
"""Seconds of one child: a leak or a crash costs no more than these."""
FORMATS = {
    "GIF": "gif", "TIFF": "tif", "BMP": "bmp", "WEBP": "webp", "JPEG": "jpg", "ICO": "ico", "PPM": "ppm",
    "JPEG2000": "jp2", "TGA": "tga", "PCX": "pcx", "SGI": "sgi", "DDS": "dds", "AVIF": "avif", "ICNS": "icns",
    "PNG": "png", "MSP": "msp", "XBM": "xbm", "SPIDER": "spider", "IM": "im", "BLP": "blp", "QOI": "qoi",
}  # fmt: skip
MODES = {
    "PNG": ("", "1", "L", "P", "RGBA", "I;16"),
    "TIFF": ("", "F", "I;16"),
    "JPEG": ("", "L", "CMYK"),
    "WEBP": ("", "RGBA"),
}
"""Of pixels, besides the usual one."""
ENDS = (
    b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0" * 4, b"\x80\0\0\0", b"\xff\xff\xff\x7f", b"\xff" * 8, b"\0" * 8,
)  # fmt: skip
IN_MEMORY = Path("/dev/shm")
Read = Callable[[bytes], object]


class TooSlowError(BaseException):
    """An input took too long; no reader catches it."""


def torture(seconds: float, seed: int) -> Tally:
    forks.warm()
    tally = Tally("readers")
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        place = Path(folder)
        samples = good_files(place)
        names, begin, turn = sorted(samples), time.monotonic(), 0
        while turn == 0 or time.monotonic() - begin < seconds:
            name = names[turn % len(names)]
            left = max(seconds - (time.monotonic() - begin), 0.2)
            each = min(AT_ONCE, max(seconds / len(names), 0.05), left)
            told = place / "told.json"
            told.unlink(missing_ok=True)
            one = f"{seed}/{turn}/{name}"
            found = forks.run(
                call=lambda: many(name, samples, place, each, one, told),  # noqa: B023 - called before it changes
                seconds=each + 3 * SECONDS,
            )
            note(tally, name, told, found)
            turn += 1
    return tally


def note(tally: Tally, name: str, told: Path, found: forks.Outcome) -> None:
    if not told.exists():
        last = "; ".join(found.text.splitlines()[-3:])
        tally.bad("hang" if found.code is None else "traceback", f"{name}: ended with {found.code}: {last}")
        return
    counts = json.loads(told.read_text())
    tally.inputs += counts["inputs"]
    for kind, what in counts["bad"]:
        tally.bad(kind, f"{name}: {what}")


def many(name: str, samples: dict[str, bytes], place: Path, seconds: float, seed: str, told: Path) -> int:
    """Read changed copies of one file in this process, and write down what was not foreseen."""
    from fgan import memory_limit
    from fgan.errors import FganError

    def alarmed(*_: object) -> None:
        raise TooSlowError

    warnings.simplefilter("ignore")
    forks.limits(memory=ROOM)()
    signal.signal(signal.SIGPROF, alarmed)
    read, chance, inputs = reader(name, place), random.Random(seed), 0
    bad: list[tuple[str, str]] = []
    end = time.monotonic() + seconds
    while not inputs or time.monotonic() < end:
        content = changed(samples[name], chance, samples[chance.choice(sorted(samples))])
        inputs += 1
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            with memory_limit(ROOM // 4):
                read(content)
        except FganError:
            pass
        except TooSlowError:
            bad.append(("hang", kept(content, name, place)))
        except BaseException as error:
            bad.append(("traceback", f"{in_a_line(error)} {kept(content, name, place)}"))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if len(bad) > 20:
            break
    told.write_text(json.dumps({"inputs": inputs, "bad": bad}))
    return 0


def kept(content: bytes, name: str, place: Path) -> str:
    """Keep an input where TORTURE_KEEP says, and return its name."""
    folder = os.environ.get("TORTURE_KEEP")
    if not folder:
        return ""
    path = Path(folder) / f"{abs(hash(content)) % 10**8}-{name}"
    path.write_bytes(content)
    return str(path)


def in_a_line(error: BaseException) -> str:
    ours = [one for one in traceback.extract_tb(error.__traceback__) if "fgan" in one.filename]
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {where}: {str(error)[:100]}"


def changed(good: bytes, chance: random.Random, stranger: bytes) -> bytes:
    """Return a copy of a file with 1 to 8 changes, some of which take from another file, or all of it: a wrong name."""
    if chance.random() < WRONG:
        return stranger
    content = bytearray(good)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        size = len(content)
        if not size:
            return bytes(content)
        # Headers, at both ends, matter most.
        at = chance.choice(
            (
                chance.randrange(size),
                min(size - 1, chance.randrange(200)),
                max(0, size - 1 - chance.randrange(200)),
            )
        )
        match chance.randrange(12):
            case 0 | 1:
                content[at] ^= 1 << chance.randrange(8)
            case 2:
                content[at] = chance.randrange(256)
            case 3:
                del content[at : at + chance.choice((1, 2, 4, 100))]
            case 4:
                content[at:at] = chance.randbytes(chance.choice((1, 2, 4, 40)))
            case 5:
                del content[at:]
            case 6:
                end = chance.choice(ENDS)
                content[at : at + len(end)] = end
            case 7:
                content[at:at] = content[at : at + chance.choice((4, 30, 200))] * chance.choice((1, 1, 50))
            case 8:
                other, count = chance.randrange(size), chance.choice((2, 10, 60))
                content[at : at + count], content[other : other + count] = (
                    content[other : other + count], content[at : at + count],
                )  # fmt: skip
            case 9:
                content[at : at + 1] = chance.choice(
                    (b",", b'"', b"\n", b"\r", b"\0", b";", b"9" * 400, b"\xef\xbb\xbf", b"../", b"/", b"1e400", b"NaN",
                     b"\x1f\x8b")
                )  # fmt: skip
            case 10:
                content += stranger
            case 11:
                end = min(size, at + chance.choice((16, 200)))
                content[at:end] = chance.choice((bytes(end - at), chance.randbytes(end - at)))
    return bytes(content)


def reader(name: str, place: Path) -> Read:
    """Return what reads a content as the file of that name."""
    from fgan import estimate
    from fgan.data import load_data
    from fgan.data.decode import BrokenImageError, Recipe, decode
    from fgan.data.tables import read_tables
    from fgan.exporting.safetensors_file import read_safetensors

    here = place / f"in-{os.getpid()}"
    here.mkdir()
    path, recipe = here / name, Recipe(8, all_frames=True)

    def written(content: bytes) -> Path:
        path.write_bytes(content)
        return path

    def picture(content: bytes) -> None:
        with contextlib.suppress(BrokenImageError):
            decode(content, recipe, name)

    def idx(content: bytes) -> None:
        written(content)
        load_data(f"idx:{here}", say=quiet)

    def labels(content: bytes) -> None:
        written(content)
        load_data(here, say=quiet, image_size=6)

    if name.startswith("pic."):
        return picture
    if name.startswith("estimate."):
        return lambda content: estimate(written(content), path, "kl", method="knn", say=quiet)
    if name.endswith((".csv", ".tsv", ".parquet", ".csv.gz")) and not name.startswith(("metadata", "train.")):
        return lambda content: read_tables([written(content)], [()])
    if name.endswith("idx3-ubyte"):
        return idx
    if name.endswith("idx1-ubyte"):
        (here / "train-images-idx3-ubyte").write_bytes(idx_images())
        return idx
    if name in ("dataset.json", "metadata.jsonl", "metadata.csv"):
        for k in range(3):
            (here / f"{k}.png").write_bytes(png())
        return labels
    if name.endswith(".safetensors"):
        return lambda content: read_safetensors(written(content), name)
    size = 6 if name.endswith((".zip", ".tar", ".gz")) else None
    return lambda content: load_data(written(content), say=quiet, image_size=size)


def quiet(line: str) -> None:
    pass


def png() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (6, 6), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def idx_images() -> bytes:
    return b"\0\0\x08\x03" + struct.pack(">III", 6, 4, 4) + bytes(range(96))


def good_files(place: Path) -> dict[str, bytes]:
    """Return a small good file for every reader, by its name."""
    import pyarrow
    import pyarrow.parquet as parquet

    random_ = np.random.default_rng(0)
    vectors, labels = random_.normal(size=(20, 3)), np.arange(20) % 3
    tar, rows = tarred(), [f"{k},{k * 1.5},w{k % 3},2024-01-{k % 28 + 1:02}" for k in range(30)]
    csv = ("a,b,c,d\n" + "\n".join(rows) + "\n").encode()
    table = {
        "a": list(range(30)),
        "b": [str(k) for k in range(30)],
        "c": [None, 1.5] * 15,
        "d": [True, False] * 15,
    }
    columns = pyarrow.table(table)
    files = {
        "a.npy": saved(np.save, vectors.astype(np.float32)),
        "i.npy": saved(np.save, random_.integers(0, 255, (10, 4, 4), dtype=np.uint8)),
        "a.npz": saved(np.savez, x=vectors, y=labels),
        "c.npz": saved(np.savez_compressed, x_train=vectors, y_train=labels, x_test=vectors, y_test=labels),
        "a.zip": zipped(zipfile.ZIP_DEFLATED),
        "b.zip": zipped(zipfile.ZIP_BZIP2),
        "a.tar": tar,
        "a.tar.gz": gzip.compress(tar),
        "train-images-idx3-ubyte": idx_images(),
        "train-labels-idx1-ubyte": b"\0\0\x08\x01" + struct.pack(">I", 6) + bytes([0, 1, 2, 0, 1, 2]),
        "a.csv": csv,
        "a.csv.gz": gzip.compress(csv),
        **{
            f"{verb}.{kind}.csv": one
            for verb in ("train", "estimate")
            for kind, one in tables_of_programs().items()
        },
        "a.tsv": ("a\tb\n" + "\n".join(f'"{k}"\t{k},5' for k in range(30))).encode(),
        "a.parquet": saved(lambda file, one: parquet.write_table(one, file), columns),
        "z.parquet": saved(
            lambda file, one: parquet.write_table(one, file, compression="zstd", row_group_size=10), columns
        ),
        "dataset.json": b'{"labels": [["0.png", 1], ["1.png", 2], ["2.png", 1]]}',
        "metadata.jsonl": b'{"file_name": "0.png", "label": "a"}\n{"file_name": "1.png", "label": "b"}\n',
        "metadata.csv": b"file_name,label\n0.png,a\n1.png,b\n2.png,a\n",
        "a.safetensors": exported(place),
    }
    for kind, ending in FORMATS.items():
        for mode in MODES.get(kind, ("",)):
            files[".".join(filter(None, ("pic", mode, ending)))] = in_format(kind, mode)
    return {name: one for name, one in files.items() if one}


def tables_of_programs() -> dict[str, bytes]:
    """Return a table as spreadsheets and other programs of several countries write it."""
    rows = [("age", "height", "town", "day")]
    for k in range(60):
        town = ("Oslo", "Rome", "São Paulo", '"A, B; C"')[k % 4]
        rows.append(
            (
                str(20 + k * k % 61),
                f"{150 + k * 7 % 50 / 4:.2f}",
                town,
                f"2024-{1 + k % 12:02}-{1 + k % 28:02}",
            )
        )
    kinds = {
        "semicolon": (";", ",", "\r\n", "cp1252"),
        "tab": ("\t", ",", "\n", "utf-16"),
        "comma": (",", ".", "\n", "utf-8"),
        "bar": ("|", ".", "\r\n", "utf-8-sig"),
    }
    made = {}
    for kind, (separator, point, end, encoding) in kinds.items():
        lines = (separator.join((age, tall.replace(".", point), *rest)) for age, tall, *rest in rows)
        made[kind] = (end.join(lines) + end).encode(encoding)
    return made


def saved(save: Callable, *arrays: object, **named: object) -> bytes:
    file = io.BytesIO()
    save(file, *arrays, **named)
    return file.getvalue()


def zipped(packing: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for k in range(6):
            archive.writestr(f"{'ab'[k % 2]}/{k}.png", png())
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for k in range(6):
            info = tarfile.TarInfo(f"{'ab'[k % 2]}/{k}.png")
            info.size = len(png())
            archive.addfile(info, io.BytesIO(png()))
    return file.getvalue()


def in_format(kind: str, mode: str = "") -> bytes:
    """Return a small picture; nothing where Pillow cannot write it here."""
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    if kind == "ICNS":  # Pillow writes all sizes up to 1024
        inside = png()
        return (
            b"icns"
            + struct.pack(">I", len(inside) + 16)
            + b"icp4"
            + struct.pack(">I", len(inside) + 8)
            + inside
        )
    image = Image.fromarray(pixels)
    image = (image.convert("L") if mode == "I;16" else image).convert(
        mode or {"MSP": "1", "XBM": "1", "SPIDER": "F", "BLP": "P"}.get(kind, "RGB")
    )
    more = {"save_all": True, "append_images": [image.transpose(Image.Transpose.ROTATE_90)]}
    file = io.BytesIO()
    try:
        image.save(file, kind, **(more if kind in ("GIF", "TIFF", "WEBP", "PNG") else {}))
    except (KeyError, OSError, ValueError):
        return b""
    return file.getvalue()


def exported(place: Path) -> bytes:
    """Return an exported generator, trained for a step in a child of its own."""
    run, path = place / "run", place / "exported.safetensors"
    train = ("train", "ring8", *flags({**TINY, "steps": 1}), "--out", str(run))
    export = ("export", str(run), "--to", "safetensors", "--out", str(path))
    for arguments in (train, export):
        found = forks.run(arguments)
        if found.code:
            raise RuntimeError(found.text)
    return path.read_bytes()


if __name__ == "__main__":
    print(torture(float(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 0))
