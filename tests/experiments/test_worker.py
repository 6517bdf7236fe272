"""Workers share a comparison's folder and nothing else."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from torch import nn

import fgan
from fgan.errors import FganError, RunError, TakenError
from fgan.experiments.claims import Claims
from fgan.experiments.comparison import ComparisonDirectory
from fgan.experiments.members import train_chunk
from fgan.experiments.result import Comparison
from fgan.training import at_hand
from fgan.training.config import TrainConfig
from fgan.training.run import named_from_root

SETTINGS = {"width": 16, "sample_every": 0, "n": 200, "metrics": "prdc", "rank_by": "recall"}


def silent(line):
    pass


def plan(out, steps, every, **more):
    return fgan.compare(
        "ring8", ["kl", "js"], seeds=2, out=out, plan_only=True, steps=steps, checkpoint_every=every, say=silent,
        **SETTINGS, **more,
    )  # fmt: skip


def logs(folder):
    return {path.parent.name: path.read_text() for path in folder.glob("*/metrics.jsonl")}


def alone(folder, plan_at):
    """Train each member of a plan by itself, as `fgan train` does."""
    for member in ComparisonDirectory(plan_at).planned()[0]:
        fgan.train(member.config, folder / member.name, say=silent)
    return logs(folder)


def test_a_plan_is_carried_out_and_ranked_by_a_worker(tmp_path):
    out = tmp_path / "c"
    planned = plan(out, 20, 10)
    assert len(planned.unfinished) == 4 and not (out / "kl-seed0").exists()
    said = []
    found = fgan.work(out, say=said.append)
    assert {outcome.state for outcome in found.outcomes.values()} == {"finished"}
    assert {place.group for place in found.places} == {"kl", "js"}
    assert Comparison.read(out).to_dict() == found.to_dict()
    assert logs(out) == alone(tmp_path / "alone", out), "the bits of a run alone"
    times = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}
    again = fgan.work(out, say=said.append)
    assert again.to_dict() == found.to_dict()
    resumed = fgan.compare(
        "ring8",
        ["kl", "js"],
        seeds=2,
        out=out,
        resume=True,
        steps=20,
        checkpoint_every=10,
        say=silent,
        **SETTINGS,
    )
    assert resumed.to_dict() == found.to_dict()
    assert {path: path.stat().st_mtime_ns for path in times if path.parent.name != "claims"} == {
        path: when for path, when in times.items() if path.parent.name != "claims"
    }


def test_runs_that_are_claimed_together_train_as_one_ensemble(tmp_path):
    plan(tmp_path / "c", 10, 10)
    found = fgan.work(tmp_path / "c", claim=3, say=silent)
    assert {outcome.state for outcome in found.outcomes.values()} == {"finished"}
    one, other = logs(tmp_path / "c"), alone(tmp_path / "alone", tmp_path / "c")
    for name in one:
        lines = [json.loads(log[name]) for log in (one, other)]
        assert lines[0].keys() == lines[1].keys()
        assert lines[0]["critic_loss"] == pytest.approx(lines[1]["critic_loss"], rel=1e-3)


def test_a_worker_asks_for_networks_that_it_cannot_find_and_claims_nothing(tmp_path, monkeypatch):
    class Local(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))

    plan(tmp_path / "c", 10, 10, critic=Local)
    monkeypatch.setattr(at_hand, "_kept", {})  # as in another process
    with pytest.raises(
        FganError, match=r"passed in Python.*--critic FILE.py:NAME of train and compare --worker"
    ):
        fgan.work(tmp_path / "c", say=silent)
    with pytest.raises(RunError, match="planned with fgan's own generators"):
        fgan.work(tmp_path / "c", critic=Local, generator=Local, say=silent)
    found = fgan.work(tmp_path / "c", critic=Local, say=silent)
    assert {outcome.state for outcome in found.outcomes.values()} == {"finished"}


def test_a_run_that_another_has_taken_over_is_not_written_to(tmp_path):
    """As by a process that was suspended, on a file system without locks."""
    plan(tmp_path / "c", 40, 10)
    directory = ComparisonDirectory(tmp_path / "c")
    first, second = directory.planned()[0][:2]
    writes = []

    def taken():
        writes.append(sorted(path.name for path in directory.path.glob(f"{first.name}/checkpoints/*")))
        if "step-00000020" in writes[-1]:
            raise TakenError("taken")

    outcomes = train_chunk(directory, [first, second], {first.name: taken, second.name: silent_guard})
    assert outcomes[first.name].state == "taken" and outcomes[second.name].state == "finished"
    assert writes[-1][-1] == "step-00000020" and directory.run(first).status() is None


def silent_guard():
    pass


def test_a_run_that_is_trained_elsewhere_is_left_and_looked_at_again(tmp_path, monkeypatch):
    plan(tmp_path / "c", 10, 10)
    directory = ComparisonDirectory(tmp_path / "c")
    first = directory.planned()[0][0]
    said = []
    directory.run(first).path.mkdir()
    lock = directory.run(first).locked()
    lock.__enter__()

    def say(line):
        said.append(line)
        if "waiting" in line:
            lock.__exit__(None, None, None)

    found = fgan.work(tmp_path / "c", lease=1, say=say)
    assert {outcome.state for outcome in found.outcomes.values()} == {"finished"}
    assert any(f"{first.name} taken: another process is training" in line for line in said)


def test_what_failed_stays_failed_until_the_comparison_is_resumed(tmp_path):
    plan(tmp_path / "c", 10, 10)
    directory = ComparisonDirectory(tmp_path / "c")
    first = directory.planned()[0][0]
    stranger = directory.run(first).path / "a file of somebody else"
    stranger.parent.mkdir()
    stranger.touch()
    for _ in range(2):
        found = fgan.work(tmp_path / "c", say=silent)
        assert found.ended("failed") == [first.name] and len(found.ended("finished")) == 3
        assert found.outcomes[first.name].reason.startswith("see ")
    assert "is not empty and does not hold a run" in directory.log_path(first).read_text()
    stranger.unlink()
    plan(tmp_path / "c", 10, 10, resume=True)
    assert len(fgan.work(tmp_path / "c", say=silent).ended("finished")) == 4


@pytest.fixture
def planned_on_rows(tmp_path, monkeypatch):
    """A plan on rows.npy, and how to make it once more."""
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).normal(size=(200, 2)).astype("float32")
    np.save("rows.npy", rows)

    def planned(resume, **more):
        settings = SETTINGS | {"n": 20, "metrics": "kid", "rank_by": "kid"} | more
        return fgan.compare(
            "rows.npy", ["kl"], out="c", plan_only=True, resume=resume, steps=2, say=silent, **settings
        )

    planned(False)
    return planned


def test_data_that_have_changed_since_the_plan_are_refused_before_anything_is_claimed(planned_on_rows):
    np.save("rows.npy", np.load("rows.npy") + 1)
    with pytest.raises(RunError, match=r"c holds a comparison on different samples: .*rows\.npy has changed"):
        fgan.work("c", say=silent)
    with pytest.raises(RunError, match="different samples"):
        planned_on_rows(True)
    claims = Claims(ComparisonDirectory("c").claims_path).look()
    assert {claim.state for claim in claims.values()} == {"free"}
    np.save("rows.npy", np.load("rows.npy") - 1)
    directory = ComparisonDirectory("c")
    members = directory.planned()[0]
    directory.write(json.loads(directory.plan_path.read_text()) | {"data": "of others"})
    with pytest.raises(RunError, match="different samples"):
        train_chunk(directory, members)


def test_a_plan_that_workers_are_at_work_by_is_not_changed(planned_on_rows):
    before = ComparisonDirectory("c").plan_path.read_text()
    claims = Claims(ComparisonDirectory("c").claims_path, 1.0)
    with claims.beating():
        assert claims.take(claims.look()["kl-seed0"])
        with pytest.raises(RunError, match="is training in c"):
            planned_on_rows(True, rank_by="recall", metrics="prdc", n=30)
    assert ComparisonDirectory("c").plan_path.read_text() == before


def test_data_in_a_folder_are_found_from_any_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = TrainConfig(data="mnist", data_dir="here")
    assert named_from_root(recipe).data_dir == str(tmp_path / "here")
    assert named_from_root(named_from_root(recipe)) == named_from_root(recipe)
    assert named_from_root(TrainConfig(data="ring8")) == TrainConfig(data="ring8")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a comparison to continue"),
        ("{", "is not valid JSON"),
        ('{"members": {}}', "an older version of fgan. Repeat its `fgan compare` with --resume --plan"),
    ],
)
def test_a_folder_without_a_plan_is_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "comparison.json").write_text(content)
    with pytest.raises(RunError, match=message):
        fgan.work(tmp_path, say=silent)
    assert not (tmp_path / "claims").exists()


def test_settings_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(FganError, match="--claim must be at least 1; got 0"):
        fgan.work(tmp_path, claim=0)
    with pytest.raises(FganError, match="--plan trains nothing"):
        fgan.compare("ring8", ["kl"], out=tmp_path / "c", plan_only=True, jobs=2)


class Workers:
    """Processes of `fgan compare --worker` on a folder."""

    def __init__(self, folder, count):
        command = [sys.executable, "-m", "fgan", "compare", "--worker", str(folder), "--lease", "2", "--json"]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self.folder = folder
        self.processes = [
            subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(count)
        ]

    def at_work(self):
        """Return the processes that hold a run with a checkpoint, by the run's name."""
        claims = Claims(self.folder / "claims").look().items()
        owned = {claim.owner.split("-")[-2]: name for name, claim in claims if claim.owner}
        return {
            owned[str(process.pid)]: process
            for process in self.processes
            if str(process.pid) in owned
            and any(self.folder.glob(f"{owned[str(process.pid)]}/checkpoints/step-*"))
        }

    def wait_for_work(self, count):
        deadline = time.monotonic() + 120
        while len(found := self.at_work()) < count:
            assert time.monotonic() < deadline, [process.poll() for process in self.processes]
            time.sleep(0.02)
        return found

    def ends(self):
        return [(process, *process.communicate(timeout=240)) for process in self.processes]


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_and_the_bits_are_those_of_runs_alone(tmp_path):
    plan(tmp_path / "c", 500, 25)
    workers = Workers(tmp_path / "c", 3)
    name, victim = next(iter(workers.wait_for_work(3).items()))
    victim.kill()
    for process, out, errors in workers.ends():
        if process is not victim:
            assert process.returncode == 0, errors
            found = json.loads(out)
            assert {outcome["state"] for outcome in found["outcomes"].values()} == {"finished"}
            assert found.pop("summary")["compared"]
            assert found == Comparison.read(tmp_path / "c").to_dict()
    log = (tmp_path / "c" / f"{name}.log").read_text()
    assert f"resuming {tmp_path / 'c' / name} at step" in log, "the lost run went on from its checkpoint"
    assert logs(tmp_path / "c") == alone(tmp_path / "alone", tmp_path / "c")


@pytest.mark.slow
def test_a_worker_that_was_suspended_leaves_its_run_and_one_that_is_stopped_hands_it_on(tmp_path):
    plan(tmp_path / "c", 500, 25)
    workers = Workers(tmp_path / "c", 3)
    (name, suspended), (_, stopped), *_ = workers.wait_for_work(3).items()
    suspended.send_signal(signal.SIGSTOP)
    stopped.terminate()
    errors = stopped.communicate(timeout=60)[1]
    assert stopped.returncode == 4 and "Stopped:" in errors, errors
    deadline = time.monotonic() + 60
    while (claim := Claims(tmp_path / "c" / "claims").look().get(name)) and str(suspended.pid) in claim.owner:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    suspended.send_signal(signal.SIGCONT)
    for process in workers.processes:
        if process is not stopped:
            errors = process.communicate(timeout=240)[1]
            assert process.returncode == 0, errors
            if process is suspended:
                assert f"{name} taken" in errors
    assert logs(tmp_path / "c") == alone(tmp_path / "alone", tmp_path / "c")
