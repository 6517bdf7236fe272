"""What a run exports, what is refused, and that nothing half-written stays."""

import errno
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

import fgan
from fgan import files
from fgan.errors import DataError, ExportError, RunError
from fgan.exporting import TARGETS, export, hub_folder
from fgan.training.run_directory import RunDirectory
from fgan.training.status import Status

silent = lambda line: None  # noqa: E731


def test_a_run_exports_its_sampler_into_its_own_folder(run):
    said = []
    path = export(run, "safetensors", say=said.append)
    assert path == run.path / "export" / "generator.safetensors"
    assert torch.equal(fgan.load(path).sample(9, seed=2), run.sample(9, seed=2))
    assert said == [f"step 40 exported to {path}: checked: the weights read back are equal"]
    assert torch.equal(run.sample(2), RunDirectory(run.path).sample(2)), "the run itself is as it was"


def test_a_step_of_ones_choice(run):
    path = export(str(run.path), "safetensors", step=20, say=silent)
    back = fgan.load(path)
    assert back.about["step"] == 20
    z = torch.randn(3, back.latent)
    assert torch.equal(back.generator(z), run.load_generator(20)(z))


@pytest.mark.parametrize("to", ["safetensors", "hub"])
def test_what_is_there_is_replaced_only_by_force(run, to):
    path = export(run, to, step=20, say=silent)
    before = _contents(path)
    with pytest.raises(ExportError, match="--force"):
        export(run, to, say=silent)
    assert _contents(path) == before
    if to == "hub":
        (path / "mine.txt").write_text("kept")
    export(run, to, force=True, say=silent)
    assert _contents(path) != before
    assert to != "hub" or (path / "mine.txt").read_text() == "kept"


def _contents(path):
    return {one.name: one.read_bytes() for one in (path.iterdir() if path.is_dir() else [path])}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"to": "tflite"}, "--to must be one of onnx, torch, safetensors, hub"),
        ({"to": "onxn"}, 'Did you mean "onnx"'),
        ({"to": "onnx", "out": "g.pt2"}, r"must end in \.onnx.*use --to torch"),
        ({"to": "torch", "license": "mit"}, "--license"),
        ({"to": "torch", "step": 30}, "20, 40; got 30"),
        ({"to": "torch", "best": True}, "no best checkpoint"),
    ],
)
def test_mistakes(run, given, said):
    before = sorted(run.path.rglob("*"))
    with pytest.raises(fgan.FganError, match=said):
        export(run, **given, say=silent)
    assert sorted(run.path.rglob("*")) == before


def test_what_is_no_run(tmp_path, run):
    with pytest.raises(RunError, match="does not exist"):
        export(tmp_path / "nothing", say=silent)
    shutil.rmtree(run.path / "checkpoints")
    with pytest.raises(RunError, match="no checkpoint yet"):
        export(run, say=silent)
    comparison = tmp_path / "comparison"
    comparison.mkdir()
    (comparison / "comparison.json").write_text("{}")
    run.path.rename(comparison / "kl-seed0")
    with pytest.raises(ExportError, match=r"is a comparison.*kl-seed0"):
        export(comparison, say=silent)
    with pytest.raises(ExportError, match="got a list"):
        export([run], say=silent)  # pyright: ignore[reportArgumentType]


def test_a_folder_of_something_else_is_left_alone(run, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("...")
    for force in (False, True):
        with pytest.raises(ExportError, match="is not an export"):
            export(run, "hub", mine, force=force, say=silent)
    with pytest.raises(ExportError, match="is a file"):
        export(run, "hub", mine / "thesis.tex", say=silent)
    assert [path.name for path in mine.iterdir()] == ["thesis.tex"]


def test_a_diverged_run_says_so(run):
    run.write_status(Status("diverged", 40, "the bound is NaN"))
    said = []
    folder = export(run, "hub", say=said.append)
    assert "The run diverged at step 40" in said[0] and "the bound is NaN" in said[0]
    assert said[0] in (folder / "README.md").read_text()


def test_a_run_that_still_trains_says_so(run):
    config = json.loads(run.config_path.read_text())
    run.config_path.write_text(json.dumps(config | {"steps": 100}))
    said = []
    with run.locked():
        export(run, "safetensors", say=said.append)
    assert said[0] == "The run was still training when it was exported, at step 40 of 100."
    export(run, "safetensors", force=True, say=said.append)
    assert said[2] == "This is step 40 of a run of 100 steps."


def test_weights_that_are_not_finite_stay(run):
    path = run.checkpoints().path(40) / "generator_average.safetensors"
    save_file({name: value * torch.nan for name, value in load_file(path).items()}, path)
    with pytest.raises(RunError, match=r"NaN or infinite.*another checkpoint"):
        export(run, "safetensors", say=silent)
    assert export(run, "safetensors", step=20, say=silent).exists()


@pytest.mark.parametrize("to", ["safetensors", "hub"])
def test_a_full_disk_leaves_nothing_and_takes_nothing(run, to, monkeypatch):
    path = export(run, to, step=20, say=silent)
    before = sorted(run.path.rglob("*")), _contents(path)
    write = files.write_durably

    def full(path, content):
        write(path, content[: len(content) // 2])
        if "config" not in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "write_durably", full)
    monkeypatch.setattr(hub_folder, "write_durably", full)
    with pytest.raises((DataError, ExportError), match="No space left"):
        export(run, to, force=True, say=silent)
    assert (sorted(run.path.rglob("*")), _contents(path)) == before


def test_all_targets_are_tried_somewhere():
    assert set(TARGETS) == {"onnx", "torch", "safetensors", "hub"}
