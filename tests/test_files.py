import os
from pathlib import Path

import pytest
from disk import Disk

from fgan.errors import DataError
from fgan.files import replace_durably, save_file, write_durably

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what is synced is read off /proc")


def test_a_file_is_on_the_disk_when_it_is_written(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    write_durably(tmp_path / "x", b"new")
    assert disk.holds(tmp_path / "x")


def test_content_is_on_the_disk_before_the_name_and_the_name_afterwards(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(b"old")
    disk = Disk(monkeypatch)
    replace_durably(tmp_path / "x", b"new")
    assert disk.events == [("sync", f".x.{os.getpid()}.part"), ("name", "x"), ("sync", tmp_path.name)]
    assert (tmp_path / "x").read_bytes() == b"new" and len(list(tmp_path.iterdir())) == 1


def test_where_the_disk_refuses_the_old_content_stays_alone(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_durably(tmp_path / "x", b"new")
    with pytest.raises(DataError, match="A picture cannot be written"):
        save_file(tmp_path / "x", b"new", "A picture")
    assert (tmp_path / "x").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
