import json

import numpy as np
import pytest
import torch

import fgan
from fgan import cli, evaluation
from fgan.data import Dataset, Frame, TensorSource, as_dataset
from fgan.training.run_directory import RunDirectory

SMALL = "--steps 20 --width 8 --batch-size 16 --checkpoint-every 10 --sample-count 0"
QUICK = [*SMALL.split(), "--device", "cpu"]


@pytest.fixture
def asked(monkeypatch):
    """Metrics that need no features: how far samples are from 0, and how many; notes what was asked for."""
    asked = []

    def judge_for(dataset, metrics, n, device, say):
        if "fud" in metrics:
            raise fgan.FganError('unknown metric "fud"')
        asked.append((dataset.name, metrics, n, device))
        values = lambda samples: {"far": samples.norm(dim=1).mean().item(), "n": float(len(samples))}  # noqa: E731
        return lambda samples: {name: values(samples)[name] for name in metrics}

    monkeypatch.setattr(evaluation, "judge_for", judge_for)
    monkeypatch.setattr(evaluation, "higher_is_better", lambda name: name == "n")
    monkeypatch.setattr(evaluation, "deciding", lambda name: name)
    return asked


def test_the_metrics_that_the_config_names_judge_the_run(tmp_path, asked, capsys):
    run = tmp_path / "run"
    flags = ["--evaluate-every", "10", "--evaluate-metrics", "far, n", "--evaluate-n", "30"]
    assert cli.main(["train", "ring8", "--out", str(run), "--json", *flags, *QUICK]) == 0
    assert asked == [("ring8", ("far", "n"), 30, "cpu")]
    summary, said = capsys.readouterr()
    lines = [json.loads(line) for line in (run / "evaluations.jsonl").read_text().splitlines()]
    assert [(line["step"], line["n"]) for line in lines] == [(10, 30.0), (20, 30.0)]
    nearest = min(lines, key=lambda line: line["far"])
    assert (json.loads(summary)["best_step"], json.loads(summary)["best"]) == (
        nearest["step"],
        nearest["far"],
    )
    assert "step 10  far " in said

    out = tmp_path / "best.npy"
    assert cli.main(["sample", str(run), "--best", "--n", "30", "--out", str(out)]) == 0
    assert np.linalg.norm(np.load(out), axis=1).mean() == pytest.approx(nearest["far"], rel=1e-5)

    assert cli.main(["train", "--resume", "--out", str(run), "--steps", "30"]) == 0
    assert "best " in capsys.readouterr().out.splitlines()[-1]


def test_a_run_that_is_not_judged_asks_for_no_judge(tmp_path, asked, capsys):
    assert cli.main(["train", "ring8", "--out", str(tmp_path / "run"), "--json", *QUICK]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert asked == [] and summary["best_step"] is None and summary["best"] is None


def test_metrics_that_do_not_exist_are_said_before_anything_is_written(tmp_path, asked, capsys):
    flags = ["--evaluate-every", "10", "--evaluate-metrics", "fud"]
    assert cli.main(["train", "ring8", "--out", str(tmp_path / "run"), *flags, *QUICK]) == 2
    assert 'unknown metric "fud"' in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def files(run) -> dict[str, bytes]:
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in run.rglob("*")
        if path.is_file() and path.name != "speed.jsonl"
    }


FEW = {"steps": 10, "width": 8, "batch_size": 16, "sample_count": 0, "device": "cpu"}


def quiet(line: str) -> None:
    pass


def test_keywords_a_preset_and_a_config_make_the_same_run(tmp_path):
    fgan.train("moons", tmp_path / "keywords", divergence="js", say=quiet, **FEW)
    config = fgan.preset("table", "moons", divergence="js", **FEW)
    fgan.train(config, tmp_path / "config", say=quiet)
    fgan.train(fgan.preset("table", "moons"), tmp_path / "changed", divergence="js", say=quiet, **FEW)
    fgan.train(fgan.load_data("moons"), tmp_path / "dataset", divergence="js", say=quiet, **FEW)
    runs = [files(tmp_path / name) for name in ("keywords", "config", "changed", "dataset")]
    assert runs[0] == runs[1] == runs[2] and len(runs[0]) > 5
    assert json.loads(runs[3]["config.json"])["data"] == "dataset:moons"
    named = ("config.json", "state.json", "SHA256SUMS")  # these hold the name of data without content
    apart = [
        {name: one for name, one in run.items() if not name.endswith(named)} for run in (runs[0], runs[3])
    ]
    assert apart[0] == apart[1] and len(apart[0]) > 3


def test_a_preset_is_named_and_its_settings_change(tmp_path):
    fgan.train("digits", out=tmp_path / "run", preset="original", say=quiet, **FEW)
    config = fgan.RunDirectory(tmp_path / "run").config()
    assert (config.divergence, config.beta1, config.steps, config.width) == ("reverse-kl", 0.9, 10, 8)


