"""A run that was stopped, killed or moved to a new process ends bit-identical to one that was not."""

import json
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.slow

SMALL = "--steps 800 --width 16 --depth 1 --latent 4 --batch-size 16 --log-every 25 --sample-every 400"
FLAGS = [*SMALL.split(), "--checkpoint-every", "50", "--seed", "3", "--device", "cpu"]


@pytest.fixture
def start(start_python):
    """Begin a run, or go on with it."""

    def call(data: str, out: Path, *more: str):
        return start_python("-m", "fgan", "train", data, "--out", out, *FLAGS, *more)

    return call


@pytest.fixture(scope="module")
def reference(tmp_path_factory, cold_fgan_command) -> Callable[[str], Path]:
    """A run on that data that nothing ever stopped, of an interpreter with other hashes than those of the others."""
    done: dict[str, Path] = {}

    def run(data: str) -> Path:
        if data not in done:
            out = tmp_path_factory.mktemp("reference") / data
            result = cold_fgan_command("train", data, "--out", out, *FLAGS)
            assert result.returncode == 0, result.stderr
            done[data] = out
        return done[data]

    return run


def contents(run: Path) -> dict[str, bytes]:
    """Every file of a run but its speed, by its relative path."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.name != "speed.jsonl"
    }


def assert_same(run: Path, reference: Path) -> None:
    got, expected = contents(run), contents(reference)
    assert sorted(got) == sorted(expected)
    assert [name for name in expected if got[name] != expected[name]] == []


def last_logged_step(run: Path) -> int:
    metrics = run / "metrics.jsonl"
    lines = metrics.read_bytes().split(b"\n")[:-1] if metrics.exists() else []
    return json.loads(lines[-1])["step"] if lines else 0


def wait_until(process, run: Path, step: int) -> None:
    deadline = time.monotonic() + 60
    while process.exitcode is None and last_logged_step(run) < step:
        assert time.monotonic() < deadline, "the run does not move"
        time.sleep(0.005)


@pytest.mark.parametrize("data", ["ring8", "digits"])
def test_killed_at_random_steps_a_run_still_ends_bit_identical(tmp_path, data, start, reference):
    run = tmp_path / "run"
    chance = random.Random(data)
    kill_at = sorted(chance.sample(range(60, 700), 3))
    kills = 0
    for number, step in enumerate(kill_at):
        process = start(data, run, *(["--resume"] if number else []))
        wait_until(process, run, step)
        time.sleep(chance.uniform(0, 0.03))
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
    assert kills >= 2, "the runs were over before they could be killed"
    finished = start(data, run, "--resume")
    finished.join()
    out, err = finished.printed
    assert finished.exitcode == 0, out + err
    assert "resuming" in out
    assert_same(run, reference(data))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_request_writes_a_checkpoint_and_leaves_cleanly(tmp_path, number, start, reference):
    run = tmp_path / "run"
    process = start("ring8", run, "--json")
    wait_until(process, run, 150)
    os.kill(process.pid, number)
    process.join(60)
    out, err = process.printed
    assert process.exitcode == 0, err
    assert "Traceback" not in err
    summary = json.loads(out)
    assert summary["stopped_by"] == number.name
    assert 150 <= summary["step"] < 800
    assert (run / "checkpoints" / f"step-{summary['step']:08d}" / "state.json").exists()
    assert f"stopped by {number.name} at step {summary['step']}" in err
    with Image.open(run / "samples" / f"step-{summary['step']:08d}.png") as picture:
        picture.load()  # a stopped run leaves its last picture too

    again = start("ring8", run, "--resume")
    again.join()
    assert again.exitcode == 0
    assert_same(run, reference("ring8"))


def test_a_run_can_be_made_longer(tmp_path, fgan_command, start, reference):
    run = tmp_path / "run"
    shorter = start("ring8", run, "--steps", "430")
    shorter.join()
    assert shorter.exitcode == 0
    result = fgan_command("train", "--resume", "--out", run, "--steps", 800)
    assert result.returncode == 0, result.stderr
    got, expected = contents(run), contents(reference("ring8"))
    extra = "samples/step-00000430.png"
    assert sorted(got) == sorted([*expected, extra])
    assert [name for name in expected if got[name] != expected[name]] == []


def test_a_config_repeats_its_run(tmp_path, fgan_command, reference):
    run = tmp_path / "run"
    result = fgan_command("train", "--config", reference("digits") / "config.json", "--out", run)
    assert result.returncode == 0, result.stderr
    assert_same(run, reference("digits"))
