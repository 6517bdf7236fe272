"""`fgan export`, and what it wrote taken by `fgan sample`."""

import shutil

import numpy as np
import pytest

from fgan.cli import main


@pytest.fixture
def run(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(root / "tests" / "old_run", tmp_path / "run")
    return "run"


def test_a_hub_folder_by_the_second_name(run, capsys):
    assert main(["export", run, "--to", "hub", "folder", "--license", "mit"]) == 0
    out, said = capsys.readouterr()
    assert out == "folder\n" and "step 40 exported to folder" in said
    assert main(["sample", "folder", "--n", "5", "--out", "a.npy"]) == 0
    assert main(["sample", run, "--n", "5", "--out", "b.npy"]) == 0
    assert np.array_equal(np.load("a.npy"), np.load("b.npy"))
    assert main(["sample", "folder", "--best", "--out", "a.npy"]) == 2
    assert "--best chooses a checkpoint of a run" in capsys.readouterr().err


def test_mistakes(run, capsys):
    assert main(["export", run, "a.onnx", "--out", "b.onnx"]) == 2
    assert "say once where to" in capsys.readouterr().err
    assert main(["export", "nowhere"]) == 2
    assert "holds no run" in capsys.readouterr().err
    assert main(["push", run, "ada/run"]) == 2
    assert "Push a folder that `fgan export RUN --to hub --out run` wrote" in capsys.readouterr().err


def test_verbs_that_want_a_run_say_how_to_go_on(run, capsys):
    assert main(["export", run, "--to", "hub", "folder"]) == 0
    assert main(["evaluate", "folder", "--against", "ring8"]) == 2
    assert "an exported generator, not a run" in capsys.readouterr().err
