"""The table of speed has all its rows, on a GPU's script too; its figures are for an idle machine. Truths are true."""

import importlib
import json
import math
import os
import subprocess
import sys

import pytest
import torch
from PIL import Image

import fgan

ROWS = {
    "original": 2.5, "train": 2.2, "digits": 2.5, "dcgan": 1.5, "members": 5, "five": 2,
    "floor-original": 0.45, "floor-ring8": 0.6, "dcgan-half": None,
}  # fmt: skip


def speed(root, tmp_path, *arguments: str) -> tuple[str, dict]:
    """What a dry run prints, and the JSON that it leaves."""
    environment = {key: value for key, value in os.environ.items() if key != "FGAN_DATA"}
    path = tmp_path / "speed.json"
    result = subprocess.run(
        [sys.executable, root / "benchmarks/speed.py", "--dry-run", "--json", path, *arguments],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout, json.loads(path.read_text())


def require_rows(printed: str, found: dict, expected: dict) -> None:
    assert {row["name"]: row["asked"] for row in found["rows"]} == expected
    assert all(row["found"] > 0 and row["milliseconds"] > 0 for row in found["rows"])
    assert sum(line.startswith("| ") for line in printed.splitlines()) == 1 + len(expected)


@pytest.mark.slow
def test_a_row_of_the_table_has_what_is_asked_beside_what_is_found(root, tmp_path):
    require_rows(*speed(root, tmp_path, "--only", "floor-original"), {"floor-original": 0.45})


@pytest.mark.slow
def test_the_whole_table_runs_dry(root, tmp_path):
    require_rows(*speed(root, tmp_path), ROWS)


@pytest.mark.slow
def test_quality_against_time_has_a_point_for_each_mark(root, tmp_path):
    command = [
        sys.executable,
        root / "benchmarks/quality.py",
        "ring8",
        "--seconds",
        "2",
        "--seeds",
        "2",
        "--n",
        "500",
    ]
    more = ["--out", tmp_path, "--set", "width=16", "compile=off"]
    result = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    folders = sorted(path for path in tmp_path.iterdir() if path.is_dir())
    assert len(folders) == 2 and len(list(tmp_path.glob("*.svg"))) == 1
    for folder in folders:
        curve = json.loads((folder / "quality.json").read_text())
        (point,) = curve["points"]
        assert 2 <= point["seconds"] < 10 and point["step"] > 10
        assert set(point) - {"seconds", "step"} == set(curve["floors"]) == {
            "modes-kl", "modes", "within-3-sigma", "js", "c2st"
        }  # fmt: skip
    assert "real against real" in result.stdout and "kl seed 1" in result.stdout


@pytest.mark.slow
def test_quality_of_pictures_is_judged_at_the_marks_that_are_named_and_leaves_a_row_of_each_run(
    root, tmp_path
):
    command = [sys.executable, root / "benchmarks/quality.py", "digits", "--seconds", "2", "--marks", "1"]
    more = ["--seeds", "2", "--n", "200", "--out", tmp_path, "--set", "width=16", "compile=off"]
    subprocess.run([*command, *more], check=True)
    folders = sorted(path for path in tmp_path.iterdir() if path.is_dir())
    assert [len(json.loads((one / "quality.json").read_text())["points"]) for one in folders] == [2, 2]
    (rows,) = tmp_path.glob("*.png")
    width, height = Image.open(rows).size
    assert width == pytest.approx(10 * height, rel=0.02), "twenty pictures in each of two rows"


@pytest.mark.slow
def test_a_conditional_run_is_judged_again_without_training(root, tmp_path):
    command = [sys.executable, root / "benchmarks/conditional.py", "digits"]
    new = ["--divergences", "kl", "--steps", "30", "--n", "100", "--out", tmp_path]
    first = subprocess.run([*command, *new], capture_output=True, text=True, check=True).stdout
    again = ["--runs", tmp_path / "digits-kl-0", "--n", "100"]
    assert subprocess.run([*command, *again], capture_output=True, text=True, check=True).stdout == first
    assert "| digits | kl | 0 | 30 |" in first and (tmp_path / "digits-kl-0/classes.png").is_file()


@pytest.fixture
def truths(root, monkeypatch):
    """The modules of benchmarks/truth.py, by name."""
    monkeypatch.syspath_prepend(root / "benchmarks")
    return lambda name: importlib.import_module(f"truth_{name}")


def test_laws_have_the_divergences_that_theory_gives(truths):
    laws = truths("laws")
    for d, kl in ((1, 0.1), (20, 3.0)):
        law = laws.shifted_normals(d, kl)
        assert law.truth("kl") == pytest.approx(kl, abs=1e-6)
        assert law.truth("squared-hellinger") == pytest.approx(2 - 2 * math.exp(-kl / 4), abs=1e-6)
        assert law.truth("total-variation") == pytest.approx(math.erf(math.sqrt(kl) / 2), abs=1e-5)
    one, eight = laws.laplace_pairs(1), laws.laplace_pairs(8)
    alone = math.exp(-0.6) - 1 + 0.6  # of Laplace distributions so far apart
    assert one.truth("kl") == pytest.approx(alone, abs=1e-6)
    assert eight.truth("reverse-kl") == pytest.approx(8 * alone, abs=1e-5)
    affinity = 1 - one.truth("squared-hellinger") / 2
    assert eight.truth("squared-hellinger") == pytest.approx(2 - 2 * affinity**8, abs=1e-5)


@pytest.mark.parametrize(
    "name",
    ["normal, d = 5, KL 1", "Laplace, d = 8", "gamma", "Student t (5)", "two blobs and one", "50 categories",
     "three blobs, other shares, d = 2"],
)  # fmt: skip
def test_samples_log_ratios_and_truths_of_a_law_agree(truths, name):
    laws = truths("laws")
    law, n = laws.MAKERS[name](), 20_000
    p, q = law.draw(n, torch.Generator().manual_seed(0))
    for divergence in ("js", "squared-hellinger"):
        f = fgan.divergence(divergence)
        found = f.real_at(law.log_ratio(p)).mean() - f.fake_at(law.log_ratio(q)).mean()
        error = law.oracle_width(divergence, n) / (2 * laws.Z)
        assert abs(float(found) - law.truth(divergence)) < 4 * error


def test_information_of_pairs_is_what_theory_gives(truths):
    weights = truths("weights")
    assert weights.normal_pairs(0.6).law.truth("kl") == pytest.approx(-math.log(1 - 0.36) / 2, abs=1e-4)
    assert weights.normal_pairs(0.5, 5, 3).law.truth("kl") == pytest.approx(-2.5 * math.log(0.75), abs=1e-3)
    swapped = -5 * (math.log(0.75) / -2 + 1 - 1 / 0.75)  # of the product from the pairs
    assert weights.normal_pairs(0.5, 5).law.truth("reverse-kl") == pytest.approx(swapped, abs=1e-3)


def test_a_stopped_measurement_goes_on_where_it_was(truths, tmp_path):
    store, coverage = truths("store"), truths("coverage")
    path, keys = tmp_path / "some.jsonl", [("50 categories", 200, seed) for seed in range(3)]
    store.top_up(path, keys[:2], coverage.repeat)
    with path.open("a") as file:
        file.write('{"law": "50 cat')  # the machine went down
    store.top_up(path, keys, coverage.repeat)
    assert [store.key_of(row) for row in store.read(path)] == keys
    table = coverage.table(store.read(path))
    assert "| 50 categories | 200 | 3 |" in table
    assert "n = 200: interval holds the truth" in table


def test_coverage_counts_open_ends_and_bounds_above_the_truth(truths):
    coverage = truths("coverage")

    def one(low: float | None, high: float | None, least: float) -> dict:
        return {"value": 1.5, "standard_error": 0.5, "interval": [low, high], "lower_bound": least}

    found = [one(0.5, 1.5, 0.4), one(0.5, None, 0.5), one(1.1, 2.1, 1.2), one(0.0, 0.5, 0.0)]
    score = coverage.score(found, 1.0, 0.5)
    assert (score.covered, score.above, score.open_share, score.bias) == (0.5, 0.25, 0.25, 1.0)
    assert score.wide == 2.0
    assert score.bound_covered is None
    assert not truths("store").holds([None, None], 1.0)  # what is no number is no open end


def test_separated_pairs_say_what_is_certain(truths):
    separated = truths("separated")
    row = separated.repeat(("words: 3 on each side", 200, 0))
    cells = separated.cells_of([row], math.inf)
    assert cells[:5] == ["1", "1", "1", "1", "0"]


def test_a_peer_that_is_missing_is_said_to_be_skipped(truths, monkeypatch):
    peers = truths("peers")
    monkeypatch.setitem(peers.PACKAGES, "iwpc", "a_package_that_nobody_has")
    assert not peers.installed("iwpc")
    rows = [peers.repeat((f"gamma by {peer}", 200, 0)) for peer in ("fgan", "nearest neighbours")]
    table = peers.table(rows)
    assert "iwpc: skipped, not installed" in table
    assert "nearest neighbours: fgan's error is smaller in" in table
