"""A run directory of somebody else is data: no code of it runs, and no path of it is followed."""

import json
import pickle
import shutil
import subprocess
import sys
import zipfile

import cloudpickle
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import fgan
from fgan.cli import main
from fgan.errors import FganError
from fgan.training.config import TrainConfig

SMALL = {
    "steps": 4,
    "batch_size": 8,
    "width": 4,
    "latent": 2,
    "checkpoint_every": 2,
    "device": "cpu",
    "penalties": "none",
}


def quiet(line):
    pass


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return exec, (f"open({str(self.mark)!r}, 'w').close()",)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("foreign") / "run"
    fgan.train("ring8", path, say=quiet, bar=False, **SMALL)
    return path


@pytest.fixture
def theirs(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "theirs")


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "mark"


def newest(run):
    return sorted((run / "checkpoints").glob("step-*"))[-1]


def pickled_array(run, mark):
    np.save(run / "data.npy", np.array([Trap(mark)], dtype=object), allow_pickle=True)
    return [
        ["estimate", run / "data.npy", run / "data.npy"],
        ["train", run / "data.npy", "--out", run / "new"],
    ]


def pickled_archive(run, mark):
    np.savez(run / "data.npz", x=np.array([Trap(mark)], dtype=object))
    return [
        ["train", run / "data.npz", "--out", run / "new"],
        ["evaluate", run / "data.npz", "--against", "ring8"],
    ]


def torch_pickle(run, mark):
    for name in ("generator.pt", "generator.safetensors", "state.pt"):
        torch.save(Trap(mark), newest(run) / name)
    return [["sample", run, "--n", "4", "--out", run / "x.npy"], ["train", "ring8", "--resume", "--out", run]]


def plain_pickle(run, mark):
    for name in ("state.json", "state.pkl", "optimizer.pkl"):
        (newest(run) / name).write_bytes(pickle.dumps(Trap(mark)))
    return [["sample", run, "--n", "4", "--out", run / "x.npy"], ["report", run]]


def cloudpickle_in_a_comparison(run, mark):
    config = json.loads((run / "config.json").read_text())
    config.pop("loaded", None)
    folder = run / "comparison"
    (folder / "claims").mkdir(parents=True)
    plan = {"members": {"kl-seed0": config}, "groups": {"kl-seed0": "kl"}, "judging": {}, "log_to": []}
    (folder / "comparison.json").write_text(json.dumps(plan))
    for name in ("claims/kl-seed0", "claims/kl-seed0.1", "generator.pkl", "kl-seed0.pkl"):
        (folder / name).write_bytes(cloudpickle.dumps(Trap(mark)))
    return [["runs", folder], ["report", folder]]


def code_beside(run, mark):
    code = f"open({str(mark)!r}, 'w').close()\n"
    for name in (
        "sitecustomize.py",
        "usercustomize.py",
        "conftest.py",
        "modeling.py",
        "torch.py",
        "json.py",
        "fgan.py",
    ):
        (run / name).write_text(code)
    (run / "plugin.so").write_bytes(b"\x7fELF")
    (run / "config.yaml").write_text(f"!!python/object/apply:os.system ['touch {mark}']")
    return [["sample", run, "--n", "4", "--out", run / "x.npy"], ["report", run], ["runs", run]]


def network_in_the_recipe(run, mark):
    (run / "nets.py").write_text(f"open({str(mark)!r}, 'w').close()\nclass Net: pass\n")
    config = json.loads((run / "config.json").read_text())
    for value in (f"{run}/nets.py:Net", f"{run}/nets.py:Net@0123456789abcdef", "os:system", "nets:Net"):
        (run / "config.json").write_text(json.dumps(config | {"generator": value, "critic": value}))
        yield ["sample", run, "--n", "4", "--out", run / "x.npy"]
        yield ["evaluate", run]
        yield ["report", run]


def names_that_are_templates(run, mark):
    config = json.loads((run / "config.json").read_text())
    evil = "{{ ''.__class__.__mro__[1].__subclasses__() }}{% include '/etc/passwd' %}"
    evil += f"'; touch {mark}; $(touch {mark}) `touch {mark}` </script><script>alert(1)</script>"
    (run / "config.json").write_text(json.dumps(config | {"data": evil, "columns": evil}))
    return [["report", run, "--out", run / "r.html"], ["runs", run]]


def header_of_an_export(run, mark):
    path = run / "model.safetensors"
    about = {
        "architecture": {"kind": "os.system"},
        "frame": {},
        "format": 1,
        "classes": [],
        "latent": {"dimension": 2},
    }
    save_file(
        {"x": torch.zeros(1)}, path, metadata={"fgan": json.dumps(about), "code": f"open({str(mark)!r}, 'w')"}
    )
    return [["sample", path, "--n", "4", "--out", run / "x.npy"]]


