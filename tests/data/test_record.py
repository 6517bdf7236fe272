import json

import numpy as np
import pytest
import torch
from PIL import Image

import fgan
from fgan.data import load_data
from fgan.data.finite import split
from fgan.data.record import Omission, by_reason
from fgan.errors import DataError, FganError
from fgan.load_options import LoadOptions, LoadSettings
from fgan.training.config import TrainConfig
from fgan.training.run_directory import RunDirectory

RNG = np.random.default_rng(0)


def save(path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path, **options)


def test_a_picture_is_one_by_its_content_whatever_it_is_called(tmp_path, notes):
    for name, kind in {"a.txt": "PNG", "b": "JPEG", "c.heic": "WEBP", "d.jpg": "TIFF"}.items():
        save(tmp_path / name, format=kind)
    (tmp_path / "e.png").write_text("<html>not found</html>")
    (tmp_path / "f.txt").write_text("a note")
    (tmp_path / "g.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(50))
    data = load_data(tmp_path, image_size=8, say=notes.append)
    assert len(data.train) + len(data.held_out) == 4
    assert [(one.reason, one.names[0][:6], one.matters) for one in data.record.left_out] == [
        ("files of formats that Pillow cannot open", "g.heic", True),
        ("pictures that cannot be read", "e.png ", True),
        ("files that are not pictures", "f.txt", False),
    ]


def test_what_is_not_there_is_left_out_by_name(tmp_path):
    for k in range(3):
        save(tmp_path / f"{k}.png")
    for name in (".DS_Store", "Thumbs.db", "._0.png", "desktop.ini"):
        (tmp_path / name).write_bytes(b"?")
    (tmp_path / ".git").mkdir()
    data = load_data(tmp_path, image_size=8, strict=True)  # side files are nothing of substance
    assert data.record.left_out[0].count == 5 and not data.record.left_out[0].matters
    try:
        (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    except OSError:
        pytest.skip("this system does not allow symbolic links")
    assert load_data(tmp_path, image_size=8).record.left_out[0].names == ("gone.png",)
    with pytest.raises(DataError, match=r"strict.*broken links \(1\): gone\.png"):
        load_data(tmp_path, image_size=8, strict=True)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("zip", "a.dat"), ("gztar", "b.zip"), ("xztar", "c"), ("tar", "d.png"), ("bztar", "e.gz")],
)
def test_an_archive_is_one_by_its_content(tmp_path, kind, name):
    import shutil

    for k in range(6):
        save(tmp_path / "in" / "ab"[k % 2] / f"{k}.png")
    made = shutil.make_archive(str(tmp_path / "made"), kind, tmp_path / "in")
    path = (tmp_path / "out") / name
    path.parent.mkdir()
    shutil.move(made, path)
    assert load_data(path, image_size=8).record == load_data(tmp_path / "in", image_size=8).record


def test_names_are_written_in_one_line():
    (left,) = by_reason([Omission("a\nb\udcff.png", "odd")])
    assert left.names == ("a\\nb\\udcff.png",) and str(left).encode()


