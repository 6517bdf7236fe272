import json
import os
import subprocess
import sys

import pytest
import torch
from disk import Disk

import fgan
from fgan.training.checkpoint import Checkpoints

GROUPS = {"weights": {"a": torch.arange(3.0), "b": torch.tensor(2)}}


def test_what_is_written_is_read(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.write(7, GROUPS, {"frame": {"shape": [2]}})
    groups, description = checkpoints.read(7)
    assert torch.equal(groups["weights"]["a"], GROUPS["weights"]["a"])
    assert groups["weights"]["b"].dtype == torch.int64
    assert description == {"step": 7, "frame": {"shape": [2]}}
    assert (tmp_path / "checkpoints" / "step-00000007" / "weights.safetensors").exists()


def test_only_the_newest_stay(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (5, 10, 20, 100_000_000):
        checkpoints.write(step, GROUPS, {})
    assert checkpoints.steps() == [20, 100_000_000]
    assert checkpoints.newest() == 100_000_000


def test_what_a_crash_left_aside_is_neither_read_nor_in_the_way(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.write(5, GROUPS, {})
    aside = tmp_path / ".step-00000010.part"
    aside.mkdir()
    (aside / "weights.safetensors").write_bytes(b"half")
    assert checkpoints.steps() == [5]
    checkpoints.write(10, GROUPS, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000005", "step-00000010"]


def test_a_checkpoint_is_on_the_disk_before_its_name_and_its_name_before_others_go(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.write(5, GROUPS, {})
    disk = Disk(monkeypatch)  # requires the first half
    checkpoints.write(10, GROUPS, {})
    name, folder, old = (
        disk.events.index(event)
        for event in (("name", "step-00000010"), ("sync", tmp_path.name), ("remove", "step-00000005"))
    )
    assert name < folder < old


def test_logs_are_on_the_disk_before_a_checkpoint_counts_on_them(tmp_path, small_config, monkeypatch):
    run, counted = tmp_path / "run", []

    class Watching(Disk):
        def before_a_name(self, path, target):
            super().before_a_name(path, target)
            if target.parent.name == "checkpoints":
                counted.append(self.holds(run / "metrics.jsonl"))

    Watching(monkeypatch)
    fgan.train(small_config(steps=20), run, say=lambda line: None)
    assert counted == [True, True]


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"{"), lambda path: path.unlink()])
@pytest.mark.parametrize("name", ["state.json", "weights.safetensors", "SHA256SUMS"])
def test_damage_is_said_with_the_file_and_the_way_out(tmp_path, damage, name):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.write(5, GROUPS, {"recipe": {}})
    damage(checkpoints.path(5) / name)
    with pytest.raises(fgan.FganError, match=rf"step-00000005 is damaged: {name} .* Restore it from a copy"):
        checkpoints.read(5)


def test_no_checkpoint_is_said(tmp_path):
    with pytest.raises(fgan.FganError, match="has no checkpoint yet"):
        Checkpoints(tmp_path / "run" / "checkpoints").newest()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs POSIX resource limits")
def test_a_disk_that_fills_up_leaves_the_last_good_checkpoint(tmp_path):
    """A real process whose files may not grow beyond a limit: the system refuses, as on a full disk."""
    run = tmp_path / "run"
    code = (
        "import resource, sys; from fgan.cli import main\n"
        "import fgan.training.loop as loop\n"
        "def limit(checkpoints, step):\n"
        "    if step >= 30: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "whole = loop.Loop._checkpoint\n"
        "loop.Loop._checkpoint = lambda self, to: (limit(self, self.trainer.steps_done), whole(self, to))\n"
        f"raise SystemExit(main(['train', 'ring8', '--out', {str(run)!r}, '--device', 'cpu', '--steps',\n"
        "    '50', '--checkpoint-every', '10', '--sample-every', '0']))"
    )
    # What measures coverage would write a file of its own, above the limit.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=unmeasured
    )
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert "cannot write the checkpoint of step 30" in result.stderr
    assert "The checkpoint of step 20 is intact" in result.stderr
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["step-00000010", "step-00000020"]

    finished = subprocess.run(
        [sys.executable, "-m", "fgan", "train", "--resume", "--out", str(run), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "resuming" in finished.stderr and "at step 20" in finished.stderr
    assert json.loads(finished.stdout)["step"] == 50
