"""Whatever bytes a folder or an archive holds, loading gives a data set or an FganError."""

import io
import random
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fgan.data import Dataset, load_data
from fgan.errors import FganError

RNG = np.random.default_rng(0)
PICTURES = {
    "PNG": {}, "JPEG": {}, "GIF": {}, "TIFF": {}, "WEBP": {}, "BMP": {}, "PPM": {}, "TGA": {}, "ICO": {}, "PCX": {},
    "SGI": {}, "QOI": {}, "DDS": {},
}  # fmt: skip
ANIMATED = ("GIF", "TIFF", "PNG", "WEBP")
TABLES = {
    "labels.csv": "file,label\n" + "".join(f"{k}.png,{k % 2}\n" for k in range(4)),
    "metadata.jsonl": "".join(f'{{"file_name": "{k}.png", "label": {k % 2}}}\n' for k in range(4)),
    "dataset.json": '{"labels": [["0.png", 1], ["1.png", 0], ["2.png", [0, 1]], ["3.png", null]]}',
    "val_annotations.txt": "".join(f"{k}.png\t{'ab'[k % 2]}\n" for k in range(4)),
}


def encoded(kind, array, **options):
    memory = io.BytesIO()
    Image.fromarray(array).save(memory, format=kind, **options)
    return memory.getvalue()


def pixels(*shape, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def whole_files():
    """Good files of every kind, by their name."""
    found = {f"x.{kind.lower()}": encoded(kind, pixels(24, 20, 3)) for kind in PICTURES}
    for kind in ANIMATED:
        frames = [Image.fromarray(pixels(24, 20)) for _ in range(4)]
        more = {"save_all": True, "append_images": frames}
        found[f"y.{kind.lower()}"] = encoded(kind, pixels(24, 20), **more)
    found |= {
        "deep.png": encoded("PNG", pixels(24, 20, dtype=np.uint16)),
        "clear.png": encoded("PNG", pixels(24, 20, 4)),
        "float.tif": encoded("TIFF", RNG.random((24, 20)).astype(np.float32)),
    }
    return found | {name: text.encode() for name, text in TABLES.items()} | packed_files()


def packed_files():
    members = {f"{'ab'[k % 2]}/{k}.png": encoded("PNG", pixels(24, 20, 3)) for k in range(4)}
    found = {}
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    found["a.zip"] = memory.getvalue()
    for mode, name in (("w", "b.tar"), ("w:gz", "c.tgz"), ("w:xz", "d.tar.xz"), ("w:bz2", "e.tar.bz2")):
        memory = io.BytesIO()
        with tarfile.open(fileobj=memory, mode=mode) as archive:
            for member, content in members.items():
                info = tarfile.TarInfo(member)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        found[name] = memory.getvalue()
    for name, arrays in {
        "f.npz": {"x": pixels(9, 4, 4), "y": np.arange(9) % 3},
        "g.npz": {
            "x_train": RNG.random((9, 4, 4)),
            "y_train": np.arange(9) % 3,
            "x_test": RNG.random((5, 4, 4)),
        },
    }.items():
        memory = io.BytesIO()
        np.savez(memory, **arrays)
        found[name] = memory.getvalue()
    memory = io.BytesIO()
    np.save(memory, pixels(9, 4, 4, dtype=np.uint16))
    return found | {"h.npy": memory.getvalue()}


def damaged(content, chance):
    """Return bytes that are changed, cut, repeated, zeroed or inserted at a few places."""
    raw = bytearray(content)
    how = chance.choice(["change", "change", "change", "cut", "insert", "repeat", "ones", "zeros"])
    reach = chance.choice([20, 60, 300, len(raw)])
    for _ in range(chance.choice([1, 2, 4, 10])):
        at = chance.randrange(min(len(raw), reach))
        if how == "cut":
            return bytes(raw[: max(1, chance.randrange(len(raw)))])
        if how in ("change", "ones", "zeros"):
            patch = {"change": bytes([chance.randrange(256)]), "ones": b"\xff" * 4, "zeros": bytes(8)}[how]
            raw[at : at + len(patch)] = patch
        else:
            raw[at:at] = (
                raw[at : at + 99] if how == "repeat" else bytes(chance.randrange(256) for _ in range(9))
            )
    return bytes(raw)


def load_damaged(tmp_path, count, seed):
    chance, whole, outcomes = random.Random(seed), whole_files(), []
    good = {f"{k}.png": encoded("PNG", pixels(24, 20, 3)) for k in range(4)}
    for number in range(count):
        name = chance.choice(sorted(whole))
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_bytes(damaged(whole[name], chance))
        path = folder / name
        if name in TABLES or name.endswith(("png", "jpeg", "gif", "tiff", "webp")) or chance.random() < 0.3:
            for other, content in good.items():
                (folder / other).write_bytes(content)
            path = folder
        options = {
            "frames": chance.choice([None, "all", "first"]),
            "value_range": chance.choice(["type", "data", "0,100"]),
            "strict": chance.random() < 0.1,
            **({} if path.suffix in (".npy", ".npz") else {"image_size": 8}),
        }
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)  # numpy leaves a damaged .npz to the garbage
                assert isinstance(load_data(path, say=lambda line: line.encode(), **options), Dataset)
        except FganError as error:
            assert "\n" not in str(error)
            outcomes.append("refused")
        else:
            outcomes.append("loaded")
    assert min(outcomes.count("loaded"), outcomes.count("refused")) > count / 10


def test_damaged_files_load_or_are_refused(tmp_path):
    load_damaged(tmp_path, 60, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_many_damaged_files_load_or_are_refused(tmp_path, seed):
    load_damaged(tmp_path, 300, seed)


def test_a_header_that_announces_a_huge_picture_is_refused_before_it_fills_the_memory(tmp_path, notes):
    raw = bytearray(encoded("BMP", pixels(24, 20, 3)))
    raw[18:26] = (9_000).to_bytes(4, "little") + (9_000).to_bytes(4, "little")
    (tmp_path / "c.bmp").write_bytes(raw)
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(encoded("PNG", pixels(8, 8)))
    load_data(tmp_path, image_size=8, say=notes.append)
    assert "c.bmp (announces 9000 by 9000 pixels" in notes[1]


def test_a_packed_tar_that_unpacks_to_far_more_is_refused(tmp_path, monkeypatch):
    from fgan.data import archives

    monkeypatch.setattr(archives, "LARGEST_UNPACKED", 1 << 16)
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        info = tarfile.TarInfo("zeros.bin")
        info.size = 1 << 22
        archive.addfile(info, io.BytesIO(bytes(info.size)))
    with pytest.raises(FganError, match="may unpack to"):
        load_data(tmp_path / "a.tgz")


def test_a_damaged_description_of_parquet_ends_no_process(fgan_command):
    """Asked for a column's size, pyarrow 26 ends the process for this file."""
    table = Path(__file__).parent / "damaged_levels.parquet"
    result = fgan_command("estimate", table, table)
    assert result.returncode == 2 and "damaged_levels.parquet as Parquet" in result.stderr
