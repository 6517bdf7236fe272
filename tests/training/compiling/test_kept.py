"""Programs on disk: a damaged one is made again, and a folder that cannot be used costs no run."""

import os
import zipfile

import pytest

from fgan.training.compiling import kept

KEY, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Return the folder of programs; what is loaded from it is the path."""
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "_loaded", lambda path: path)
    return tmp_path / "cache" / "programs"


def write(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}/model.so", b"code" * 1000)


def silent(line):
    raise AssertionError(line)


def test_a_program_is_kept_and_found(programs):
    kept.keep(KEY, write, silent)
    assert kept.load(KEY) == programs / f"{KEY}.pt2"
    assert kept.load(OTHER) is None
    assert [path.name for path in programs.iterdir()] == [f"{KEY}.pt2"]


@pytest.mark.parametrize("damage", ["hole", "cut", "empty", "no program", "another program"])
def test_a_damaged_program_is_not_run(damage, programs):
    """Its code would crash the process, in every run of the same recipe."""
    kept.keep(KEY, write, silent)
    path = programs / f"{KEY}.pt2"
    whole = path.read_bytes()
    if damage == "hole":
        path.write_bytes(whole[:2000] + bytes(500) + whole[2500:])
    elif damage == "cut":
        path.write_bytes(whole[:2000])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "no program":
        path.unlink()
        path.mkdir()
    else:
        kept.keep(OTHER, write, silent)
        (programs / f"{OTHER}.pt2").replace(path)
    assert kept.load(KEY) is None
    if damage != "no program":
        kept.keep(KEY, write, silent)
        assert kept.load(KEY) == path


def test_a_program_on_a_disk_that_is_read_only_is_used(programs, monkeypatch):
    kept.keep(KEY, write, silent)

    def refuses(*given):
        raise PermissionError("read-only")

    monkeypatch.setattr(os, "utime", refuses)
    assert kept.load(KEY) == programs / f"{KEY}.pt2"


def test_what_cannot_be_kept_is_used_all_the_same_and_that_is_said(programs):
    programs.parent.write_text("a file where the folder should be")
    said = []
    assert kept.load(KEY) is None
    assert kept.keep(KEY, write, said.append).stem == KEY
    assert len(said) == 1 and "cannot cache" in said[0]


def test_of_many_programs_those_used_last_stay(programs, monkeypatch):
    monkeypatch.setattr(kept, "MOST_PROGRAMS", 2)
    for name in "abc":
        kept.keep(name, write, silent)
        os.utime(programs / f"{name}.pt2", (1, {"a": 3, "b": 1, "c": 2}[name]))
    kept.keep("d", write, silent)
    assert sorted(path.stem for path in programs.iterdir()) == ["a", "d"]
