import json

import pytest
import torch

import fgan
from fgan.data import save_array


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on digits, hardly trained."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    config = fgan.preset("default", "digits", steps=40, width=32, sample_every=0, log_every=20)
    fgan.train(config, folder, say=lambda line: None)
    return folder


@pytest.fixture
def evaluate(fgan_command, tmp_path):
    import os

    def call(*arguments):
        return fgan_command("evaluate", *arguments, env=os.environ | {"FGAN_CACHE": str(tmp_path / "cache")})

    return call


def test_a_run_is_judged_against_its_own_data(run, evaluate):
    result = evaluate(run, "--metrics", "fid,prdc", "--n", 300)
    assert result.returncode == 0, result.stderr
    for word in ("300 samples", "digits-cnn", "fid", "precision", "coverage", "real vs real"):
        assert word in result.stdout
    saved = json.loads((run / "evaluation.json").read_text())
    assert saved["metrics"]["fid"]["value"] > saved["metrics"]["fid"]["floor"]["value"]


def test_json_is_one_object_on_stdout(run, evaluate, tmp_path):
    result = evaluate(run, "--metrics", "fid", "--n", 100, "--json", "--out", tmp_path / "e.json")
    found = json.loads(result.stdout)
    assert set(found["metrics"]) == {"fid"} and found == json.loads((tmp_path / "e.json").read_text())


@pytest.mark.slow
def test_several_are_pooled(run, evaluate, tmp_path):
    save_array(fgan.load_data("digits").train.draw(200, torch.Generator()), tmp_path / "real.npy")
    arguments = (run, tmp_path / "real.npy", "--against", "digits", "--metrics", "fid", "--n", 100)
    found = json.loads(evaluate(*arguments, "--json").stdout)
    values = [one["metrics"]["fid"]["value"] for one in found["evaluations"]]
    assert found["mean"]["fid"]["value"] == pytest.approx(sum(values) / 2)
    result = evaluate(*arguments)
    assert result.stdout.count("100 samples of") == 2 and "mean over 2" in result.stdout


@pytest.mark.slow
def test_the_nearest_training_images_are_drawn(run, evaluate, tmp_path):
    result = evaluate(run, "--metrics", "fid", "--n", 50, "--neighbours", tmp_path / "n.png")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "n.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_best_checkpoint_is_judged_if_asked_for(evaluate, fgan_command, tmp_path):
    result = fgan_command(
        "train", "digits", "--steps", 20, "--checkpoint-every", 10, "--evaluate-every", 10, "--width", 16,
        "--evaluate-metrics", "fid,recall", "--evaluate-n", 100, "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    lines = [json.loads(line) for line in (tmp_path / "run" / "evaluations.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20]
    assert summary["best"] == min(line["fid"] for line in lines)
    found = evaluate(tmp_path / "run", "--best", "--metrics", "fid", "--n", 100, "--json")
    assert f"best at step {summary['best_step']}" in json.loads(found.stdout)["samples"]


def test_a_metric_of_several_numbers_decides_by_its_first(fgan_command, tmp_path):
    result = fgan_command(
        "train", "ring8", "--steps", 20, "--checkpoint-every", 10, "--evaluate-every", 10, "--width", 16,
        "--evaluate-metrics", "prdc", "--evaluate-n", 100, "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in (tmp_path / "run" / "evaluations.jsonl").read_text().splitlines()]
    assert json.loads(result.stdout)["best"] == max(line["precision"] for line in lines)
    assert set(lines[0]) == {"step", "precision", "recall", "density", "coverage"}


def test_a_result_is_printed_although_the_run_cannot_keep_it(run, evaluate):
    path = run / "evaluation.json"
    path.unlink(missing_ok=True)
    path.mkdir()
    result = evaluate(run, "--metrics", "fid", "--n", 50)
    path.rmdir()
    assert (
        result.returncode == 0
        and "fid" in result.stdout
        and "warning: An evaluation cannot be written" in result.stderr
    )


@pytest.mark.slow
def test_no_mean_is_taken_of_what_was_held_against_different_things(run, fgan_command, evaluate, tmp_path):
    other = tmp_path / "other"
    assert fgan_command("train", "ring8", "--steps", 5, "--width", 8, "--out", other).returncode == 0
    result = evaluate(run, other, "--metrics", "fid", "--n", 50)
    assert (
        result.returncode == 0
        and "no mean over these inputs" in result.stderr
        and "mean over" not in result.stdout
    )
    result = evaluate(run, other, "--neighbours", tmp_path / "n.png")
    assert result.returncode == 2 and "--neighbours works for one input; got 2" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("digits", "--against", "digits", "--batch-size", "0"), "--batch-size must be at least 1"),
        ((), "no samples given"),
        (("ring8",), "is not a run directory (one has a config.json). Pass --against DATA"),
        (("nowhere", "--against", "digits"), "nowhere does not exist"),
        (("ring8", "--against", "digits"), "samples and data must be of the same kind"),
        (("digits", "--against", "digits", "--metrics", "fdi"), 'unknown metric "fdi"'),
        (("digits", "--against", "digits", "--n", "5"), "--n must be at least 20"),
        (("digits", "--against", "digits", "--extractor", "inception"), "torch-fidelity"),
        (("digits", "--against", "digits", "--extractor", "mnist-cnn"), "takes images"),
        (("digits", "--against", "digits", "--best"), "--best selects a checkpoint of a run"),
    ],
)
def test_mistakes_end_with_two_and_a_sentence(evaluate, arguments, message):
    result = evaluate(*arguments)
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr
    assert result.stdout == ""
