"""Somebody's code under verification: whatever it raises, changes or never ends is contained, and judged."""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import json
import math
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fgan.errors import FganError
from fgan.memory import free_memory
from fgan.verification.report import Break, Report

MOST_SECONDS = 120.0
"""The slowest code that was ever verified here took 20."""
SECONDS_BETWEEN_LOOKS = 0.05
"""At whether the child has ended."""
SHARE_OF_MEMORY = 0.5
SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "torch's default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "torch's default device": (torch.get_default_device, torch.set_default_device),
    "torch's threads": (torch.get_num_threads, torch.set_num_threads),
    "torch's grad mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "torch's deterministic mode": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "the working directory": (os.getcwd, os.chdir),
}
"""What code must leave as it is: how to read it, and how to set it."""


@contextlib.contextmanager
def contained(name: str) -> Iterator[list[Break]]:
    """Run somebody's code; yield a list that receives what it changed for everybody else, which is changed back.

    Args:
        name: its name in errors.

    Raises:
        FganError: instead of whatever the code raises, `SystemExit` included.
    """
    changed: list[Break] = []
    before = {what: read() for what, (read, _) in SETTINGS.items()}
    torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what that code prints is not the result
            yield changed
    except (FganError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise FganError(
            f'"{name}" raised {type(error).__name__} while it was checked: {str(error)[:200]}'
        ) from error
    finally:
        for what, (read, write) in SETTINGS.items():
            if (now := read()) != before[what]:
                words = f"it changed {what} from {before[what]} to {now}"
                changed.append(Break("leaves settings alone", words, "set it back, or do not set it."))
                write(before[what])
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def raising_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function, whose `SystemExit` and the like are errors as any other."""

    def call(*given: Any) -> Any:  # noqa: ANN401 - somebody's code
        try:
            return function(*given)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise RuntimeError(f"it raised {type(error).__name__}: {error}") from error

    return call


def apart(work: Callable[[], Report], name: str, seconds: float | None = None) -> Report:
    """Return the report that work gives in a child process, which may not hang, end or eat up this one.

    Processes that the child started end with it. On Windows, which cannot fork, it runs in this process.

    Args:
        work: makes the report.
        name: of the code in errors.
        seconds: after which it is stopped; default: `MOST_SECONDS`.

    Raises:
        FganError: as raised by the work; or if it ends the process, takes too long or too much memory.
    """
    if not hasattr(os, "fork"):
        return work()
    seconds = MOST_SECONDS if seconds is None else seconds
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    ear, mouth = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ear)
        _answer(work, mouth, seconds)
    os.close(mouth)
    with contextlib.suppress(OSError):  # the child does it too; whoever is later need not
        os.setpgid(child, child)
    status = None
    try:
        told, status = _heard(ear, child, time.monotonic() + seconds)
    finally:
        os.close(ear)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: of a group that has ended
            os.killpg(child, signal.SIGKILL)
        if status is None:
            _, status = os.waitpid(child, 0)
    if told is None:
        raise FganError(
            f'"{name}" was still being checked after {seconds:.0f} s and was stopped. Does it loop, or wait for input?'
        )
    try:
        answer = json.loads(told)
    except ValueError:
        how = os.waitstatus_to_exitcode(status)
        ended = f"by signal {-how}" if how < 0 else f"with exit code {how}"
        raise FganError(
            f'"{name}" ended the process {ended} while it was checked, so no law is known to hold. Did it call '
            "os._exit, crash, or run out of memory?"
        ) from None
    if "raised" in answer:
        raise FganError(f'"{name}" raised {answer["raised"]} while it was checked.')
    if "error" in answer:
        raise FganError(answer["error"])
    broken = tuple(Break(**one) for one in answer.pop("broken"))
    return Report(**{**answer, "notes": tuple(answer["notes"]), "broken": broken})


def _answer(work: Callable[[], Report], mouth: int, seconds: float) -> None:
    """Send the report, or the error, to the parent; never return."""
    child = os.getpid()
    try:
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(math.ceil(seconds) + 1)  # nobody else ends it once the parent is killed
        torch.set_num_threads(1)  # a forked process has none of its parent's threads
        faulthandler.disable()  # a crash is said by the parent
        with contextlib.suppress(OSError):
            os.dup2(2, 1)  # what compiled code prints is not the result either
        _limit_memory()
        try:
            answer = dataclasses.asdict(work())
        except FganError as error:
            answer = {"error": str(error)}
        except BaseException as error:  # KeyboardInterrupt too: it came from that code
            answer = {"raised": _in_words(error)}
        content = json.dumps(answer).encode()
        while content and os.getpid() == child:  # not what that code forked
            content = content[os.write(mouth, content) :]
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:
        os._exit(1)


def _in_words(error: BaseException) -> str:
    """Return the type of an error and what it says, which may raise in turn."""
    try:
        return f"{type(error).__name__}: {str(error)[:200]}".removesuffix(": ")
    except Exception:  # of somebody's __str__
        return type(error).__name__


def _limit_memory() -> None:
    import resource

    free = free_memory()
    if free is not None:
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = int(SHARE_OF_MEMORY * free) + _held()
        resource.setrlimit(
            resource.RLIMIT_DATA, (wanted if most < 0 else min(wanted, most), most)
        )  # -1 is none


def _held() -> int:
    """Return the bytes of writable memory that this process has asked for; 0 where that is not known."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _heard(ear: int, child: int, end: float) -> tuple[bytes | None, int | None]:
    """Return all that a child said, and its status if it has ended; None for what was said if that takes too long.

    Waiting for the pipe to close is not enough: processes that the child forked may keep it open.
    """
    heard, status = b"", None
    while time.monotonic() < end:
        if status is None:
            ended, found = os.waitpid(child, os.WNOHANG)
            status = found if ended else None
        left = 0.0 if status is not None else min(SECONDS_BETWEEN_LOOKS, end - time.monotonic())
        ready, _, _ = select.select([ear], [], [], max(left, 0.0))
        part = os.read(ear, 1 << 16) if ready else b""
        heard += part
        if not part and (ready or status is not None):
            return heard, status
    return None, status
