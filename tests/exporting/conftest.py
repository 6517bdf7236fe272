import shutil

import pytest

from fgan.training.run_directory import RunDirectory


@pytest.fixture
def run(root, tmp_path) -> RunDirectory:
    """A run on ring8 with checkpoints at 20 and 40, of 40 steps."""
    shutil.copytree(root / "tests" / "old_run", tmp_path / "run")
    return RunDirectory(tmp_path / "run")
