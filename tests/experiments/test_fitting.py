"""Without a preset, a run takes the one that fits its data; what users set stands, and runs go on as they began."""

import json

import numpy as np
import pytest

import fgan
from fgan.errors import FganError
from fgan.experiments.fitting import fitting
from fgan.experiments.presets import PRESETS

LITTLE = {"steps": 2, "device": "cpu", "compile": "off", "batch_size": 8, "width": 4}


def quiet(line):
    """Take no note."""


def pictures(*shape, n=40):
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)


def recipe(run):
    return json.loads((run.path / "config.json").read_text())


@pytest.mark.parametrize(
    ("data", "wanted", "with_classes"),
    [
        ("ring8", "default", "default"),
        ("moons", "table", "table"),
        (np.zeros((40, 2)) + np.arange(40)[:, None], "table", "table"),
        (pictures(8, 8), "default", "default"),
        (pictures(16, 16), "default", "mnist-small"),
        (pictures(27, 27), "default", "default"),
        (pictures(28, 28), "default", "mnist-small"),
        (pictures(8, 8, 3), "default", "default"),
        (pictures(16, 16, 3), "color-small", "color-small"),
        (pictures(27, 27, 3), "default", "default"),
        (pictures(32, 32, 3), "color-small", "color-small"),
    ],
)
def test_the_preset_goes_by_the_data_and_by_what_perceptrons_cannot_do(data, wanted, with_classes):
    dataset = fgan.load_data(data) if isinstance(data, str) else fgan.data.as_dataset(data, say=quiet)
    assert fitting(dataset) == wanted
    assert fitting(dataset, conditional=True) == with_classes
    assert fitting(dataset, augmented=True) == with_classes
    own = fitting(dataset, own_networks=True, conditional=True, augmented=True)
    assert own == ("table" if wanted == "table" else "default")


def test_tables_have_their_own(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("size,colour\n" + "".join(f"{k / 7},{'red' if k % 3 else 'blue'}\n" for k in range(60)))
    dataset = fgan.load_data(str(path), say=quiet)
    assert fitting(dataset) == fitting(dataset, own_networks=True) == "table"
    said = []
    run = fgan.train(path, tmp_path / "run", say=said.append, **LITTLE)
    assert recipe(run)["n_critic"] == PRESETS["table"]["n_critic"]
    assert any(
        "preset table, which fits these data: n-critic 3, cooldown 0.5 (others" in line for line in said
    )


def test_what_users_set_stands(tmp_path):
    data = pictures(16, 16, 3)
    run = fgan.train(data, tmp_path / "fits", say=quiet, **LITTLE)
    chosen = PRESETS["color-small"]
    assert recipe(run)["network"] == chosen["network"] and recipe(run)["penalties"] == chosen["penalties"]
    assert recipe(run)["width"] == 4 and recipe(run)["steps"] == 2
    plain = fgan.train(data, tmp_path / "plain", say=quiet, network="mlp", **LITTLE)
    named = fgan.train(data, tmp_path / "named", say=quiet, preset="default", **LITTLE)
    assert recipe(plain) | {"data": ""} == recipe(named) | {"data": ""}


def test_grey_pictures_are_augmented_with_convolutions(tmp_path):
    data = pictures(16, 16)
    for augment, network in {"none": "mlp", "translation": "upconv"}.items():
        run = fgan.train(data, tmp_path / augment, say=quiet, augment=augment, **LITTLE)
        assert recipe(run)["network"] == network


def test_classes_of_grey_pictures_are_learnt_by_convolutions(tmp_path):
    data = (pictures(16, 16, n=120), np.arange(120) % 2)
    said = []
    run = fgan.train(data, tmp_path / "run", say=said.append, conditional=True, **LITTLE)
    assert recipe(run)["network"] == PRESETS["mnist-small"]["network"] == "upconv"
    assert any("preset mnist-small, which fits these data: network upconv" in line for line in said)
    fgan.train(data, tmp_path / "run", say=quiet, conditional=True, resume=True, **LITTLE | {"steps": 3})
    comparison = fgan.compare(data, ["kl", "js"], out=tmp_path / "all", say=quiet, conditional=True, **LITTLE)
    assert {recipe(run)["network"] for run in comparison.runs.values()} == {"upconv"}


def test_the_command_line_chooses_alike(tmp_path, fgan_command):
    path = tmp_path / "pictures.npz"
    np.savez(path, pictures(16, 16, 3))
    flags = ["--steps", "2", "--device", "cpu", "--compile", "off", "--batch-size", "8", "--width", "4"]
    done = fgan_command("train", path, "--out", tmp_path / "cli", *flags)
    assert "preset color-small, which fits these data" in done.stdout
    run = fgan.train(path, tmp_path / "python", say=quiet, **LITTLE)
    assert recipe(fgan.load(tmp_path / "cli")) == recipe(run)


def test_a_run_goes_on_as_it_began(tmp_path):
    data = pictures(16, 16, 3)
    fgan.train(data, tmp_path / "run", preset="default", say=quiet, **LITTLE)
    run = fgan.train(data, tmp_path / "run", resume=True, say=quiet, steps=4)
    assert recipe(run)["network"] == "mlp" and recipe(run)["steps"] == 4
    with pytest.raises(FganError, match="lr"):
        fgan.train(data, tmp_path / "run", resume=True, say=quiet, lr=0.5)


def test_a_taken_folder_is_refused_before_the_data_are_read(tmp_path):
    fgan.train("ring8", tmp_path / "run", say=quiet, **LITTLE)
    with pytest.raises(FganError, match="resume"):
        fgan.train(tmp_path / "no-such-file.csv", tmp_path / "run", say=quiet, **LITTLE)


def test_a_comparison_goes_on_as_it_began(tmp_path):
    path = tmp_path / "pictures.npz"
    np.savez(path, pictures(16, 16, 3, n=100))
    little = LITTLE | {"seeds": 1, "n": 20, "metrics": "fid", "jobs": 1, "say": quiet}
    fgan.compare(path, ["kl"], out=tmp_path / "old", preset="default", **little)
    again = fgan.compare(path, ["kl"], out=tmp_path / "old", resume=True, **little)
    assert recipe(again.runs["kl-seed0"])["network"] == "mlp"
    for resume in (False, True):
        new = fgan.compare(path, ["kl"], out=tmp_path / "new", resume=resume, **little)
        assert recipe(new.runs["kl-seed0"])["network"] == PRESETS["color-small"]["network"]


@pytest.mark.parametrize("preset", ["auto", "default"])
def test_a_comparison_from_before_there_was_a_precision_goes_on(tmp_path, preset):
    little = LITTLE | {
        "n": 20,
        "metrics": "fid",
        "jobs": 1,
        "say": quiet,
        "preset": preset,
        "out": tmp_path / "old",
    }
    fgan.compare("digits", ["kl"], **little)
    plan_path = tmp_path / "old" / "comparison.json"
    plan = json.loads(plan_path.read_text())
    for member, config in plan["members"].items():
        del config["precision"]
        (tmp_path / "old" / member / "config.json").write_text(json.dumps(config | {"compile": "off"}))
    plan_path.write_text(json.dumps(plan))
    fgan.compare("digits", ["kl"], resume=True, **little)
    assert json.loads(plan_path.read_text())["members"]["kl-seed0"]["precision"] == "float32"
