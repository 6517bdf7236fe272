"""Command lines in forked children: fgan is imported once, and a child may be killed, limited and measured.

Each child has its own process group, which is ended with it. Forking is safe here because nothing has used torch's
threads before: call `warm()` first, and compute only in children.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import os
import pkgutil
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}  # one thread has nobody to wait for

TRACEBACK = "Traceback (most recent call last)"
UNFORESEEN = 70
"""The exit code of the command line's last resort."""
WRITES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"}
DIFFERENT_ANYWAY = ("speed.jsonl",)
Setup = Callable[[], object]


def warm() -> None:
    """Import everything that a verb may need, so that children do not, and share its memory with them."""
    import PIL.Image
    import tqdm

    import fgan
    import fgan.cli
    import fgan.cores

    for module in pkgutil.iter_modules(fgan.cli.__path__):
        importlib.import_module(f"fgan.cli.{module.name}")
    for name in dir(fgan):
        getattr(fgan, name)
    PIL.Image.init()
    tqdm.tqdm.monitor_interval = 0  # else it starts a thread
    fgan.cores.SHORTEST = 0.001  # seconds that a child waits to measure the load, which decides nothing here
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Args:
        code: exit code; negative for a signal; None if it was killed for lasting too long.
        text: what it printed, both streams.
        seconds: of the clock.
        peak: largest resident memory in bytes.
    """

    code: int | None
    text: str
    seconds: float
    peak: int

    @property
    def last(self) -> str:
        """The last line that is not empty."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    @property
    def traceback(self) -> bool:
        """Whether an error was unforeseen."""
        return TRACEBACK in self.text or self.code == UNFORESEEN


def run(
    arguments: Collection[str] = (),
    *,
    setup: Setup | None = None,
    call: Callable[[], Any] | None = None,
    seconds: float = 120.0,
) -> Outcome:
    """Run `fgan ARGUMENTS`, or a function, in a child.

    Args:
        arguments: of the command line.
        setup: called first in the child, such as `die_at(3, folder)` or a limit.
        call: instead of the command line; what it returns is the exit code.
        seconds: after which the child is killed.
    """
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _live(list(arguments), output.fileno(), setup, call)
        status, usage, in_time = _wait(child, began + seconds)
        output.seek(0)
        text = output.read().decode(errors="replace")
    code = os.waitstatus_to_exitcode(status) if in_time else None
    return Outcome(code, text, time.monotonic() - began, usage.ru_maxrss * 1024)


def _live(arguments: list[str], output: int, setup: Setup | None, call: Callable[[], Any] | None) -> None:
    code = UNFORESEEN
    try:
        os.setpgid(0, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdout = open(1, "w", closefd=False, errors="backslashreplace")  # noqa: SIM115 - a descriptor
        sys.stderr = open(2, "w", closefd=False, errors="backslashreplace")  # noqa: SIM115
        if setup:
            setup()
        code = _exit_code(call or (lambda: importlib.import_module("fgan.cli").main(arguments)))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _exit_code(call: Callable[[], Any]) -> int:
    try:
        return call() or 0
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1


def _wait(child: int, end: float) -> tuple[int, resource.struct_rusage, bool]:
    pause = 0.001
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            return status, usage, True
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
            _, status, usage = os.wait4(child, 0)
            return status, usage, False
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


def die_at(k: int | None, folder: Path, log: Path | None = None) -> Setup:
    """Return a setup by which a child kills itself right before its k-th file operation that writes below a folder.

    Args:
        k: from 1; None never kills.
        folder: operations elsewhere are not counted.
        log: receives a line an operation, to count them.
    """

    def setup() -> None:
        seen = 0

        def hook(event: str, given: tuple[Any, ...]) -> None:
            nonlocal seen
            if event not in WRITES or not _writes_below(str(folder), event, given):
                return
            seen += 1
            if log:
                _append(log, f"{seen} {event} {given[:2]}\n")
            if seen == k:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)

    return setup


def _writes_below(folder: str, event: str, given: tuple[Any, ...]) -> bool:
    if event == "open":
        path, mode, flags = given
        if not isinstance(path, (str, os.PathLike)):
            return False
        writes = any(c in mode for c in "wax+") if isinstance(mode, str) else flags & (
            os.O_WRONLY | os.O_RDWR | os.O_CREAT
        )  # fmt: skip
        return bool(writes) and os.fspath(path).startswith(folder)
    paths = [os.fspath(one) for one in given[:2] if isinstance(one, (str, os.PathLike))]
    if paths and not paths[0].startswith("/"):  # rmtree works by descriptors of folders, and bare names
        return event in ("os.remove", "os.rmdir", "os.mkdir")
    return any(path.startswith(folder) for path in paths)


def _append(path: Path, line: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, line.encode())
    os.close(handle)


def limits(*, memory: int | None = None, file: int | None = None, processor: int | None = None) -> Setup:
    """Return a setup that limits a child: bytes of address space beyond those it has, bytes a file, seconds."""

    def setup() -> None:
        if memory is not None:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * os.sysconf("SC_PAGE_SIZE") + memory
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        if file is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
        if processor is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))

    return setup


def digests(folder: Path) -> dict[str, str]:
    """Return a digest a file of a run directory, but for logs that differ between equal runs."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in DIFFERENT_ANYWAY
    }


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """Return the names of files that differ, are missing, or are too many."""
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
