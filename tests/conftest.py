import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
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
def python(root, tmp_path_factory) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run Python in a process of its own, which need not import torch: see warm_python.py."""
    files = [tmp_path_factory.mktemp("python") / name for name in ("out", "err")]
    server = subprocess.Popen(
        [sys.executable, root / "tests" / "warm_python.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(*arguments, cwd=None, env=None) -> subprocess.CompletedProcess[str]:
        for file in files:
            file.write_bytes(b"")
        request = {
            "arguments": [str(argument) for argument in arguments],
            "folder": str(cwd or Path.cwd()),
            "environment": dict(env or os.environ),
            "out": str(files[0]),
            "err": str(files[1]),
        }
        print(json.dumps(request), file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess(request["arguments"], code, *(file.read_text() for file in files))

    with server:
        yield run
        server.communicate(timeout=10)
    assert server.returncode == 0


@pytest.fixture(scope="session")
def fgan_command(python):
    """Run the command line in a process of its own; returns the finished process."""
    return functools.partial(python, "-m", "fgan")
