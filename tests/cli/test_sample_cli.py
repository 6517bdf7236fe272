"""`fgan sample` and `fgan train --gif` as users type them."""

import json

import numpy as np
import pytest
from PIL import Image

import fgan
from fgan.cli import main

WIDTHS = ("--width", "8", "--depth", "1", "--latent", "6")
SMALL = (*WIDTHS, "--steps", "12", "--batch-size", "16", "--sample-count", "4", "--device", "cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    assert main(["train", "digits", "--conditional", "--gif", "--out", f"{folder}/digits", *SMALL]) == 0
    assert main(["train", "moons", "--sample-every", "0", "--out", f"{folder}/moons", *SMALL]) == 0
    return folder


@pytest.fixture
def sample(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()

    def call(run, *arguments):
        code = main(["sample", str(folder / run), *map(str, arguments)])
        return code, capsys.readouterr().err

    return call


def frames(path):
    with Image.open(path) as opened:
        return opened.n_frames, opened.size


def test_gif_keeps_a_time_lapse_and_says_so(folder):
    assert frames(folder / "digits/time-lapse.gif")[0] == 13
    assert json.loads((folder / "digits/config.json").read_text())["sample_every"] == 1


def test_walks(sample):
    code, said = sample("digits", "--walk", 3)
    assert code == 0 and said.startswith("saved walk.gif: 36 pictures (") and "kB)" in said
    assert frames("walk.gif") == (36, (262, 262))
    assert (
        sample("digits", "--walk", 2, "--n", 1, "--label", 7, "--frames", 4, "--fps", 5, "--out", "A.WEBP")[0]
        == 0
    )
    assert frames("A.WEBP") == (4, (256, 256))
    assert sample("moons", "--walk", 3, "--n", 30, "--frames", 3, "--out", "m.apng")[0] == 0
    assert frames("m.apng") == (3, (500, 500))


def test_interpolations_and_grids(sample, folder):
    assert sample("digits", "--interpolate", 3, 7)[0] == 0
    width, height = Image.open("samples.png").size
    assert height == 10 * 66 - 2 and width > 8 * 66 - 2
    assert sample("digits", "--interpolate", 3, 7, "--label", 5, "--n", 4, "--out", "row.npy")[0] == 0
    run, row = fgan.load(folder / "digits"), np.load("row.npy")
    assert row.shape == (4, 8, 8)  # as a file of grey pictures is
    for place, seed in ((0, 3), (-1, 7)):
        assert np.allclose(row[place], 255 * run.sample(1, seed=seed, label="5")[0, 0], atol=0.51)
    assert sample("digits", "--interpolate", 3, 7, "--frames", 6, "--out", "there-and-back.gif")[0] == 0
    assert frames("there-and-back.gif")[0] == 6
    assert sample("moons", "--interpolate", 3, 7, "--out", "path.png")[0] == 0
    code, said = sample("digits", "--grid-by-class", "--n", 3, "--truncate", 0.5, "--out", "grid.png")
    assert code == 0 and "saved grid.png: 10 classes" in said and "Do not evaluate on them" in said
    assert Image.open("grid.png").height == 10 * 66 - 2


def test_truncated_samples_are_said_to_be_so(sample):
    assert "truncate" not in sample("digits", "--out", "all.npy")[1]
    assert "less varied" in sample("digits", "--truncate", 0.2, "--out", "cut.npy")[1]
    assert np.load("cut.npy").shape == np.load("all.npy").shape
    assert not np.array_equal(np.load("cut.npy"), np.load("all.npy"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--walk 1", "at least 2 latents"),
        ("--walk 3 --frames -2", "the number of latents"),
        ("--walk 3 --out x.avi", "must end in .gif, .webp, .apng or .mp4 with --walk"),
        ("--out x.gif", "For an animation add --walk 8"),
        ("--walk 3 --grid-by-class", "--walk and --grid-by-class cannot be combined"),
        ("--interpolate 1 1", "two different seeds"),
        ("--interpolate 1 2 --seed 3", "Leave --seed out"),
        ("--interpolate 1 2 --n 3 --out x.gif", "is an animation. Use --frames instead"),
        ("--grid-by-class --label 3", "Leave --label out"),
        ("--grid-by-class --out x.npy", "must end in .png with --grid-by-class"),
        ("--frames 3", "--frames works for animations only"),
        ("--n 0", "--n must be at least 1; got 0"),
        ("--walk 2 --fps 0", "fps must be above 0"),
        ("--truncate 0", "--truncate must be above 0"),
        ("--walk 2 --frames 2 --out digits.gif/walk.gif", "cannot be written to"),
    ],
)
def test_mistakes_leave_nothing(sample, arguments, words, tmp_path):
    (tmp_path / "digits.gif").touch()
    code, said = sample("digits", *arguments.split())
    assert code == 2 and words in said and said.startswith("fgan: ")
    assert [path.name for path in tmp_path.iterdir()] == ["digits.gif"]


def test_a_folder_without_a_run_and_a_run_without_classes(sample):
    assert "none does not exist" in sample("none", "--walk", 3)[1]
    assert "needs a run trained with --conditional" in sample("moons", "--grid-by-class")[1]
