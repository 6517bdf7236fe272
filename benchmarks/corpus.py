"""Two thousand damaged files: each loads or is refused, in 10 seconds and 2 GB, and none ends in a traceback.

Good files of every kind that fgan reads (pictures, archives of them, arrays, IDX, tables) are broken at random places:
bytes flipped, cut off, repeated, zeroed, numbers blown up, two files joined, another name; and a few are small files
that are enormous once they are opened. Pictures and
arrays go through `fgan.load_data`, tables through `fgan estimate FILE FILE --method gaussian`.

    python benchmarks/corpus.py                         # 2,000 files, two processes
    python benchmarks/corpus.py --files 200 --seed 7 --keep broken/
"""

import argparse
import gzip
import io
import json
import random
import resource
import select
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
from PIL import Image

SECONDS, GIGABYTES = 10, 2.0
SIDE = 24
FEW = 60  # rows of a table


def pixels(chance: random.Random, *shape: int, kind: str = "uint8") -> np.ndarray:
    """Return random pixels over the whole range of a type."""
    most = np.iinfo(kind).max + 1
    return np.random.default_rng(chance.getrandbits(32)).integers(0, most, shape).astype(kind)


def picture(chance: random.Random, suffix: str) -> bytes:
    """Return a small picture of a format, in one of its modes."""
    modes = {
        "png": "L RGB RGBA P I;16 1",
        "jpg": "L RGB CMYK",
        "gif": "P",
        "tif": "L RGB F I;16",
        "webp": "RGB RGBA",
    }
    mode = chance.choice(modes.get(suffix, "L RGB").split())
    grey = pixels(chance, SIDE, SIDE)
    if mode == "I;16":
        image = Image.fromarray(pixels(chance, SIDE, SIDE, kind="uint16"))
    elif mode == "F":
        image = Image.fromarray(grey.astype("float32") / 255)
    else:
        image = Image.fromarray(pixels(chance, SIDE, SIDE, 3)).convert(mode)
    pages = {}
    if suffix in ("gif", "tif", "webp") and chance.random() < 0.5:
        pages = {"save_all": True, "append_images": [image.rotate(90), image.rotate(180)]}
    memory = io.BytesIO()
    image.save(memory, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()), **pages)
    return memory.getvalue()


def archive(chance: random.Random, suffix: str) -> bytes:
    """Return six pictures in folders of two classes, packed."""
    members = [(f"{'cat' if k % 2 else 'dog'}/{k}.png", picture(chance, "png")) for k in range(6)]
    memory = io.BytesIO()
    if suffix == "zip":
        with zipfile.ZipFile(
            memory, "w", chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
        ) as packed:
            for name, content in members:
                packed.writestr(name, content)
        return memory.getvalue()
    with tarfile.open(fileobj=memory, mode="w:gz" if suffix == "tar.gz" else "w") as packed:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return memory.getvalue()


def array(chance: random.Random, suffix: str) -> bytes:
    """Return vectors or images as numpy saves them, with labels in an archive."""
    values = chance.choice(
        [pixels(chance, 20, 8, 8), np.random.default_rng(chance.getrandbits(32)).normal(size=(30, 3))]
    )
    memory = io.BytesIO()
    if suffix == "npy":
        np.save(memory, values)
    else:
        np.savez(memory, x=values, y=np.arange(len(values)) % 3)
    return memory.getvalue()


def table(chance: random.Random, suffix: str) -> bytes:
    """Return a table of numbers, words and dates as one of many programs writes it."""
    separator = "\t" if suffix == "tsv" else chance.choice([",", ";", "\t", "|"])
    comma = separator != "," and chance.random() < 0.4
    rows = [["age", "height", "town", "day"]]
    for k in range(FEW):
        height = f"{chance.gauss(170, 9):.2f}"
        rows.append(
            [
                str(chance.randint(18, 90)),
                height.replace(".", ",") if comma else height,
                chance.choice(["Oslo", "Rome", "São Paulo", '"A, B; C"']),
                f"2024-{1 + k % 12:02d}-{1 + k % 28:02d}",
            ]
        )
    text = chance.choice(["\n", "\r\n"]).join(separator.join(row) for row in rows) + "\n"
    content = text.encode(chance.choice(["utf-8", "utf-8-sig", "cp1252", "utf-16"]))
    return gzip.compress(content) if suffix == "csv.gz" else content


