import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# Two pytest workers share two cores; more threads than cores makes every small matmul wait for the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest
import torch
from forked import ForkedPython

from fgan import control_groups

torch.set_num_threads(1)
# `--hypothesis-profile` takes one of these too. Where a red run blocks others, the same examples every time; elsewhere
# new ones, so that more is tried.
for profile, examples in {"fast": 5, "full": 25, "nightly": 200}.items():
    hypothesis.settings.register_profile(
        profile, max_examples=examples, deadline=None, derandomize=bool(os.environ.get("CI"))
    )
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
# A shell starts a background job with SIGINT ignored, and so would be every process that a test starts, and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def whole_range() -> None:
    """Undo what training in this process left: it takes the smallest numbers for 0."""
    torch.set_flush_denormal(False)


@pytest.fixture(autouse=True)
def nothing_unforeseen(tmp_path_factory, monkeypatch) -> Iterator[Path]:
    """Fail a test in which the command line's last resort was needed, in this process or in one that it started."""
    folder = tmp_path_factory.getbasetemp() / "unforeseen"
    monkeypatch.setenv("FGAN_ERRORS", str(folder))
    yield folder
    found = [path.read_text() for path in sorted(folder.glob("*"))]
    shutil.rmtree(folder, ignore_errors=True)
    assert not found, "\n".join(found)


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


@pytest.fixture
def in_groups(tmp_path, monkeypatch) -> Callable[..., None]:
    """Put this process into control groups, as a container does: files in a folder."""

    def enter(process: str, **files: str) -> None:
        for name, text in {**files, "self": process}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.setattr(control_groups, "ROOT", tmp_path)
        monkeypatch.setattr(control_groups, "OF_THIS_PROCESS", tmp_path / "self")

    return enter


@pytest.fixture
def start_python(tmp_path_factory) -> Iterator[Callable[..., ForkedPython]]:
    """Start Python in a process of its own that need not import torch; what is still alive in the end is killed."""
    started = []

    def start(*arguments, cwd=None, env=None) -> ForkedPython:
        output = tmp_path_factory.mktemp("python")
        started.append(ForkedPython(arguments, cwd or Path.cwd(), dict(env or os.environ), output))
        started[-1].start()
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.join()


@pytest.fixture
def python(start_python) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python in a process of its own; returns the finished process."""

    def run(*arguments, seconds=120, **kwargs) -> subprocess.CompletedProcess[str]:
        process = start_python(*arguments, **kwargs)
        process.join(seconds)
        assert process.exitcode is not None, (f"not done after {seconds} s", arguments, process.printed)
        return subprocess.CompletedProcess(arguments, process.exitcode, *process.printed)

    return run


@pytest.fixture
def fgan_command(python):
    """Run the command line in a process of its own; returns the finished process."""
    return functools.partial(python, "-m", "fgan")


@pytest.fixture(scope="session")
def cold_fgan_command():
    """The same by an interpreter of its own: as a user starts it, and for commands that start processes themselves.

    A forked `fgan paper toy`, which starts some, once printed its result and did not end.
    """

    def run(*arguments, **kwargs) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fgan", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **kwargs)

    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the doctest slow that trains for seconds, and start with what takes long, so that no worker ends with it."""
    for item in items:
        if isinstance(item, pytest.DoctestItem) and item.name.endswith(".mutual_information"):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
