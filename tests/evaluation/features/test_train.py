import sys

import numpy as np
import pytest
from PIL import Image

from fgan.evaluation.features.train import main


def folder(path, classes, side=32, each=16):
    random = np.random.default_rng(0)
    for name in map(str, range(classes)):
        (path / name).mkdir(parents=True)
        for k in range(each):
            pixels = random.integers(256, size=(side, side, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path / name / f"{k}.png")
    return path


@pytest.fixture
def train(monkeypatch, capsys):
    """Run the command; returns the exit code and what it printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["train", *map(str, arguments)])
        try:
            main()
        except SystemExit as stop:
            return stop.code, capsys.readouterr().err
        return 0, capsys.readouterr().out

    return run


@pytest.mark.slow
def test_a_folder_of_colour_images_can_be_learned(train, tmp_path):
    out = tmp_path / "w.safetensors"
    arguments = "cifar-cnn", "--data", folder(tmp_path / "f", 10, each=30), "--epochs", 1, "--out", out
    code, printed = train(*arguments)
    assert code == 0 and "right" in printed and out.stat().st_size <= 6 * 10**6
    first = out.read_bytes()
    code, printed = train(*arguments, "--finish")
    assert code == 0 and "right" in printed and out.read_bytes() != first, "it goes on from the file"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cifar-cnn",), "Pass a folder of them with --data"),
        (("cifar-cnn", "--data", "ring8"), "ring8 has none"),
        (("cifar-cnn", "--data", "digits"), "of the shape (3, 32, 32) in at most 10 classes; digits has"),
        (("digits-cnn", "--device", "tpu"), "--device"),
    ],
)
def test_what_cannot_be_learned_is_said(train, tmp_path, arguments, message):
    out = tmp_path / "w.safetensors"
    code, said = train(*arguments, "--out", out)
    assert (code, out.exists()) == (2, False) and message in said


@pytest.mark.parametrize("classes", [2, 12])
def test_too_few_images_and_too_many_classes_are_refused(train, tmp_path, classes):
    data = folder(tmp_path / "f", classes)
    code, said = train("cifar-cnn", "--data", data, "--out", tmp_path / "w.safetensors")
    assert code == 2 and f"in {classes}. Pass other --data" in said


def test_the_same_command_gives_the_same_weights(train, tmp_path):
    files = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for file in files:
        assert train("digits-cnn", "--epochs", 1, "--out", file)[0] == 0
    assert files[0].read_bytes() == files[1].read_bytes()