def parquet(chance: random.Random, suffix: str) -> bytes:
    """Return the same as parquet."""
    import pyarrow
    from pyarrow.parquet import write_table

    columns = {
        "age": [chance.randint(18, 90) for _ in range(FEW)],
        "height": [chance.gauss(170, 9) for _ in range(FEW)],
        "town": [chance.choice(["Oslo", "Rome", None]) for _ in range(FEW)],
    }
    memory = io.BytesIO()
    write_table(pyarrow.table(columns), memory)
    return memory.getvalue()


MAKERS: dict[str, Callable[[random.Random, str], bytes]] = {
    **dict.fromkeys(("png", "jpg", "gif", "tif", "webp", "bmp"), picture),
    **dict.fromkeys(("zip", "tar", "tar.gz"), archive),
    **dict.fromkeys(("npy", "npz"), array),
    **dict.fromkeys(("csv", "tsv", "csv.gz"), table),
    "parquet": parquet,
}
TABLES = {suffix for suffix, maker in MAKERS.items() if maker in (table, parquet)}


def broken(content: bytes, chance: random.Random, other: bytes) -> bytes:
    """Return the content with one to three breaks."""
    for _ in range(chance.choice([1, 1, 2, 3])):
        content = _break(bytearray(content), chance, other)
    return content


def _break(content: bytearray, chance: random.Random, other: bytes) -> bytes:
    if not content:
        return other
    start = (
        chance.randrange(len(content)) if chance.random() < 0.5 else chance.randrange(min(64, len(content)))
    )
    end = min(len(content), start + chance.choice([1, 4, 16, 200]))
    match chance.randrange(9):
        case 0:
            content[start] ^= 1 << chance.randrange(8)
        case 1:
            del content[start:]
        case 2:
            del content[start:end]
        case 3:
            content[start:start] = content[start:end] * chance.choice([1, 50])
        case 4:
            content[start:end] = bytes(end - start)
        case 5:
            content[start : start + 4] = chance.choice(
                [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"]
            )
        case 6:
            content[start:end] = chance.randbytes(end - start)
        case 7:
            content += other
        case _:
            content[start:start] = chance.choice(
                [b"\0", b'"', b"\n", b",", b"1e400", b"NaN", b"9" * 400, b"\x1f\x8b"]
            )
    return bytes(content)


def write_corpus(folder: Path, files: int, seed: int) -> Iterator[tuple[Path, bool]]:
    """Write damaged files; yield what is to be loaded, and whether it is a table."""
    chance = random.Random(seed)
    for name, content in bombs():
        path = folder / f"bomb-{name}" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        if path.suffix in (".png", ".gif"):
            yield path.parent, False
        else:
            yield path, ".csv" in name
    for number in range(files):
        suffix = chance.choice(list(MAKERS))
        good, other = (MAKERS[one](chance, one) for one in (suffix, chance.choice(list(MAKERS))))
        content = broken(good, chance, other)
        name = suffix if chance.random() < 0.9 else chance.choice(list(MAKERS))
        place = folder / f"{number:05d}-{suffix.replace('.', '-')}"
        place.mkdir()
        path = place / f"damaged.{name}"
        path.write_bytes(content)
        if MAKERS[suffix] is picture:
            for k in range(3):
                (place / f"good{k}.png").write_bytes(picture(chance, "png"))
            yield place, False
        else:
            yield path, suffix in TABLES


def bombs() -> Iterator[tuple[str, bytes]]:
    """Return small files that are enormous once they are opened."""
    memory = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(memory, "PNG")
    yield "vast.png", memory.getvalue()
    memory = io.BytesIO()
    frames = [Image.new("P", (8, 8), k % 255) for k in range(20_000)]
    frames[0].save(memory, "GIF", save_all=True, append_images=frames[1:])
    yield "endless.gif", memory.getvalue()
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("a.png", "w") as member:
        for _ in range(1500):
            member.write(bytes(2**20))
    yield "bomb.zip", memory.getvalue()
    memory = io.BytesIO()
    with gzip.open(memory, "wb") as packed:
        for _ in range(1500):
            packed.write(b"1,2\n" * 2**18)
    yield "bomb.csv.gz", memory.getvalue()
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 8, 8), }".ljust(117) + b"\n"
    yield "vast.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    yield "wide.csv", b",".join(b"c%d" % k for k in range(20_000)) + (b"\n" + b",".join([b"1"] * 20_000)) * 60
    yield "commas.csv", b"a,b\n" + b"," * 10_000_000
    yield "quote.csv", b'a,b\n1,"' + b"x,\n" * 2_000_000


