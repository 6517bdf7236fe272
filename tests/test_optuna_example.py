"""The example that prunes by Optuna prunes, and leaves run directories."""

import re
import subprocess
import sys

import pytest

from fgan.experiments.listing import list_runs

pytest.importorskip("optuna", reason="pip install optuna")


@pytest.mark.slow
def test_hopeless_trials_end_early_and_the_best_is_said(root, tmp_path):
    result = subprocess.run(
        [sys.executable, root / "examples" / "optuna_prune.py", "ring8", "--trials", "6", "--steps", "200"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    finished, pruned = map(int, re.findall(r"(\d+) trials finished, (\d+) ended early", result.stdout)[0])
    assert finished >= 3 and pruned >= 1 and finished + pruned == 6 and "best: FID" in result.stdout
    states = [one.state for one in list_runs(tmp_path / "runs" / "optuna").runs]
    assert states.count("stopped") == pruned and states.count("finished") == finished
