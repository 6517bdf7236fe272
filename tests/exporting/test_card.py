"""The model card says what is so: numbers of this very checkpoint, or none."""

import dataclasses
import json

import pytest
from exported import trained

from fgan.evaluation.result import Evaluation, Measurement, Range
from fgan.exporting import export
from fgan.exporting.of_run import public_name
from fgan.training.status import Status
from fgan.visible import visible

silent = lambda line: None  # noqa: E731


def evaluation(run, step: int) -> Evaluation:
    metrics = {
        "fid": Measurement(12.3, 11.9, 12.7, Range(1.0, 0.5, 1.5), "lower"),
        "recall": Measurement(0.0, 0.0, 0.0, None, "higher", ("no radius",), usable=False),
    }
    return Evaluation(
        samples=f"{run.path}, step {step:,}",
        against="ring8",
        n=2000,
        reference="2,000 held-out samples",
        extractor={"name": "raw", "dimension": 2, "sha256": ""},
        metrics=metrics,
        warnings=("the reference is small",),
    )


def test_the_card_of_an_evaluated_run(run):
    evaluation(run, 40).write(run.path / "evaluation.json")
    folder = export(run, "hub", license="mit", say=silent)
    text = (folder / "README.md").read_text()
    assert "| fid | 12.3 [11.9, 12.7] | 1 [0.5, 1.5] | lower |" in text
    assert "2,000 samples against 2,000 held-out samples of ring8" in text
    assert "- the reference is small" in text and "recall (unusable): no radius" in text
    assert {path.name for path in folder.iterdir()} == {
        "README.md",
        "config.json",
        "generator.safetensors",
        "samples.png",
    }
    assert 'library_name: "fgan"\nlicense: "mit"\n' in text


def test_what_a_foreign_evaluation_says_steers_no_terminal(run):
    made = evaluation(run, 40)
    dataclasses.replace(made, warnings=("evil\x1b[2J\u202e",)).write(run.path / "evaluation.json")
    text = (export(run, "hub", say=silent) / "README.md").read_text()
    assert visible(text) == text and r"- evil\u001b[2J\u202e" in text


@pytest.mark.slow
def test_the_hubs_own_library_reads_the_card(run):
    hub = pytest.importorskip("huggingface_hub")
    evaluation(run, 40).write(run.path / "evaluation.json")
    card = hub.ModelCard.load(export(run, "hub", license="mit", say=silent) / "README.md")
    assert (card.data.library_name, card.data.license) == ("fgan", "mit")
    assert {"fgan", "gan", "f-divergence"} <= set(card.data.tags)
    (found,) = card.data.eval_results
    assert (found.metric_type, found.metric_value) == ("fid", 12.3), (
        "what is unusable is no number of the card"
    )
    assert "11.9 to 12.7" in found.metric_name


@pytest.mark.parametrize("judged", [None, 20])
def test_numbers_of_another_checkpoint_are_none_of_this_one(run, judged):
    if judged:
        evaluation(run, judged).write(run.path / "evaluation.json")
    said = []
    text = (export(run, "hub", say=said.append) / "README.md").read_text()
    assert "Not evaluated." in text and "12.3" not in text
    assert 'license: "unknown"' in text and "Ask the author before you use" in text
    assert any("--license" in line for line in said)
    assert ("evaluation is of step 20, not of this checkpoint" in text) == bool(judged)


def test_nothing_of_this_machine_is_in_the_folder(run):
    config = json.loads(run.config_path.read_text())
    (run.path / "photos").mkdir()
    config |= {"data": str(run.path / "photos"), "data_dir": str(run.path), "divergence": "kl"}
    run.config_path.write_text(json.dumps(config))
    run.write_status(Status("diverged", 40, f"see {run.path}/metrics.jsonl of {run.path / 'photos'}"))
    folder = export(run, "hub", say=silent)
    assert "see run/metrics.jsonl of photos" in (folder / "README.md").read_text()
    for path in folder.iterdir():
        assert str(run.path).encode() not in path.read_bytes(), path.name
    assert json.loads((folder / "config.json").read_text())["data"] == "photos"


def test_names_of_data():
    assert public_name("dataset:mine") == "mine" and public_name("../a/b.npy") == "b.npy"


def test_the_cards_own_example_fits_the_generator(tmp_path):
    text = (export(trained("dcgan", 3), "hub", tmp_path / "hub", say=silent) / "README.md").read_text()
    assert 'label="class 0"' in text and "labels = torch.arange(16) % 3" in text
    assert "torch.randn(16, 5)" in text and "images (1 × 8 × 8, values from 0 to 1) of 3 classes" in text