def zip_of_traps(run, mark):
    with zipfile.ZipFile(run / "data.zip", "w") as archive:
        archive.writestr("../../mark", b"x")
        archive.writestr("/" + str(mark), b"x")
        archive.writestr("a.pkl", pickle.dumps(Trap(mark)))
    return [["train", run / "data.zip", "--out", run / "new"]]


@pytest.mark.parametrize(
    "way",
    [
        pickled_array, pickled_archive, torch_pickle, plain_pickle, cloudpickle_in_a_comparison, code_beside,
        network_in_the_recipe, names_that_are_templates, header_of_an_export, zip_of_traps,
    ],
)  # fmt: skip
def test_no_code_of_a_folder_runs(way, theirs, mark, monkeypatch, capsys):
    monkeypatch.chdir(theirs)
    for words in way(theirs, mark):
        assert main([str(word) for word in words]) in (0, 2), words
        assert not mark.exists(), words
    if (theirs / "r.html").exists():
        page = (theirs / "r.html").read_text()
        assert "<script>alert(1)" not in page and "root:x:0" not in page


@pytest.mark.slow
def test_nor_when_a_command_starts_in_it(theirs, mark):
    code_beside(theirs, mark)
    for name in ("torch.py", "json.py", "fgan.py"):  # of `python -m` in that folder, not of the script `fgan`
        (theirs / name).unlink()
    script = "import sys; sys.path[:] = [p for p in sys.path if p]; from fgan.cli import main; "
    script += "sys.exit(main(['runs', '.']))"
    subprocess.run([sys.executable, "-c", script], cwd=theirs, check=True, capture_output=True)
    assert not mark.exists()


@pytest.fixture
def private(tmp_path, monkeypatch):
    """Pictures of mine, and a cache of my own."""
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "private"
    folder.mkdir()
    random = np.random.default_rng(0)
    for k in range(24):
        Image.fromarray(random.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(folder / f"{k}.png")
    return folder


def test_a_report_shows_no_pictures_that_a_foreign_recipe_names(private, tmp_path, capsys):
    fgan.train(str(private), tmp_path / "own", say=quiet, bar=False, image_size=8, **SMALL)
    assert main(["report", str(tmp_path / "own")]) == 0
    assert "without the data" not in capsys.readouterr().err  # mine are shown
    theirs = shutil.copytree(tmp_path / "own", tmp_path / "theirs")
    other = shutil.copytree(private, tmp_path / "other")
    config = json.loads((theirs / "config.json").read_text())
    (theirs / "config.json").write_text(json.dumps(config | {"data": str(other)}))
    opened = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fgan.reporting.html.page.data_of", lambda *given: opened.append(given))
        assert main(["report", str(theirs)]) == 0
    said = capsys.readouterr().err
    assert not opened and str(other) in said and "--data DATA" in said
    assert main(["report", str(theirs), "--data", str(other)]) == 0
    assert "without the data" not in capsys.readouterr().err
    assert main(["evaluate", str(theirs), "--n", "10"]) == 2
    assert "reads nothing just because a folder names it" in capsys.readouterr().err
    with pytest.raises(FganError, match="no record that you trained on them"):
        fgan.load(theirs).evaluate(n=10)


def test_an_edited_name_of_the_data_is_believed_by_no_reader(theirs, capsys):
    config = json.loads((theirs / "config.json").read_text())
    (theirs / "config.json").write_text(json.dumps(config | {"data": "moons"}))
    for words in (["evaluate", theirs, "--n", "20"], ["report", theirs], ["sample", theirs, "--n", "3"]):
        assert main([str(word) for word in words]) == 2
        said = capsys.readouterr().err
        assert "was edited after training began (data: 'ring8' in training, 'moons' now)" in said
    with pytest.raises(FganError, match=r"was edited after training began \(data"):
        fgan.load(theirs).evaluate(n=20)
    assert not (theirs / "report.html").exists() and not (theirs / "evaluation.json").exists()


def test_data_of_other_content_are_taken_only_if_they_are_named(private, tmp_path, capsys):
    run = fgan.train(str(private), tmp_path / "own", say=quiet, bar=False, image_size=8, **SMALL)
    (private / "0.png").unlink()
    words = ["evaluate", str(run.path), "--n", "20", "--metrics", "kid", "--extractor", "pixels"]
    assert main(words) == 2
    assert "was trained on other data than" in capsys.readouterr().err
    with pytest.raises(FganError, match="was trained on other data than"):
        fgan.load(run.path).evaluate(n=20)
    assert main(["report", str(run.path)]) == 0
    assert "samples are shown without the data: " in capsys.readouterr().err
    main([*words, "--against", str(private)])
    assert "other data" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../own", "/etc", "..", "", "a/b", "a\\b", "C:", "a\0b", "x" * 300])
def test_a_comparison_names_no_run_outside(trained, tmp_path, name, capsys):
    config = json.loads((trained / "config.json").read_text())
    config.pop("loaded", None)
    folder = tmp_path / "comparison"
    folder.mkdir()
    (folder / "comparison.json").write_text(
        json.dumps({"members": {name: config}, "groups": {name: "kl"}, "judging": {}})
    )
    for words in (["report", folder], ["compare", "--worker", folder]):
        assert main([str(word) for word in words]) == 2
        assert "comparison.json" in capsys.readouterr().err
    assert main(["runs", str(folder)]) == 0
    assert "none of a folder in it" in "".join(capsys.readouterr())


def test_a_run_that_is_a_link_out_of_its_comparison_is_not_followed(trained, tmp_path, capsys):
    config = json.loads((trained / "config.json").read_text())
    config.pop("loaded", None)
    folder = tmp_path / "comparison"
    folder.mkdir()
    (folder / "kl-seed0").symlink_to(trained)
    (folder / "loop").symlink_to(folder / "loop")
    for name in ("kl-seed0", "loop"):
        plan = {"members": {name: config}, "groups": {name: "kl"}, "judging": {}}
        (folder / "comparison.json").write_text(json.dumps(plan))
        assert main(["report", str(folder)]) == 2
        assert "Traceback" not in capsys.readouterr().err
    link = tmp_path / "link"
    link.symlink_to(trained)  # named by the user himself
    assert main(["sample", str(link), "--n", "4", "--out", str(tmp_path / "x.npy")]) == 0


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("width", 10**9, "at most 65,536"), ("depth", 10**6, "at most 1,000"), ("batch_size", 10**12, "10,000,000"),
        ("sample_count", 10**12, "at most 100,000"), ("steps", 10**30, "too large"), ("lr", 10**400, "too large"),
        ("lr", 10**18, "finite|positive"), ("data", "a\0b", "without code 0"), ("seed", -1, "seed"),
        ("divergence", ["kl"], "must be str"), ("objective", {}, "one of"), ("columns", "x" * (10**6 + 1), "at most"),
    ],
)  # fmt: skip
def test_a_recipe_out_of_range_is_refused(field, value, rule):
    text = json.dumps(json.loads(TrainConfig(data="ring8").to_json()) | {field: value})
    if (field, value) == ("lr", 10**18):
        TrainConfig.from_json(text, "here")  # absurd, but a number
        return
    with pytest.raises(FganError, match=rule):
        TrainConfig.from_json(text, "here")