def test_a_path_and_ones_own_data_go_by_their_names(tmp_path):
    path = tmp_path / "mine.npy"
    np.save(path, np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32))
    fgan.train(path, tmp_path / "path", say=quiet, **FEW)
    fgan.train(fgan.load_data(path), tmp_path / "data", say=quiet, **FEW)
    assert fgan.RunDirectory(tmp_path / "path").config().data == str(path)
    first, second = (files(tmp_path / name) for name in ("path", "data"))
    del first["config.json"], second["config.json"]
    assert first == second


def test_where_no_folder_is_named_python_and_the_command_line_take_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    summary = fgan.train("ring8", divergence="kl", seed=3, say=quiet, **FEW)
    assert summary.run == "runs/ring8-kl-seed3" and (tmp_path / summary.run / "config.json").is_file()
    assert cli.main(["train", "ring8", "--divergence", "kl", "--seed", "3", *QUICK]) == 2
    assert "runs/ring8-kl-seed3 already holds a run" in capsys.readouterr().err


def test_a_run_by_keywords_is_resumed_by_them(tmp_path):
    fgan.train("ring8", tmp_path / "whole", say=quiet, **FEW)
    fgan.train("ring8", tmp_path / "parts", say=quiet, **{**FEW, "steps": 4})
    fgan.train("ring8", tmp_path / "parts", resume=True, say=quiet, **FEW)
    whole, parts = files(tmp_path / "whole"), files(tmp_path / "parts")
    assert (
        whole["checkpoints/step-00000010/generator.safetensors"]
        == (parts["checkpoints/step-00000010/generator.safetensors"])
    )


@pytest.mark.parametrize(
    ("arguments", "keywords", "words"),
    [
        (["moons"], {"divergance": "js"}, 'unknown setting "divergance". Did you mean "divergence"?'),
        (["moons"], {"preset": "orignal"}, 'unknown preset "orignal". Did you mean "original"?'),
        ([fgan.TrainConfig(data="moons")], {"step": 3}, 'unknown setting "step". Did you mean "steps"?'),
        ([fgan.TrainConfig(data="moons")], {"preset": "original"}, 'and the preset "original"'),
        ([fgan.load_data("moons")], {"dataset": fgan.load_data("moons")}, "two data sets"),
        ([{"a": 1}], {}, "got dict"),
        ([None], {}, "or the data themselves; got None"),
        (["moons"], {"steps": "many"}, "\"steps\" must be int; got 'many'"),
    ],
)
def test_mistakes_are_said_before_anything_is_written(tmp_path, monkeypatch, arguments, keywords, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(fgan.FganError) as caught:
        fgan.train(*arguments, **keywords)
    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_dataset_that_was_passed_is_never_looked_up_by_its_name(tmp_path, monkeypatch):
    """Although its run directory has the same name, and holds pictures."""
    monkeypatch.chdir(tmp_path)
    values = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    mine = Dataset("mine", Frame((3,)), TensorSource(values), TensorSource(values))
    small = {"width": 8, "batch_size": 8, "checkpoint_every": 5, "device": "cpu"}
    fgan.train(mine, "mine", steps=5, say=quiet, **small)
    summary = fgan.train(mine, "mine", steps=10, resume=True, say=quiet, **small)
    assert summary.step == 10 and summary.data == "dataset:mine"
    notes = []
    fgan.report("mine", say=notes.append)
    assert any("was passed to fgan.train as a Dataset" in note for note in notes)


def test_a_run_goes_on_with_its_own_recipe(tmp_path):
    small = {"width": 8, "batch_size": 8, "checkpoint_every": 5, "device": "cpu"}
    fgan.train("moons", tmp_path / "run", divergence="js", steps=5, say=quiet, **small)
    assert fgan.train("moons", tmp_path / "run", steps=10, resume=True, say=quiet).divergence == "js"
    with pytest.raises(fgan.FganError, match="'kl' here"):
        fgan.train("moons", tmp_path / "run", divergence="kl", steps=10, resume=True, say=quiet)


def test_samples_of_numbers_that_float32_cannot_keep_apart_are_float64(tmp_path):
    seconds = 1.7e9 + np.random.default_rng(0).uniform(0, 60, (200, 1))
    summary = fgan.train(seconds, tmp_path / "run", steps=2, checkpoint_every=2, sample_every=2)
    run = RunDirectory(tmp_path / "run")
    drawn = run.sample(100)
    assert drawn.dtype == torch.float64 and len(drawn.unique()) > 90
    assert (drawn - 1.7e9).abs().max() < 1000 and summary.sample is not None
    found = [
        fgan.evaluate(samples, seconds, metrics="fid", say=lambda _: None)["fid"].value
        for samples in (tmp_path / "run", drawn, drawn.numpy(), seconds + 3600)
    ]
    assert found[1] == found[2] and max(found[:3]) < 5 and found[3] > 1000
    assert run.holds_run_on(as_dataset(seconds)) and not run.holds_run_on(as_dataset(seconds + 3600))