@pytest.mark.parametrize(
    "sizes", [[50, 50], [97, 2, 1], [1] * 9 + [91], [40, 1], [2, 1, 1], [10] * 30, [3] * 20]
)
def test_held_out_samples_are_stratified_and_no_class_is_lost(sizes):
    labels = torch.cat([torch.full((n,), k) for k, n in enumerate(sizes)])
    train, held_out = split(torch.arange(len(labels)), labels)
    total = max(1, len(labels) // 10)
    counts = held_out.labels.bincount(minlength=len(sizes)).tolist()
    assert sum(counts) == total and train.labels.bincount(minlength=len(sizes)).min() >= 1
    spare = total - sum(int(n * total / len(labels)) for n in sizes if n > 1)
    for n, count in zip(sizes, counts, strict=True):
        assert int(n * total / len(labels)) <= count <= int(n * total / len(labels)) + max(1, spare)
    assert sorted([*train.values.tolist(), *held_out.values.tolist()]) == list(range(len(labels)))


def test_classes_of_one_sample_each_cannot_be_stratified():
    with pytest.raises(DataError, match="3 samples of 3 classes"):
        split(torch.arange(3), torch.arange(3))


def test_a_rare_class_is_never_held_out_whole_from_an_array(tmp_path):
    for n in range(30, 60):
        np.savez(tmp_path / "a.npz", x=RNG.random((n, 3)), y=np.arange(n) == n - 1)
        data = load_data(tmp_path / "a.npz")
        assert data.record.classes["True"] == (1, 0)


@pytest.mark.parametrize("names", [("x_{}", "y_{}"), ("{}_images", "{}_labels")])
def test_an_npz_in_parts_keeps_them(tmp_path, names):
    def part(name, n):
        images, labels = (pattern.format(name) for pattern in names)
        return {images: RNG.integers(0, 256, (n, 8, 8)).astype(np.uint8), labels: np.arange(n)[:, None] % 3}

    np.savez(tmp_path / "a.npz", **part("train", 12), **part("test", 5))
    data = load_data(tmp_path / "a.npz")
    assert (len(data.train), len(data.held_out), data.classes) == (12, 5, ("0", "1", "2"))
    np.savez(tmp_path / "b.npz", **part("train", 12), **part("test", 5), **part("val", 4))
    data = load_data(tmp_path / "b.npz")
    assert len(data.held_out) == 4 and data.record.left_out[0].count == 2


def test_samples_of_a_diffusion_model_bring_their_labels(tmp_path):
    np.savez(tmp_path / "a.npz", RNG.integers(0, 256, (9, 8, 8, 3)).astype(np.uint8), np.arange(9) % 2)
    assert load_data(tmp_path / "a.npz").classes == ("0", "1")


def test_both_forms_of_the_options_are_equal():
    assert list(LoadSettings.__annotations__) == list(LoadOptions.__dataclass_fields__)
    config, options = TrainConfig(data="x"), LoadOptions()
    defaults = {**vars(options), **vars(options.table)}
    del defaults["table"]
    assert {name: getattr(config, name) for name in defaults} == defaults


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"image_size": 0}, "--image-size"),
        ({"frames": "some"}, "--frames"),
        ({"background": "pink"}, "--background.*#rrggbb"),
        ({"background": "#12"}, "--background"),
        ({"value_range": "3"}, "--value-range"),
        ({"value_range": "5,2"}, "--value-range"),
        ({"value_range": "nan,2"}, "--value-range"),
        ({"split": "none"}, "--split"),
    ],
)
def test_options_that_are_none_are_refused_everywhere(settings, words):
    with pytest.raises(DataError, match=words):
        load_data("digits", **settings)
    with pytest.raises(FganError):
        TrainConfig(data="x", **settings)


def test_a_run_keeps_what_was_understood_and_its_config_is_still_one(tmp_path):
    for k in range(6):
        save(tmp_path / "p" / "ab"[k % 2] / f"{k}.png")
    (tmp_path / "p" / "bad.png").write_bytes(b"?")
    options = {"image_size": 8, "steps": 2, "batch_size": 4, "width": 8, "sample_every": 0}
    fgan.train(tmp_path / "p", tmp_path / "run", say=lambda line: None, lines=False, **options)
    found = json.loads((tmp_path / "run" / "config.json").read_text())["loaded"]
    assert found["classes"] == {"a": [3, 0], "b": [2, 1]} or found["classes"] == {"a": [2, 1], "b": [3, 0]}
    assert found["left_out"][0]["names"] == ["bad.png (no picture that Pillow recognises)"]
    config = RunDirectory(tmp_path / "run").config()
    assert config.image_size == 8 and config.split == "stratified"
    assert TrainConfig.read(tmp_path / "run" / "config.json") == config


def test_a_run_from_before_goes_on_with_the_part_that_it_held_out(tmp_path):
    for k in range(30):
        save(tmp_path / "p" / "ab"[k % 3 == 0] / f"{k}.png")
    options = {"image_size": 8, "batch_size": 4, "width": 8, "sample_every": 0, "conditional": True}
    quiet = {"say": lambda line: None, "lines": False}
    fgan.train(tmp_path / "p", tmp_path / "run", steps=2, split="shuffled", **quiet, **options)
    path = tmp_path / "run" / "config.json"
    old = json.loads(path.read_text())
    for name in ("loaded", "split", "frames", "background", "value_range"):
        del old[name]
    path.write_text(json.dumps(old))
    fgan.train(tmp_path / "p", tmp_path / "run", resume=True, steps=4, **quiet)
    assert RunDirectory(tmp_path / "run").config().split == "shuffled"
