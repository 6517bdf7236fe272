import json
import os

import pytest

from fgan.cli import main


@pytest.mark.slow
def test_the_toy_as_json(cold_fgan_command):
    result = cold_fgan_command(
        "paper", "toy", "--divergences", "kl,reverse-kl", "--steps", 30, "--n", 2000, "--seeds", 2, "--json"
    )
    assert result.returncode == 0, result.stderr
    rows = json.loads(result.stdout)
    assert [row["divergence"] for row in rows] == ["kl", "reverse-kl"]
    for row in rows:
        assert row["mu_interval"][0] < row["mu"] < row["mu_interval"][1]
        assert row["bound_interval"][0] < row["bound"] < row["bound_interval"][1]
        assert row["exact"] == pytest.approx(row["tested_by"][row["divergence"]]["exact"])
        assert len(row["runs"]) == 2 and row["published"]["best_mu"] > 0
    assert "seed 1" in result.stderr


@pytest.mark.slow
def test_the_likelihoods_train_once_and_only_once(cold_fgan_command, tmp_path):
    out = tmp_path / "paper"
    command = ("paper", "mnist", "--data", "digits", "--divergences", "kl,js", "--steps", 20, "--batch-size", 32,
               "--n", 200, "--out", out)  # fmt: skip
    env = os.environ | {"FGAN_CACHE": str(tmp_path / "cache")}
    first = cold_fgan_command(*command, "--json", env=env)
    assert first.returncode == 0, first.stderr
    rows = json.loads(first.stdout)
    assert [row["divergence"] for row in rows] == ["kl", "js"]
    for row in rows:
        assert row["kde_interval"][0] < row["kde"] < row["kde_interval"][1] and row["published"] is None
    assert (out / "kl-seed0" / "evaluation.json").is_file()
    checkpoints = {path: path.stat().st_mtime_ns for path in out.rglob("checkpoints/*")}
    again = cold_fgan_command(*command, "--resume", "--json", env=env)
    assert again.returncode == 0 and json.loads(again.stdout) == rows
    assert {path: path.stat().st_mtime_ns for path in checkpoints} == checkpoints


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("toy", "--divergences", ""), "--divergences must be different names"),
        (("toy", "--divergences", "kl,kll"), "kll"),
        (("toy", "--jobs", "0"), "--jobs must be at least 1"),
        (("mnist", "--divergences", ""), "--divergences must be names"),
        (("mnist", "--data", "digits", "--steps", "0"), "--steps must be at least 1"),
        (("vae",), "vae"),
    ],
)
def test_mistakes_end_with_2_and_leave_nothing_behind(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["paper", *arguments]) == 2 and message in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


@pytest.mark.slow
def test_a_folder_in_use_is_not_trained_into(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    arguments = [
        "--data",
        "digits",
        "--divergences",
        "kl",
        "--steps",
        "5",
        "--n",
        "100",
        "--out",
        str(tmp_path),
    ]
    assert main(["paper", "mnist", *arguments]) == 2
    assert "is not empty" in capsys.readouterr().err
