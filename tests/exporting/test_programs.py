"""ONNX and torch programs give what the generator gives, for batches of any size, in the data's own numbers."""

import json
import subprocess
import sys

import pytest
import torch
from exported import IMAGES, TIMES, VECTORS, latents, trained

from fgan.errors import ExportError
from fgan.exporting import export
from fgan.exporting.program import difference

silent = lambda line: None  # noqa: E731

CASES = [
    ("mlp", 3, TIMES),
    ("mlp", 0, VECTORS),
    ("mlp", 0, IMAGES),
    *((kind, classes, IMAGES) for kind in ("dcgan", "r3gan", "resnet", "upconv") for classes in (0, 10)),
]


def one_of(case):
    kind, classes, frame = case
    return trained(kind, classes, frame, **({"norm": "group"} if kind != "mlp" else {}))


@pytest.fixture
def session():
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    return lambda path: onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_onnx_gives_the_samples_for_batches_of_1_and_64(case, session, tmp_path):
    one, said = one_of(case), []
    path = export(one, "onnx", tmp_path / "g.onnx", say=said.append)
    assert "onnxruntime" in said[-1] and "differs from torch by" in said[-1]
    program = session(path)
    names = ["latent", "label"] if one.classes else ["latent"]
    assert [entry.name for entry in program.get_inputs()] == names
    assert [entry.name for entry in program.get_outputs()] == ["sample"]
    assert program.get_inputs()[0].shape == ["batch", 5]
    for n in (1, 64, 7):
        fed = {name: value.numpy() for name, value in zip(names, latents(one, n), strict=True)}
        (found,) = program.run(None, fed)
        expected = one.sample(n)
        scale = max(1.0, expected.abs().max().item())
        assert torch.from_numpy(found).dtype == expected.dtype
        assert (torch.from_numpy(found) - expected).abs().max() <= 1e-5 * scale


@pytest.mark.slow
def test_onnx_says_what_its_numbers_mean_and_names_no_file_of_this_machine(session, tmp_path, root):
    path = export(trained("dcgan", 2), "onnx", tmp_path / "g.onnx", say=silent)
    said = session(path).get_modelmeta().custom_metadata_map
    assert (said["divergence"], said["data"], said["latent_dimension"]) == ("kl", "somewhere", "5")
    assert said["latent_law"] == "standard normal" and json.loads(said["classes"]) == ["class 0", "class 1"]
    assert json.loads(said["value_range"]) == [0.0, 1.0] and "255" in said["sample"]
    assert str(root).encode() not in path.read_bytes()


def test_missing_packages_are_named_with_the_line_that_installs_them(monkeypatch, tmp_path):
    monkeypatch.setattr("fgan.exporting.onnx_file.find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r'onnx and onnxscript.*pip install "fgan\[onnx\]"'):
        export(trained(), "onnx", tmp_path / "g.onnx", say=silent)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_without_onnxruntime_it_is_written_and_said_to_be_unchecked(monkeypatch, tmp_path, session):
    from importlib.util import find_spec

    monkeypatch.setattr(
        "fgan.exporting.onnx_file.find_spec", lambda name: None if name == "onnxruntime" else find_spec(name)
    )
    said = []
    assert export(trained(), "onnx", tmp_path / "g.onnx", say=said.append).exists()
    assert "not checked" in said[-1] and 'pip install "fgan[onnx]"' in said[-1]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_torch_program_gives_the_samples(case, tmp_path, root):
    one = one_of(case)
    path = export(one, "torch", tmp_path / "g.pt2", say=silent)
    extra = {"fgan.json": ""}
    program = torch.export.load(path, extra_files=extra).module()
    for n in (1, 64, 7):
        assert torch.equal(program(*latents(one, n)), one.sample(n))
    assert json.loads(extra["fgan.json"])["latent"] == {"dimension": 5, "law": "standard normal"}
    assert str(root).encode() not in path.read_bytes(), "stack traces name files of this machine"


@pytest.mark.slow
def test_a_torch_program_runs_where_fgan_cannot_be_imported(tmp_path):
    one = trained("resnet", 3)
    export(one, "torch", tmp_path / "g.pt2", say=silent)
    torch.save((*latents(one, 64), one.sample(64)), tmp_path / "expected.pt")
    code = """
import sys
sys.modules["fgan"] = None
import torch
z, y, expected = torch.load("expected.pt")
program = torch.export.load("g.pt2").module()
assert torch.equal(program(z, y), expected) and program(z[:1], y[:1]).shape == (1, 1, 8, 8)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_a_program_that_differs_is_not_taken():
    one = trained()
    with pytest.raises(ExportError, match=r"differs from the generator by 0\.1"):
        difference(one, lambda z: one.generator(z) + 0.1)
    with pytest.raises(ExportError, match="but the generator returns"):
        difference(one, lambda z: one.generator(z)[:1].double())


class Branching(torch.nn.Module):
    """A generator of somebody's own that looks at values."""

    def forward(self, z):
        return z[:, :3] if z.sum() > 0 else -z[:, :3]


@pytest.mark.slow
def test_a_generator_that_cannot_be_traced_says_so(tmp_path):
    from fgan.exporting import TrainedGenerator

    one = TrainedGenerator(Branching(), VECTORS, 5, [], "runs/own")
    with pytest.raises(ExportError, match=r"cannot trace the generator of .*runs/own.*--to safetensors"):
        export(one, "torch", tmp_path / "g.pt2", say=silent)
    assert list(tmp_path.iterdir()) == []
