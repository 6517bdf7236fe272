"""Watching torch's operations is no reason to load its compiler."""

import subprocess
import sys

TRAIN = """
import sys
import fgan
fgan.train("ring8", steps=2, width=4, batch_size=4, out="run", say=lambda line: None)
assert not {"torch._dynamo", "sympy"} & set(sys.modules)
"""


def test_a_short_training_does_not_load_what_takes_seconds(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", TRAIN], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
