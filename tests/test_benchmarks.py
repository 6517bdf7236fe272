"""The table of speed has all its rows, on a GPU's script too; its figures are for an idle machine."""

import json
import os
import subprocess
import sys

import pytest

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
