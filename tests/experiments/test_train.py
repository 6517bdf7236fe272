import json

import numpy as np
import pytest

import fgan
from fgan import cli, evaluation

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
