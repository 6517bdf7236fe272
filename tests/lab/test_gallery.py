"""Run directories in the lab: opened as they are, looked at while they train, and never written to."""

import shutil

import pytest
import torch
from lab_frames import decoded

import fgan
from fgan.errors import FganError
from fgan.lab.gallery import Gallery, found

SMALL = {
    "width": 8,
    "batch_size": 16,
    "log_every": 5,
    "checkpoint_every": 10,
    "sample_every": 0,
    "evaluate_every": 0,
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, data, more in (
        ("digits", "digits", {"conditional": True}),
        ("plain", "digits", {"latent": 5}),
        ("points", "ring8", {}),
    ):
        fgan.train(data, divergence="js", steps=20, out=folder / name, say=lambda _: None, **SMALL, **more)
    return folder


def shown(gallery):
    return decoded(gallery.frame({"run": 1, "playing": False, "steps_per_second": None}))


def test_generators_side_by_side(runs):
    gallery = Gallery([str(runs)])
    header, arrays = shown(gallery)
    assert sorted(header["names"]) == ["digits", "plain", "points"]
    shapes = {name: arrays[f"images{k}"].shape for k, name in enumerate(header["names"])}
    assert shapes == {"digits": (16, 8, 8, 1), "plain": (16, 8, 8, 1), "points": (1, 64, 64, 1)}
    for run in header["runs"]:
        assert run["state"] == "finished" and run["step"] == 20 and run["problem"] == ""
        assert run["curves"]["step"] == [5, 10, 15, 20] and len(run["curves"]["bound"]) == 4


def test_they_are_the_samples_of_fgan_sample(runs):
    header, arrays = shown(Gallery([str(runs / "digits")]))
    samples = fgan.load(runs / "digits").sample(16, seed=0)
    expected = (samples.clamp(0, 1) * 255).round().to(torch.uint8).movedim(1, -1).numpy()
    assert header["labels"] == [str(k) for k in range(10)] and (arrays["images0"] == expected).all()


def test_one_is_followed_while_it_trains(runs, tmp_path):
    options = dict(divergence="kl", out=tmp_path / "run", say=lambda _: None, **SMALL)
    fgan.train("digits", steps=10, **options)
    gallery = Gallery([str(tmp_path / "run")])
    before = shown(gallery)
    assert not gallery.look(), "nothing new"
    fgan.train("digits", steps=20, resume=True, **options)
    assert gallery.look()
    header, arrays = shown(gallery)
    assert header["runs"][0]["step"] == 20 and (arrays["images0"] != before[1]["images0"]).any()


def test_nothing_is_written(runs):
    def state():
        return {path: path.stat().st_mtime_ns for path in sorted(runs.rglob("*"))}

    before = state()
    shown(Gallery([str(runs)]))
    assert state() == before


def test_a_run_without_a_checkpoint_and_a_damaged_one(runs, tmp_path):
    (tmp_path / "young").mkdir()
    (tmp_path / "young" / "config.json").write_bytes((runs / "plain" / "config.json").read_bytes())
    gallery = Gallery([str(tmp_path)])
    header, arrays = shown(gallery)
    assert arrays == {} and header["names"] == ["young"]
    checkpoint = tmp_path / "young" / "checkpoints" / "step-00000010"
    checkpoint.mkdir(parents=True)
    (checkpoint / "checkpoint.json").write_text("{")
    gallery.look()
    header, _ = shown(gallery)
    assert header["runs"][0]["problem"] or header["runs"][0]["state"] != "finished"


def test_a_run_that_is_deleted_is_still_shown_with_the_reason(runs, tmp_path):
    shutil.copytree(runs / "plain", tmp_path / "run")
    gallery = Gallery([str(tmp_path / "run")])
    before = shown(gallery)[1]
    shutil.rmtree(tmp_path / "run")
    assert gallery.look() and not gallery.look()
    header, arrays = shown(gallery)
    assert header["runs"][0]["problem"] and (arrays["images0"] == before["images0"]).all()


def test_what_is_no_run_is_said(tmp_path):
    with pytest.raises(FganError, match="holds no run"):
        found([str(tmp_path)])
    with pytest.raises(FganError):
        found([str(tmp_path / "nowhere")])
