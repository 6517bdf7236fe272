"""`fgan export`, and what it wrote taken by `fgan sample`."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import fgan
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
    assert "--best works for run directories only" in capsys.readouterr().err


def test_mistakes(run, capsys):
    assert main(["export", run, "a.onnx", "--out", "b.onnx"]) == 2
    assert "two output paths given: a.onnx and --out b.onnx" in capsys.readouterr().err
    assert main(["export", "nowhere"]) == 2
    assert "nowhere does not exist" in capsys.readouterr().err
    assert main(["push", run, "ada/run"]) == 2
    assert "Create it: fgan export RUN --to hub --out run" in capsys.readouterr().err


def test_an_exported_generator_is_judged_as_its_run(run, capsys):
    assert main(["export", run, "--to", "hub", "folder"]) == 0
    assert main(["export", run, "--to", "safetensors", "weights.safetensors"]) == 0
    judge = ("--against", "ring8", "--metrics", "fid", "--n", "200")
    capsys.readouterr()
    for name in (run, "folder", "weights.safetensors"):
        assert main(["evaluate", name, *judge, "--json", "--out", f"{name}.json"]) == 0
    found = [
        json.loads(Path(f"{name}.json").read_text())["metrics"]
        for name in (run, "folder", "weights.safetensors")
    ]
    assert found[0] == found[1] == found[2]
    assert not Path("folder/evaluation.json").exists()
    capsys.readouterr()
    for wrong, said in (
        (["evaluate", "folder"], "Pass --against DATA"),
        (
            ["evaluate", "folder", "--against", "ring8", "--best"],
            "selects a checkpoint of a run; folder is not a run",
        ),
        (["report", "folder"], "an exported generator, not a run"),
    ):
        assert main(wrong) == 2
        assert said in capsys.readouterr().err
    with pytest.raises(fgan.FganError, match=r'fgan.evaluate\(fgan.load\("weights.safetensors"\), data\)'):
        fgan.evaluate("weights.safetensors", "ring8")
