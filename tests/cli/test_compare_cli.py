import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fgan.cli import main
from fgan.experiments.members import Outcome
from fgan.experiments.result import Comparison

SMALL = ("--width", 16, "--n", 200, "--metrics", "fid,prdc", "--checkpoint-every", 50, "--sample-every", 0)


@pytest.fixture
def compare(cold_fgan_command, tmp_path):
    def call(*arguments):
        env = os.environ | {"FGAN_CACHE": str(tmp_path / "cache")}
        return cold_fgan_command("compare", *arguments, env=env)

    return call


@pytest.mark.parametrize(
    ("state", "code"),
    [("finished", 0), ("diverged", 4), ("failed", 4), ("stopped", 4), ("taken", 4), ("unranked", 4)],
)
def test_the_exit_code_tells_of_a_run_without_a_place(monkeypatch, capsys, state, code):
    outcomes = {"kl-seed0": Outcome("finished"), "js-seed0": Outcome(state)}
    found = Comparison("c", "fid", [], outcomes)
    monkeypatch.setattr("fgan.experiments.compare.compare", lambda *arguments, **settings: found)
    assert main(["compare", "ring8"]) == code
    out, err = capsys.readouterr()
    assert "fid [95%]" in out and (state == "finished" or "1" in err)


def test_what_runs_are_compared_with_is_passed_on(monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr(
        "fgan.experiments.compare.compare",
        lambda *arguments, **settings: asked.update(settings) or Comparison("c", "fid", [], {}),
    )
    assert main(["compare", "digits", "--reference", "held-out"]) == 0
    assert asked["reference"] == "held-out"


@pytest.mark.slow
def test_all_members_are_trained_judged_and_ranked(compare, fgan_command, tmp_path):
    out = tmp_path / "c"
    arguments = ("ring8", "--divergences", "kl,js", "--seeds", 2, "--steps", 100, *SMALL, "--out", out)
    result = compare(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert {place["group"] for place in found["places"]} == {"kl", "js"}
    assert all(place["seeds"] == 2 and "recall" in place["metrics"] for place in found["places"])
    assert {outcome["state"] for outcome in found["outcomes"].values()} == {"finished"}
    summary = found.pop("summary")
    assert "2 divergences compared on ring8: kl and js" in summary["compared"] and summary["result"]
    assert json.loads((out / "ranking.json").read_text()) == found
    # A member is an ordinary run, and that of a seed is what the run alone would have been, up to rounding.
    alone = fgan_command("train", "--config", out / "js-seed1" / "config.json", "--out", tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr
    line, other = (
        json.loads((run / "metrics.jsonl").read_text()) for run in (tmp_path / "alone", out / "js-seed1")
    )
    assert line == pytest.approx(other, rel=1e-3)
    # Again: nothing is trained or judged anew.
    times = {
        path: path.stat().st_mtime_ns for path in out.rglob("*") if path.parent != out and path.is_file()
    }
    again = compare(*arguments, "--resume")
    assert again.returncode == 0 and "judged" not in again.stderr
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert "Groups that share a letter" in again.stdout and "In one sentence" in again.stdout


@pytest.mark.slow
def test_ones_own_f_by_the_noise_penalty_is_compared(compare, tmp_path):
    """Both are differentiated by torch.func in the middle of a step."""
    own = "f(u)=u*log(u)"
    result = compare(
        "ring8", "--divergences", f"{own},kl", "--penalties", "noise:0.1", "--steps", 20, *SMALL,
        "--out", tmp_path / "c", "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert {place["group"] for place in json.loads(result.stdout)["places"]} == {own, "kl"}


@pytest.mark.slow
def test_a_member_that_diverges_is_reported_and_leaves_the_others(compare, tmp_path):
    out = tmp_path / "c"
    # A step this long throws a loss that grows exponentially out of the finite numbers; that of js has a bound.
    result = compare(
        "ring8", "--divergences", "js,symmetrized(pearson)", "--steps", 400, "--lr", 3,
        "--penalties", "none", *SMALL, "--out", out,
    )  # fmt: skip
    assert result.returncode == 4, result.stderr
    assert "1 of 2 runs are not in the ranking. Diverged: symmetrized_pearson_-seed0." in result.stderr
    assert "symmetrized_pearson_-seed0: diverged" in result.stdout
    assert "1     js" in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_comparison_goes_on(tmp_path, number):
    """SIGTERM comes to the command alone, Ctrl-C to all its processes."""
    out = tmp_path / "c"
    command = [sys.executable, "-m", "fgan", "compare", "ring8", "--divergences", "kl,js,gan", "--jobs", "2"]
    command += ["--steps", "400", *map(str, SMALL), "--out", str(out)]
    env = os.environ | {"FGAN_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(out.glob("*/checkpoints/step-*")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.send_signal(number) if number == signal.SIGTERM else os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 4 and "Continue them with --resume" in errors, errors
    stopped = [path.read_text() for path in out.glob("*.log") if "stopped by" in path.read_text()]
    assert stopped, "those that ran have written a checkpoint"
    result = subprocess.run(
        [*command, "--resume"], env=env, capture_output=True, text=True, timeout=240, check=False
    )
    assert result.returncode == 0, result.stderr
    for name in ("kl", "js", "gan"):
        lines = (out / f"{name}-seed0" / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line)["step"] for line in lines] == [100, 200, 300, 400]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for the children in /proc")
def test_ctrl_c_is_for_the_command_to_pass_on(tmp_path):
    """A terminal sends it to every process; one that a chunk hears by itself would be its first of two signals."""
    out = tmp_path / "c"
    command = [sys.executable, "-m", "fgan", "compare", "ring8", "--divergences", "kl", "--jobs", "1"]
    command += ["--steps", "1500", *map(str, SMALL), "--out", str(out)]
    env = os.environ | {"FGAN_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(out.glob("*/checkpoints/step-*")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    (chunk,) = [child for child in children if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()]
    os.kill(int(chunk), signal.SIGINT)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert "stopped by" not in (out / "kl-seed0.log").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--divergences", ""), "must be names separated by commas"),
        (("--divergences", "kl,kll"), "kll"),
        (("--divergences", "kl", "--rank-by", "prdc"), "--rank-by must be a single number"),
        (("--divergences", "kl", "--metrics", "fdi"), 'unknown metric "fdi"'),
        (("--divergences", "kl", "--jobs", "0"), "--jobs must be at least 1"),
        (("--divergences", "kl", "--seeds", "0"), "--seeds must be at least 1"),
        (("--divergences", "kl", "--penalties", "r9:1"), "a penalty must be one of"),
        (("--divergences", "kl", "--network", "dcgan"), "dcgan needs images"),
        (("--divergences", "kl", "--jobs", "1", "--ray", "local"), "Omit one of them"),
        (("--plan", "--claim", "8", "--lease=5"), "--claim and --lease"),
    ],
)
def test_mistakes_leave_nothing_behind(fgan_command, tmp_path, arguments, message):
    result = fgan_command("compare", "ring8", *arguments, "--out", tmp_path / "c")
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "c").exists()


def test_a_worker_takes_its_recipe_from_the_plan(monkeypatch, capsys, tmp_path):
    asked = {}
    found = Comparison("c", "fid", [], {"kl-seed0": Outcome("finished")})
    monkeypatch.setattr(
        "fgan.experiments.worker.work", lambda out, **settings: asked.update(settings, out=out) or found
    )
    assert main(["compare", "--worker", str(tmp_path), "--claim", "3", "--lease", "5"]) == 0
    assert (asked["out"], asked["claim"], asked["lease"]) == (tmp_path, 3, 5)
    found.outcomes["js-seed0"] = Outcome("stopped")
    assert main(["compare", "--worker", "here"]) == 4
    assert "1 of 2 runs are not in the ranking. Stopped: " in (said := capsys.readouterr().err)
    assert "fgan compare --worker here" in said
    capsys.readouterr()
    assert main(["compare", "ring8", "--worker", str(tmp_path)]) == 2
    assert "ring8" in capsys.readouterr().err
    assert main(["compare", "--worker", str(tmp_path), "--steps", "5"]) == 2
    assert "--steps" in capsys.readouterr().err


def test_a_plan_says_how_to_start_workers(monkeypatch, capsys):
    found = Comparison("the/folder", "fid", [], {"kl-seed0": Outcome("stopped")})
    monkeypatch.setattr("fgan.experiments.compare.compare", lambda *arguments, **settings: found)
    assert main(["compare", "ring8", "--plan"]) == 0
    assert "fgan compare --worker the/folder" in capsys.readouterr().out


def test_a_folder_that_holds_no_comparison_is_no_place_for_workers(capsys, tmp_path):
    assert main(["compare", "--worker", str(tmp_path)]) == 2
    assert "is not a comparison to continue" in capsys.readouterr().err
