"""Comparisons on a real Ray cluster of two workers on this machine."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

pytest.importorskip("ray", reason="Ray is not installed")

ARGUMENTS = (
    "ring8", "--divergences", "kl,js", "--width", "16", "--n", "200", "--metrics", "fid",
    "--sample-every", "0", "--checkpoint-every", "50",
)  # fmt: skip


def command(*arguments):
    return [sys.executable, "-m", "fgan", "compare", *map(str, arguments)]


def environment(folder):
    return os.environ | {"FGAN_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1", "RAY_DEDUP_LOGS": "0"}


def workers_of(pid: int) -> list[int]:
    """Return the processes below this one that are training a chunk for Ray."""
    parents, titles = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text()
            titles[int(folder.name)] = (folder / "cmdline").read_text()
        except OSError:
            continue  # it ended just now
        parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])

    def below(process):
        while process in parents:
            if process == pid:
                return True
            process = parents[process]
        return False

    return [process for process, title in titles.items() if "ray::train_chunk" in title and below(process)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for the workers in /proc")
def test_a_worker_that_is_killed_loses_nothing_and_the_numbers_are_those_of_this_machine(tmp_path):
    steps = ("--steps", 1500)
    run = subprocess.Popen(
        command(*ARGUMENTS, *steps, "--out", tmp_path / "ray", "--ray", "--json"),
        env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 180
    # A run a chunk: alone each has the same bits, whenever it was interrupted.
    while len({path.parts[-3] for path in tmp_path.glob("ray/*/checkpoints/step-*")}) < 2:
        assert time.monotonic() < deadline and run.poll() is None, run.communicate()
        time.sleep(0.05)
    victim, *others = workers_of(run.pid)
    os.kill(victim, signal.SIGKILL)
    assert len(others) == 1, "two workers train at once"
    out, errors = run.communicate(timeout=240)
    assert run.returncode == 0, errors
    found = json.loads(out)
    assert {outcome["state"] for outcome in found["outcomes"].values()} == {"finished"}
    logs = [path.read_text() for path in (tmp_path / "ray").glob("*.log")]
    assert sum("resuming" in log for log in logs) == 1, "the lost run went on from its checkpoint"
    local = subprocess.run(
        command(*ARGUMENTS, *steps, "--out", tmp_path / "local", "--jobs", "2", "--json"),
        env=environment(tmp_path), capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    for name in found["outcomes"]:
        assert (tmp_path / "ray" / name / "metrics.jsonl").read_text() == (
            tmp_path / "local" / name / "metrics.jsonl"
        ).read_text()
    assert found["places"] == json.loads(local.stdout)["places"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:PORT", 'no Ray cluster answers at "127.0.0.1:'),
        ("nonsense", '--ray must be local, auto, host:port or ray://host:port; got "nonsense"'),
    ],
)
def test_an_address_that_leads_nowhere_is_said_before_anything_is_written(tmp_path, address, message):
    with socket.socket() as taken:  # bound and not listening, so that nobody else answers there
        taken.bind(("127.0.0.1", 0))
        address = address.replace("PORT", str(taken.getsockname()[1]))
        result = subprocess.run(
            command(*ARGUMENTS, "--steps", 10, "--out", tmp_path / "c", "--ray", address),
            env=environment(tmp_path), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "c").exists()


def test_without_ray_the_command_that_installs_it_is_said(tmp_path):
    code = f"import sys; sys.modules['ray'] = None; from fgan.cli import main; raise SystemExit(main({command(*ARGUMENTS, '--steps', 10, '--ray')[3:]!r}))"  # noqa: E501
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), cwd=tmp_path, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert result.returncode == 2 and 'pip install "fgan[ray]"' in result.stderr
    assert not (tmp_path / "runs").exists()
