import os
import subprocess
import sys
from pathlib import Path

# Two pytest workers share two cores; more threads than cores makes every small matmul wait for the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest
import torch

torch.set_num_threads(1)
# Where a red run blocks others, the same examples every time; elsewhere new ones, so that more is tried.
hypothesis.settings.register_profile("ci", derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root."""
    return Path(__file__).parent.parent


@pytest.fixture
def real_data() -> Path:
    """The folder that holds the real MNIST files, where there is one."""
    folder = os.environ.get("FGAN_DATA")
    if not folder or not (Path(folder) / "mnist").is_dir():
        pytest.skip("FGAN_DATA names no folder with mnist/ in it")
    return Path(folder)


@pytest.fixture(scope="session")
def fgan_command(root):
    """Run the command line in a process of its own; returns the finished process."""

    def run(*arguments, cwd=None, **kwargs) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fgan", *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=cwd, check=False, timeout=120, **kwargs
        )

    return run
