import io
import random
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from fgan.data import TensorSource, archives, load_data
from fgan.errors import DataError

RNG = np.random.default_rng(0)
MODES = {".tar": "w", ".tar.gz": "w:gz", ".TGZ": "w:gz"}


def png():
    memory = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(memory, format="PNG")
    return memory.getvalue()


def tarred(path, files, mode="w", extra=()):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in extra:
            archive.addfile(member)
    return str(path)


def all_values(data):
    assert isinstance(data.train, TensorSource) and isinstance(data.held_out, TensorSource)
    return torch.cat([data.train.values, data.held_out.values])


def special(name, kind, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize("suffix", MODES)
def test_a_tar_gives_what_the_folder_gives_and_is_not_extracted(tmp_path, suffix, notes):
    files = {f"./train/{'ab'[k % 2]}/{k:02}.png": png() for k in range(12)}
    for name, content in files.items():
        (tmp_path / "f" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / name).write_bytes(content)
    passed_over = {"./train/.x.png": b"?", "__MACOSX/1.png": b"?", "README": b"?"}
    extra = [
        special("./train", tarfile.DIRTYPE),
        special("./train/link.png", tarfile.SYMTYPE, "/etc/passwd"),
        special("./train/pipe.png", tarfile.FIFOTYPE),
    ]
    shuffled = dict(random.Random(0).sample(list((files | passed_over).items()), 15))
    path = tarred(tmp_path / f"p{suffix}", shuffled, MODES[suffix], extra)
    before = sorted(tmp_path.rglob("*"))
    data, folder = load_data(path, say=notes.append), load_data(tmp_path / "f")
    assert sorted(tmp_path.rglob("*")) == before
    assert {one.reason: one.names for one in data.record.left_out} == {
        "hidden and side files": ("./train/.x.png", "__MACOSX/1.png"), "files that are not pictures": ("README",),
        "links inside the archive": ("./train/link.png",), "neither files nor folders": ("./train/pipe.png",),
    }  # fmt: skip
    with pytest.raises(DataError, match=r"strict.*links inside the archive \(1\): \./train/link"):
        load_data(path, strict=True, say=notes.append)
    assert data.name == path and data.classes == folder.classes == ("a", "b")
    assert torch.equal(all_values(data), all_values(folder))
    assert torch.equal(data.train.labels, folder.train.labels)


@pytest.mark.parametrize("name", ["../a.png", "d/../../a.png", "/a.png", "C:/a.png", "..\\a.png", "d/.."])
def test_a_tar_with_unsafe_names_is_refused_whole(tmp_path, name):
    with pytest.raises(DataError, match="and is refused"):
        load_data(tarred(tmp_path / "a.tar", {"1.png": png(), "2.png": png(), name: png()}))


@pytest.mark.parametrize("suffix", MODES)
@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b nonsense", b"PK\x03\x04"])
def test_what_is_no_tar_is_refused_in_one_line(tmp_path, suffix, content):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(DataError, match=r"is neither .* intact tar archive \(") as caught:
        load_data(tmp_path / f"a{suffix}")
    assert "\n" not in str(caught.value)


def test_a_tar_without_pictures_is_refused(tmp_path):
    with pytest.raises(DataError, match="contains no picture"):
        load_data(tarred(tmp_path / "a.tar", {}))


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_tar_cut_anywhere_is_refused_or_loses_nothing(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    whole = load_data(tarred(path, {f"{k}.png": png() for k in range(4)}, MODES[suffix]))
    raw, refused = path.read_bytes(), 0
    end = len(raw) if suffix == ".tar.gz" else 4 * (512 + 3584) + 1  # less is missing a picture
    assert suffix == ".tar.gz" or not any(raw[end:])
    for length in range(1, end, end // 25):
        path.write_bytes(raw[:length])
        try:
            data = load_data(path, say=lambda note: None)
        except DataError:
            refused += 1
        else:
            # Between two members tarfile cannot tell a cut from the end of an archive without end marks.
            assert length % 512 == 0 or torch.equal(all_values(data), all_values(whole))
    assert refused > 15


def test_a_damaged_header_in_the_middle_is_no_end(tmp_path):
    path = tmp_path / "a.tar"
    tarred(path, {f"{k}.png": png() for k in range(4)})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"2.png")] ^= 1  # the header's checksum no longer holds
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"header at byte .* is damaged"):
        load_data(path)


def test_a_negative_size_does_not_loop(tmp_path):
    path = tmp_path / "a.tar"
    tarred(path, {f"{k}.png": png() for k in range(2)}, extra=[special("x", tarfile.REGTYPE)])
    raw = bytearray(path.read_bytes())
    start = raw.rindex(b"x\0\0\0\0\0\0\0")
    raw[start + 124 : start + 136] = (-4096).to_bytes(12, "big", signed=True)
    raw[start + 148 : start + 156] = b" " * 8
    raw[start + 148 : start + 156] = b"%06o\0 " % sum(raw[start : start + 512])
    path.write_bytes(raw)
    with pytest.raises(DataError, match="intact"):
        load_data(path)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_damage_anywhere_gives_pictures_or_a_data_error_and_nothing_else(tmp_path, suffix, form, monkeypatch):
    monkeypatch.setattr(tarfile, "DEFAULT_FORMAT", form)
    path = tmp_path / f"a{suffix}"
    tarred(path, {f"{'long' * 40}é{k}.png": png() for k in range(3)}, MODES[suffix])
    raw, chance, refused = path.read_bytes(), random.Random(1), 0
    for _ in range(60):
        damaged = bytearray(raw)
        for _ in range(chance.choice([1, 3, 8])):
            damaged[chance.randrange(min(len(raw), chance.choice([600, 2000, len(raw)])))] = chance.randrange(
                256
            )
        path.write_bytes(damaged)
        try:
            load_data(path, say=lambda note: None)
        except DataError:
            refused += 1
    assert refused > 0


def test_a_member_that_would_fill_the_memory_is_skipped_unread(tmp_path, notes, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_MEMBER", 1 << 20)
    files = {"a.png": png(), "b.png": png(), "c.png": png()[:99] + bytes((1 << 20) - 98)}
    assert len(all_values(load_data(tarred(tmp_path / "a.tgz", files, "w:gz"), say=notes.append))) == 2
    assert "c.png (1048577 bytes unpacked, more than 1048576)" in notes[1]
