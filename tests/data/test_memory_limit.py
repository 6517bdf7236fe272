"""Reading data keeps to a limit of memory: declared, measured, and said."""

import os
import struct
import sys
import tarfile
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

import fgan
from fgan import memory
from fgan.cli import main
from fgan.data import load_data
from fgan.data.tables import read_table
from fgan.errors import FganError, MemoryLimitError
from fgan.memory import Budget, current_budget, memory_limit

MB = 1 << 20


def test_what_is_declared_is_refused_beyond_the_limit_with_the_flag_to_use():
    with (
        memory_limit("10MB") as budget,
        pytest.raises(MemoryLimitError, match=r"^A table needs 11 MB .*10 MB.*--memory"),
    ):
        budget.require(11_000_000, "A table")


def test_what_is_used_beyond_what_was_declared_counts():
    with memory_limit(64 * MB) as budget:
        held = [np.ones(MB) for _ in range(16)]  # 128 MB, of which nothing was said
        with pytest.raises(MemoryLimitError, match=r"takes .* of memory; the limit is 67\.1 MB"):
            budget.require(0, "Reading")
        del held
        budget.require(1, "Reading")


def test_the_innermost_limit_holds_and_the_variable_is_the_default(monkeypatch):
    monkeypatch.setenv("FGAN_MEMORY", "3MB")
    with memory_limit() as outer:
        assert outer.limit == 3_000_000
        with memory_limit() as same, memory_limit("2MB") as inner:
            assert same is outer and current_budget() is inner
        assert current_budget() is outer


def test_a_thread_waits_for_room_that_others_leave():
    budget, order = Budget(100 * MB, "of this test"), []
    begun = threading.Event()

    def other():
        with budget.reserved(80 * MB, "One"):
            begun.set()
            assert not order
        order.append("one")

    thread = threading.Thread(target=other)
    with budget.reserved(90 * MB, "Two", wait=False) as fits:
        assert fits
        thread.start()
        assert not begun.wait(0.1)
        with budget.reserved(90 * MB, "Three", wait=False) as fits:
            assert not fits
    thread.join()
    assert begun.is_set() and order == ["one"]


def test_memory_that_runs_out_is_said_and_no_traceback():
    with pytest.raises(MemoryLimitError, match="ran out of memory"), memory_limit("1GB"):
        raise MemoryError


@pytest.mark.parametrize("text", ["", "8Q", "-1GB", "1e400", "0", "GB", "9" * 30])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(FganError, match="must be a size such as 8GB"):
        memory.bytes_in(text)


def test_a_long_cell_among_many_rows_is_refused_by_its_column(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "w,1\n" * 20_000 + "w" * 100_000 + ",1\n")
    with (
        pytest.raises(MemoryLimitError, match=r'column "a" of .*100,000 letters.*--drop'),
        memory_limit("1GB"),
    ):
        read_table(path)


