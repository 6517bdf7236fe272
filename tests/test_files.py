import os
import subprocess
import sys
from pathlib import Path

import pytest
from disk import Disk

from fgan.errors import DataError, ExportError
from fgan.experiments.claims import Claims
from fgan.exporting.hub_folder import write_folder
from fgan.files import replace_durably, save_file, sweep, write_durably
from fgan.owner import owner_name

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


@pytest.fixture
def dead() -> str:
    """The name of a process of this machine that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return owner_name().replace(f"-{os.getpid()}-", f"-{ended.pid}-")


def test_what_dead_processes_left_is_swept_and_what_living_ones_write_stays(tmp_path, dead):
    left = [f".config.json.{dead.split('-')[-2]}.part", f".claims.{dead}", f".lock.{dead}", f".my.hub.{dead}"]
    living = [f".config.json.{os.getppid()}.part", f".claims.{owner_name()}", ".mine.part", ".lock", "x"]
    for name in (*left, *living):
        (tmp_path / name).touch()
    sweep(tmp_path, "my.hub")
    assert {path.name for path in tmp_path.iterdir()} == {*left[:3], *living}
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*living}
    os.utime(tmp_path / living[1], (0, 0))
    sweep(tmp_path)
    assert not (tmp_path / living[1]).exists()


def test_an_export_and_a_comparison_sweep_what_a_kill_left_of_them(tmp_path, dead):
    for name in ("hub", "claims", "theirs"):
        (tmp_path / f".{name}.{dead}").mkdir()
    write_folder(tmp_path / "hub", {"x": b"new"})
    claims = Claims(tmp_path / "claims")
    claims.prepare(["a"])
    (claims.folder / f".probe0.{dead}").touch()
    claims.prepare(["a"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".theirs.{dead}", "claims", "hub"]
    assert sorted(path.name for path in claims.folder.iterdir()) == ["a~free", "comparison~free"]


@pytest.mark.parametrize("way", [Path("x"), Path("x/y/z")])
def test_a_file_that_is_in_the_way_is_named(tmp_path, way):
    (tmp_path / "x").write_text("mine")
    with pytest.raises(DataError, match="x is not a folder, but a folder must be there"):
        save_file(tmp_path / way / "a.png", b"new", "A picture")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(DataError, match=r"b\.png is a folder, but a file must be there"):
        save_file(tmp_path / "b.png", b"new", "A picture")
    with pytest.raises(ExportError, match="x is not a folder, but a folder must be there"):
        write_folder(tmp_path / "x" / "hub", {"x": b"new"})
