"""Exported weights read back, and nothing that could run code is read."""

import json
import pickle

import pytest
import torch
from exported import TIMES, VECTORS, latents, trained
from safetensors.torch import save_file

import fgan
from fgan.errors import ExportError
from fgan.exporting import export, read_exported

silent = lambda line: None  # noqa: E731


@pytest.fixture
def weights(tmp_path):
    return export(trained("dcgan", 3), "safetensors", tmp_path / "g.safetensors", say=silent)


@pytest.mark.parametrize(
    "given", [{"classes": 3}, {"kind": "resnet", "norm": "group"}, {"frame": TIMES}, {"frame": VECTORS}]
)
def test_it_reads_back_to_the_same_samples(given, tmp_path):
    one = trained(**given)
    path = export(one, "safetensors", tmp_path / "g.safetensors", say=silent)
    back = fgan.load(path)
    assert torch.equal(back.sample(70, seed=3), one.sample(70, seed=3))
    inputs = latents(one, 4)
    assert torch.equal(back.generator(*inputs), one.generator(*inputs))
    assert (back.classes, back.frame, back.latent, back.about) == (
        one.classes,
        one.frame,
        one.latent,
        one.about,
    )


def test_a_class_by_name(weights):
    back = fgan.load(weights)
    assert torch.equal(back.sample(3, label="class 1")[1], back.sample(3)[1])
    with pytest.raises(ExportError, match='got "cat", but its classes are class 0, class 1, class 2'):
        back.sample(3, label="cat")


def test_it_is_exported_again_in_another_form(weights, tmp_path):
    path = export(weights, "hub", tmp_path / "hub", say=silent)
    assert torch.equal(fgan.load(path).sample(5), fgan.load(weights).sample(5))
    with pytest.raises(ExportError, match="--out"):
        export(weights, "torch", say=silent)
    with pytest.raises(ExportError, match="--step and --best select a checkpoint of a run"):
        export(weights, "torch", tmp_path / "h.pt2", step=3, say=silent)


def test_damage_is_an_error_of_the_house(weights, tmp_path):
    content = weights.read_bytes()
    weights.write_bytes(content[:-100])
    with pytest.raises(ExportError, match="cannot be read as safetensors"):
        fgan.load(weights)
    with pytest.raises(ExportError, match="does not exist"):
        fgan.load(tmp_path / "nothing.safetensors")
    save_file({"w": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ExportError, match="was not exported by fgan"):
        fgan.load(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"format": 2}, "written by a newer fgan"),
        ({"architecture": None}, "never loads code"),
        ({"frame": {}}, "damaged"),
        ({"latent": 3}, "damaged"),
        ({"classes": ["a"]}, "damaged"),
        ({"architecture": {"kind": "os.system"}}, "damaged"),
    ],
)
def test_a_header_that_does_not_fit(changed, said, tmp_path):
    from safetensors import safe_open

    path = export(trained(classes=3), "safetensors", tmp_path / "g.safetensors", say=silent)
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["fgan"]) | changed
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata={"fgan": json.dumps(about)})
    with pytest.raises(ExportError, match=said):
        fgan.load(path)


class Trap:
    def __reduce__(self):
        return (open, ("sprung", "w"))


def test_code_in_a_folder_is_named_and_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = export(trained(), "hub", "folder", say=silent)
    (folder / "generator.bin").write_bytes(pickle.dumps(Trap()))
    (folder / "model.py").write_text("open('sprung', 'w')")
    said = []
    back = read_exported(folder, said.append)
    assert back.sample(2).shape == (2, 1, 8, 8)
    assert "generator.bin, model.py; fgan neither reads nor runs it" in said[0]
    (folder / "generator.safetensors").unlink()
    with pytest.raises(fgan.FganError):
        fgan.load(folder)
    assert not (tmp_path / "sprung").exists()