def test_a_table_of_too_many_columns_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(",".join(f"c{k}" for k in range(70_000)) + "\n" + ",".join("1" * 70_000) + "\n")
    with pytest.raises(FganError, match="at most 65,536 columns"):
        read_table(path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs sparse files")
def test_a_header_of_numpy_that_announces_its_length_wrongly_is_not_read(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x02\0" + struct.pack("<I", 2**31 - 1))
    os.truncate(path, 1 << 31)
    with pytest.raises(FganError, match=r"header announces 2,147,483,647 bytes"):
        load_data(path)


def test_members_of_a_zip_packed_by_bzip2_are_read_and_checked(tmp_path):
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / "a.png")
    content, path = (tmp_path / "a.png").read_bytes(), tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for k in range(3):
            archive.writestr(f"{k}.png", content)
    assert len(load_data(path, image_size=8).train) == 2
    damaged = bytearray(path.read_bytes())
    at = damaged.find(b"PK\1\2") + 16
    damaged[at] ^= 1  # of the first checksum
    path.write_bytes(damaged)
    notes = []
    load_data(path, image_size=8, say=notes.append)
    assert "0.png (Bad CRC-32)" in " ".join(notes)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_of_a_tar_that_announces_gigabytes_is_refused(tmp_path, kind):
    info = tarfile.TarInfo("a")
    info.type, info.size = kind, 1 << 32
    path = tmp_path / "a.tar"
    path.write_bytes(info.tobuf() + bytes(1024))
    with pytest.raises(MemoryLimitError, match="Unpacking"), memory_limit("1GB"):
        load_data(path)


def test_pictures_beyond_the_limit_are_refused_by_name(tmp_path):
    for k in range(2):
        Image.new("RGB", (3000, 3000)).save(tmp_path / f"{k}.png")
    with (
        pytest.raises(MemoryLimitError, match=r"Decoding 0\.png \(3000 by 3000 pixels\)"),
        fgan.memory_limit("20MB"),
    ):
        load_data(tmp_path)


def honest(folder, kind):
    """Write data, and return their file."""
    random, path = np.random.default_rng(0), folder / f"a.{kind}"
    if kind == "npz":
        np.savez(path, x=random.normal(size=(500_000, 8)).astype(np.float32))
    elif kind == "csv":
        rows = (",".join(f"{cell:.4f}" for cell in row) for row in random.normal(size=(20_000, 4)))
        path.write_text("a,b,c,d\n" + "\n".join(rows) + "\n")
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for k in range(100):
                pixels = random.integers(0, 255, (64, 64, 3), dtype=np.uint8)
                with archive.open(f"{k}.png", "w") as file:
                    Image.fromarray(pixels).save(file, "PNG")
    return path


@pytest.mark.parametrize(("kind", "times"), [("npz", 3), ("csv", 20), ("zip", 12)])
def test_honest_data_need_little_more_than_they_hold(tmp_path, kind, times):
    path = honest(tmp_path, kind)
    options = {"image_size": 64, "say": lambda note: None}
    if kind != "zip":
        del options["image_size"]
    with memory_limit(int(times * path.stat().st_size)):
        assert len(load_data(path, **options).train)
    with pytest.raises(MemoryLimitError, match="--memory"), memory_limit(path.stat().st_size // 2):
        load_data(path, **options)


@pytest.mark.parametrize("name", ["../out.png", "/out.png", "C:\\out.png", "a/../../out.png"])
def test_a_zip_with_unsafe_names_is_refused_and_writes_nothing(tmp_path, name):
    place = tmp_path / "in"
    place.mkdir()
    with zipfile.ZipFile(place / "a.zip", "w") as archive:
        for one in ("1.png", name):
            archive.writestr(one, b"x")
    with pytest.raises(FganError, match="and is refused") as caught:
        load_data(place / "a.zip", image_size=8)
    assert repr(name) in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == [place, place / "a.zip"]


def test_names_that_are_empty_or_no_text_are_left_out_and_said(tmp_path, notes):
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    picture, path = (tmp_path / "a.png").read_bytes(), tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("EMPTY.png", "é\x1b[2J.png", "2.png", "3.txt"):
            archive.writestr(name, picture)
    content = path.read_bytes()
    path.write_bytes(content.replace("é".encode(), b"\xff\xfe"))  # no UTF-8, though the archive says so
    with pytest.raises(FganError, match="intact zip"):
        load_data(path, image_size=8)
    info = zipfile.ZipInfo("x")
    info.filename = ""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, picture)
        for name in ("1\x1b[2J.png", "2.png"):
            archive.writestr(name, picture)
    load_data(path, image_size=8, say=notes.append, strict=False)
    assert "a member without a name" in " ".join(notes) and "\x1b" not in " ".join(notes)


def test_a_word_that_a_small_parquet_file_repeats_is_counted_before_it_is_written_out(tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"a": ["w" * MB] * 500}), path, compression="zstd")
    assert path.stat().st_size < MB
    with pytest.raises(MemoryLimitError, match='column "a"'), memory_limit(64 * MB):
        read_table(path)


@pytest.mark.parametrize("before", [None, "3GB"])
def test_the_flag_holds_until_its_command_has_ended(tmp_path, monkeypatch, before):
    monkeypatch.delenv(memory.VARIABLE, raising=False)
    if before:
        monkeypatch.setenv(memory.VARIABLE, before)
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1.5,2\n" * 100_000)
    assert main(["estimate", str(path), str(path), "--memory", "10kB"]) == 2
    assert os.environ.get(memory.VARIABLE) == before
