"""trackio, on this machine."""

import os

import pytest

pytest.importorskip(
    "trackio",
    reason='pip install "fgan[trackio]", which wants an older Pillow than the tests have',
    exc_type=ImportError,
)

pytestmark = pytest.mark.slow


def test_it_is_told_and_goes_on_with_the_same_run(tmp_path, cold_fgan_command, python):
    run, env = tmp_path / "named-so", os.environ | {"TRACKIO_DIR": str(tmp_path / "kept")}
    quick = ("ring8", "--width", 8, "--device", "cpu", "--log-every", 10, "--sample-every", 20)
    for more in (("--steps", 20), ("--steps", 40, "--resume")):
        result = cold_fgan_command(
            "train", *quick, *more, "--out", run, "--log-to", "trackio", "--json", env=env
        )
        assert result.returncode == 0, result.stderr
        assert "trackio failed" not in result.stderr and result.stdout.startswith("{")
    name = (run / "trackio" / "name").read_text()
    assert name.startswith("named-so-")
    code = """
import sys
from trackio.api import Api
from trackio.sqlite_storage import SQLiteStorage
(run,) = Api().runs("fgan")
lines = SQLiteStorage.get_logs("fgan", run.name)
print(run.name, run.config["divergence"], sorted({line["step"] for line in lines if "train/bound" in line}))
"""
    result = python("-c", code, env=env)
    assert result.stdout.strip() == f"{name} gan [10, 20, 30, 40]", result.stderr