def serve() -> None:
    """Load what comes in line by line, and answer with what became of it."""
    answers = sys.stdout
    for line in sys.stdin:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
            answer = _outcome(*json.loads(line), said)
        answer["gigabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps(answer), file=answers, flush=True)


def _outcome(path: str, is_table: bool, said: io.StringIO) -> dict[str, str]:
    import fgan
    from fgan.cli import main

    code = 0
    try:
        if is_table:
            code = main(["estimate", path, path, "--method", "gaussian"])
        else:
            fgan.load_data(path, say=lambda _: None)
    except fgan.FganError as error:
        return {"became": "refused", "why": str(error)}
    except BaseException as error:
        return {"became": "TRACEBACK", "why": f"{type(error).__name__}: {error}"}
    return {"became": "refused" if code == 2 else "loaded", "why": said.getvalue().strip() if code else ""}


class Loader:
    """A process that loads one file after another, and is replaced when one ends it or takes too long."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.highest, self.warm = 0.0, False

    def outcome(self, path: Path, is_table: bool) -> dict[str, str | float]:
        """Load a file, and return what became of it, why, and in how many seconds."""
        assert self.process.stdin and self.process.stdout, "both are pipes"
        started = time.perf_counter()
        self.process.stdin.write(json.dumps([str(path), is_table]) + "\n")
        self.process.stdin.flush()
        patience = SECONDS if self.warm else SECONDS + 20  # the first file waits for imports as well
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        line = self.process.stdout.readline() if ready else ""
        seconds = time.perf_counter() - started
        if not line:
            self.process.kill()
            code = self.process.wait()
            self._start()
            return {"became": "ENDED" if ready else "HUNG", "why": f"exit code {code}", "seconds": seconds}
        found = json.loads(line)
        if found["gigabytes"] > GIGABYTES:
            found.update(became="TOO LARGE", why=f"{found['gigabytes']:.1f} GB")
            self.close()
            self._start()
        self.warm = True
        return {**found, "seconds": seconds}

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def main() -> None:
    """Write a corpus, load it, and say what became of it; exit with 1 where a file did what none may."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="write the files here, and leave them")
    parser.add_argument("--why", action="store_true", help="print the reason of every refusal")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve()
    with tempfile.TemporaryDirectory() as temporary:
        made = list(write_corpus(arguments.keep or Path(temporary), arguments.files, arguments.seed))
        loaders = [Loader(), Loader()]

        def share(which: int) -> list[tuple[Path, dict[str, str | float]]]:
            return [(path, loaders[which].outcome(path, is_table)) for path, is_table in made[which::2]]

        with ThreadPoolExecutor(2) as threads:
            outcomes = [one for part in threads.map(share, (0, 1)) for one in part]
        for loader in loaders:
            loader.close()
    counts = Counter(found["became"] for _, found in outcomes)
    for path, found in sorted(outcomes, key=lambda one: str(one[0])):
        if arguments.why or found["became"] not in ("loaded", "refused"):
            print(f"{found['became']}: {path}: {found['why']}")
    print(", ".join(f"{count} {became}" for became, count in counts.most_common()))
    print(f"slowest {max(float(found['seconds']) for _, found in outcomes):.1f} s")
    sys.exit(1 if set(counts) - {"loaded", "refused"} else 0)


if __name__ == "__main__":
    main()
