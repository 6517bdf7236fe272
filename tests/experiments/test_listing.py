"""What is listed is what is there, whatever lies beside it."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time

import pytest

import fgan
from fgan import cli
from fgan.errors import FganError
from fgan.experiments.comparison import ComparisonDirectory, plan
from fgan.experiments.listing import WITHOUT_DIVERGENCE, list_runs
from fgan.objectives import BASELINES
from fgan.training.run_directory import RunDirectory
from fgan.training.status import Status


def make(path, state="finished", bound=0.25, **changes) -> RunDirectory:
    """A run directory that has logged one line."""
    run = RunDirectory(path)
    path.mkdir(parents=True)
    run.write_config(fgan.preset(changes.pop("preset", "default"), "ring8", **({"steps": 20} | changes)))
    run.append("metrics", 10, {"bound": bound})
    if state:
        run.write_status(Status(state, 10))
    return run


def test_every_run_with_its_state_recipe_and_last_numbers(tmp_path):
    make(tmp_path / "done", "stopped", lr=0.002, divergence="kl", log_every=5).append(
        "evaluations", 10, {"fid": 3.5, "evaluation_error": "words"}
    )
    make(tmp_path / "deep" / "er" / "classic", None, preset="original")
    os.utime(tmp_path / "done" / "config.json", (0, 0))
    by_path = {one.path: one for one in list_runs(tmp_path).runs}
    done = by_path[str(tmp_path / "done")]
    assert (done.state, done.divergence, done.step, done.steps, done.bound) == ("stopped", "kl", 10, 20, 0.25)
    assert (done.preset, done.changed, done.evaluation) == ("default", {"lr": 0.002}, {"fid": 3.5})
    assert done.updated == pytest.approx(time.time(), abs=60)
    classic = by_path[str(tmp_path / "deep" / "er" / "classic")]
    assert (classic.state, classic.preset, classic.changed) == ("killed", "original", {})
    run = make(tmp_path / "now", None)
    with run.locked():
        assert {one.state for one in list_runs(run.path).runs} == {"running"}


def test_why_a_run_ended_is_listed(tmp_path, capsys):
    make(tmp_path / "a").write_status(Status("finished", 10, "warning: samples are far off"))
    make(tmp_path / "b").write_status(Status("diverged", 10, "training diverged: the bound fell"))
    assert [one.reason for one in list_runs(tmp_path).runs if "b" in one.path[-1]] == [
        "training diverged: the bound fell"
    ]
    assert cli.main(["runs", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert f"{tmp_path / 'a'}: warning: samples are far off" in printed
    assert f"{tmp_path / 'b'}: training diverged: the bound fell" in printed


def test_long_names_are_shown_by_their_ends_and_stay_in_one_line(tmp_path, capsys):
    member = json.loads((make(tmp_path / "one", None).path / "config.json").read_text())
    shutil.rmtree(tmp_path / "one")
    long, longer, odd = "a" * 100 + "b" * 100, "c" * 5000, "forged\nstate"
    (tmp_path / "comparison.json").write_text(
        json.dumps({"members": dict.fromkeys((long, longer, odd, "d" * 300), member)})
    )
    cli.main(["runs", str(tmp_path)])
    lines = "".join(capsys.readouterr()).splitlines()
    assert all(len(line) <= 1000 for line in lines) and any(r"forged\nstate" in line for line in lines)
    assert any("aaa...bbb" in line for line in lines)


def test_the_newest_is_first(tmp_path):
    for age, name in ((300, "b"), (100, "a"), (200, "c")):
        make(tmp_path / name)
        for path in (tmp_path / name).iterdir():
            os.utime(path, (time.time() - age,) * 2)
    assert [one.path[-1] for one in list_runs(tmp_path).runs] == ["a", "c", "b"]


def test_a_comparison_is_one_with_its_members(tmp_path, capsys):
    members = plan(fgan.preset("default", "ring8", steps=20), ["kl", "js"], seeds=2)
    directory = ComparisonDirectory(tmp_path / "both")
    directory.begin(members, resume=False)
    shutil.copytree(make(tmp_path / "one").path, tmp_path / "both" / "kl-seed0")
    (found,) = list_runs(tmp_path).comparisons
    assert [(one.state, one.group) for one in found.members] == [
        ("finished", "kl"), ("planned", "kl"), ("planned", "js"), ("planned", "js"),
    ]  # fmt: skip
    assert cli.main(["runs", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "1 finished, 3 planned" in out and "\n  js-seed1" in out


def test_damaged_and_foreign_folders_are_named_and_hide_nothing(tmp_path, capsys):
    make(tmp_path / "good")
    (make(tmp_path / "cut").path / "config.json").write_text('{"data": ')
    (make(tmp_path / "zeros").path / "metrics.jsonl").write_bytes(b"\0" * 30 + b"\n")
    (make(tmp_path / "ended").path / "status.json").write_text("[]")
    make(tmp_path / "writing").metrics_path.write_bytes(b'{"step": 5, "bo')
    for name, text in (("model", '{"architectures": []}'), ("list", "[1]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(text)
    (tmp_path / "photos" / "more").mkdir(parents=True)
    (tmp_path / "loop").symlink_to(tmp_path)
    found = list_runs(tmp_path)
    assert {one.path.rpartition("/")[2] for one in found.runs} == {"good", "zeros", "ended", "writing"}
    for name in ("cut", "zeros", "ended", "model", "list", "photos"):
        assert any(name in line for line in found.problems), name
    assert len(found.problems) == 6
    assert cli.main(["runs", str(tmp_path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 6


def test_a_last_line_is_read_from_the_end_of_a_long_log(tmp_path):
    run = make(tmp_path / "long", None)
    with run.metrics_path.open("ab") as file:
        for step in range(20_000):
            file.write(json.dumps({"step": step, "bound": step / 2}).encode() + b"\n")
        file.write(b'{"step": 20000, "bou')
    (one,) = list_runs(tmp_path).runs
    assert (one.step, one.bound) == (19_999, 9_999.5)


@pytest.mark.slow
def test_a_thousand_take_no_time_and_no_torch(tmp_path):
    run = make(tmp_path / "0")
    for number in range(1, 1000):
        shutil.copytree(run.path, tmp_path / str(number))
    code = f"""
import sys, time
from fgan.experiments.listing import list_runs
began = time.process_time()
assert len(list_runs({str(tmp_path)!r}).runs) == 1000
print(time.process_time() - began, "torch" in sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, has_torch = result.stdout.split()
    assert float(seconds) < 5 and has_torch == "False"


def test_no_folder_is_said(tmp_path):
    with pytest.raises(FganError, match="does not exist"):
        list_runs(tmp_path / "nowhere")


def test_objectives_without_a_divergence_are_the_registered_ones():
    assert set(BASELINES) == WITHOUT_DIVERGENCE


def test_an_old_run_is_listed(root):
    (one,) = list_runs(root / "tests" / "old_run").runs
    assert (one.state, one.step, one.steps) == ("finished", 40, 40)
    assert dataclasses.asdict(one)["bound"] < 0
