"""The bench of docs/reliability.md, in its short form: every part tries something, and finds nothing."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="kills and limits are Linux's")
def test_a_minute_of_torture_finds_nothing(root, tmp_path):
    path = tmp_path / "torture.json"
    done = subprocess.run(
        [sys.executable, root / "benchmarks/torture.py", "--short", "--json", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    parts = json.loads(path.read_text())
    assert {part["part"] for part in parts} >= {"kills", "storage", "json", "readers", "bombs"}
    assert all(part["faults"] + part["inputs"] > 0 for part in parts), parts
