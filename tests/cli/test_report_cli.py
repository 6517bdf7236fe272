import json

import pytest

import fgan

SMALL = {
    "width": 8,
    "batch_size": 16,
    "log_every": 2,
    "checkpoint_every": 10,
    "sample_every": 0,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name in ("kl", "js"):
        config = fgan.preset("default", "ring8", divergence=name, steps=10, **SMALL)
        fgan.train(config, folder / name, say=lambda line: None, lines=False)
    return folder


def test_a_run_is_reported_in_its_own_folder(fgan_command, runs):
    result = fgan_command("report", runs / "kl")
    assert result.returncode == 0, result.stderr
    assert "no evaluation yet" in result.stderr
    assert result.stdout.startswith(f"{runs / 'kl' / 'report.html'}: 1 run, ")
    assert (runs / "kl" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    # The run goes on as if nothing had been.
    again = fgan_command("train", "--config", runs / "kl" / "config.json", "--out", runs / "kl", "--resume")
    assert again.returncode == 0, again.stderr


@pytest.mark.slow
def test_several_runs_are_reported_in_the_working_directory(fgan_command, runs, tmp_path):
    result = fgan_command("report", runs / "kl", runs / "js", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["report"] == "report.html" and found["bytes"] == (tmp_path / "report.html").stat().st_size
    assert found["runs"] == {"kl": "finished", "js": "finished"}
    assert found["notes"] == result.stderr.splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a run or a comparison to report on"),
        (("{tmp}",), "is not a run"),
        (("{runs}/kl", "--out", "{tmp}/x.txt"), "--out must end in .html"),
        (("{runs}/kl", "--out", "{runs}/kl/config.json/x.html"), "A report cannot be written"),
        (("{runs}/kl", "--seed", "-1"), "--seed must be between 0"),
    ],
)
def test_mistakes(fgan_command, runs, tmp_path, arguments, message):
    words = [word.format(tmp=tmp_path, runs=runs) for word in arguments]
    result = fgan_command("report", *words, cwd=tmp_path)
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []
