"""A run that is killed, or loses its power, at any file operation ends with the same bits when it is resumed."""

import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1000),
    pytest.mark.skipif(sys.platform != "linux", reason="needs fork and /proc"),
]


@pytest.mark.parametrize("how", ["kill", "torn write", "power cut"])
def test_a_kill_at_every_file_operation_changes_nothing(root, tmp_path, how):
    code = (
        "import sys; from pathlib import Path; import torture_kills\n"
        f"found = torture_kills.exhaustive(['rolls back and keeps 1'], Path({str(tmp_path)!r}), {how!r})\n"
        "print(*found, sep=chr(10), end='')"
    )
    environment = os.environ | {"PYTHONPATH": f"{root / 'src'}{os.pathsep}{root / 'benchmarks'}"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
