"""The files of a run directory: its lock, and the lines of its logs."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import NoneType
from typing import Any

from fgan.errors import RunError, TakenError
from fgan.json_files import opened, parse_json

EVALUATION_ERROR = "evaluation_error"
"""The key under which an evaluation says why its metric is missing: the only text in a log."""
TAIL = 8192
"""Bytes at the end of a log in which to look for its last line."""

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def exclusive(folder: Path, writing: Callable[[], AbstractContextManager[None]]) -> Iterator[bool]:
    """Lock a folder for this process; yields whether the file system supports locks.

    Args:
        folder: a run directory.
        writing: turns system errors into errors that say what to do.

    Raises:
        TakenError: if another process has locked it.
    """
    if os.name == "nt":
        yield True
        return
    import fcntl

    with writing():
        handle = os.open(folder, os.O_RDONLY)
    known = True
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError(
                f"another process is training {folder}. Stop it first, or choose another --out."
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            known = False
        yield known
    finally:
        os.close(handle)


@dataclass(frozen=True)
class Log:
    """What a log holds.

    Args:
        lines: each readable line with its content; bytes end in a newline.
        damage: which lines are damaged and left out; empty if none is.
        rest: bytes after the last newline: a line that is being written, or that a crash cut off.
        readable: whether the file could be read; a missing one counts as empty.
    """

    lines: list[tuple[bytes, dict[str, Any]]]
    damage: str = ""
    rest: bytes = b""
    readable: bool = True


def read_log(path: Path) -> Log:
    """Return the lines of a log. One damaged line, whatever is wrong with it, costs only that line."""
    try:
        with opened(path) as file:
            content = file.read()
    except FileNotFoundError:
        return Log([])
    except OSError as error:
        return Log([], f"it cannot be read ({error.strerror or error})", readable=False)
    *whole, rest = content.split(b"\n")
    lines: list[tuple[bytes, dict[str, Any]]] = []
    damaged: dict[int, str] = {}
    seen = set[int]()
    for number, line in enumerate(whole, 1):
        line = line.removesuffix(b"\r")
        try:
            values = values_of(line)
            if values["step"] in seen:
                raise ValueError(f"it repeats step {values['step']}")
        except ValueError as error:
            damaged[number] = str(error)
            continue
        seen.add(values["step"])
        lines.append((line + b"\n", values))
    return Log(lines, _in_words(damaged), rest)


def _in_words(damaged: dict[int, str]) -> str:
    if not damaged:
        return ""
    number, why = next(iter(damaged.items()))
    more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
    return f"line {number} is damaged ({why}){more}"


def gap_of(log: Log, every: int, last: int) -> str:
    """Return which lines a log lacks, of those due at each multiple of `every` up to `last`; empty if none."""
    there = {step for _, values in log.lines if 0 < (step := values["step"]) <= last and step % every == 0}
    missing = last // every - len(there)
    if missing <= 0:
        return ""
    first = next(step for step in count(every, every) if step not in there)
    lines = f"the line of step {first:,} is" if missing == 1 else f"{missing:,} lines are"
    return f"{lines} missing" + (f", the first of step {first:,}" if missing > 1 else "")


def values_of(line: bytes) -> dict[str, Any]:
    """Return the content of a line of a log: its step, and numbers, null or the text of an error by name.

    Raises:
        ValueError: if it is anything else.

    >>> values_of(b'{"step": 5, "bound": null}')
    {'step': 5, 'bound': None}
    """
    try:
        values = parse_json(line, "it", RunError)
    except RunError as error:
        raise ValueError("it is not valid JSON") from error
    if not isinstance(values, dict) or type(step := values.get("step")) is not int or step < 0:
        raise ValueError("it has no step")
    for name, value in values.items():
        if type(value) not in (int, float, NoneType) and not (
            name == EVALUATION_ERROR and isinstance(value, str)
        ):
            raise ValueError(f"its {name} is not a number")
    return values


def last_line(path: Path) -> dict[str, Any]:
    """Return the last readable line of a log; empty if the log is empty or missing.

    Raises:
        ValueError: if none of the last lines can be read.
    """
    try:
        with opened(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - TAIL, 0))
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror or error})") from error
    whole = lines[:-1] if size <= TAIL else lines[1:-1]
    for line in reversed(whole):
        with contextlib.suppress(ValueError):
            return values_of(line.removesuffix(b"\r"))
    if not whole and size <= TAIL:  # the first line is being written
        return {}
    raise ValueError("none of its last lines are readable")