def test_python_refuses_the_same():
    for field, value in (
        ("lr", 10**400),
        ("width", 10**400),
        ("steps", 10**30),
        ("lr_fade", 10**400),
        ("ema", 10**400),
    ):
        with pytest.raises(FganError, match=f"--{field.replace('_', '-')}"):
            TrainConfig(data="ring8", **{field: value})


def test_a_network_beyond_memory_is_refused_before_it_is_built(theirs, capsys):
    config = json.loads((theirs / "config.json").read_text())
    (theirs / "config.json").write_text(json.dumps(config | {"width": 65_536, "depth": 1000}))
    for checkpoint in (theirs / "checkpoints").iterdir():  # as of a version that kept no recipe in it
        state = json.loads((checkpoint / "state.json").read_text())
        del state["recipe"]
        (checkpoint / "state.json").write_text(json.dumps(state))
        (checkpoint / "SHA256SUMS").unlink()
    assert main(["sample", str(theirs), "--n", "4", "--out", str(theirs / "x.npy")]) == 2
    assert "GB" in capsys.readouterr().err


def test_commands_to_repeat_are_quoted(theirs, tmp_path, capsys):
    moved = theirs.rename(tmp_path / "a; touch x")
    assert main(["report", str(moved), "--out", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text()
    assert "a; touch x" in page
    for line in page.splitlines():
        if "fgan " in line and "a; touch x" in line and "<pre>" in line:
            assert "&#39;" in line


def test_a_run_without_checkpoints_is_not_called_somebody_else_s(tmp_path, capsys):
    np.save(tmp_path / "data.npy", np.zeros((64, 2), np.float32) + np.arange(64)[:, None])
    run = tmp_path / "run"
    tiny = ["--width", "8", "--depth", "1", "--steps", "2", "--device", "cpu", "--compile", "off"]
    assert main(["train", str(tmp_path / "data.npy"), "--out", str(run), *tiny]) == 0
    shutil.rmtree(run / "checkpoints")
    capsys.readouterr()
    assert main(["evaluate", str(run), "--n", "10"]) == 2
    assert "has no checkpoint" in capsys.readouterr().err
