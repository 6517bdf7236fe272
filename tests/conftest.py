import functools
import json
import os
import signal
import subprocess
import sys
import time
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


class Process:
    """A process of the warm Python, with what of `subprocess.Popen` the tests use."""

    def __init__(self, ask, files: list[Path], request: dict) -> None:
        self._ask, self._files = ask, files
        self.returncode: int | None = None
        self.pid = ask(request | {"out": str(files[0]), "err": str(files[1])})

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._ask({"poll": self.pid})
        return self.returncode

    def wait(self, timeout: float = 240) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                self.send_signal(signal.SIGKILL)
                raise AssertionError(f"not done after {timeout} s: {[f.read_text() for f in self._files]}")
            time.sleep(0.005)
        return code

    def communicate(self, timeout: float = 240) -> list[str]:
        self.wait(timeout)
        return [file.read_text() for file in self._files]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


@pytest.fixture(scope="session")
def start_python(root, tmp_path_factory) -> Iterator[Callable[..., Process]]:
    """Start Python in a process of its own, which need not import torch: see warm_python.py."""
    server = subprocess.Popen(
        [sys.executable, root / "tests" / "warm_python.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def ask(request: dict) -> int | None:
        print(json.dumps(request), file=server.stdin, flush=True)
        return json.loads(server.stdout.readline())

    def start(*arguments, cwd=None, env=None) -> Process:
        folder = tmp_path_factory.mktemp("python")
        files = [folder / name for name in ("out", "err")]
        for file in files:
            file.touch()
        request = {"arguments": [str(argument) for argument in arguments]}
        request |= {"folder": str(cwd or Path.cwd()), "environment": dict(env or os.environ)}
        return Process(ask, files, request)

    with server:
        yield start
        server.communicate(timeout=10)
    assert server.returncode == 0


@pytest.fixture(scope="session")
def python(start_python) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python in a process of its own; returns the finished process."""

    def run(*arguments, **kwargs) -> subprocess.CompletedProcess[str]:
        process = start_python(*arguments, **kwargs)
        printed = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, *printed)

    return run


@pytest.fixture(scope="session")
def fgan_command(python):
    """Run the command line in a process of its own; returns the finished process."""
    return functools.partial(python, "-m", "fgan")
