"""Measure free memory, refuse work that needs more, and limit what reading data uses."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fgan.control_groups import UNKNOWN, control_groups
from fgan.errors import FganError, MemoryLimitError

TORCH_SIGNS = ("can't allocate memory", "not enough memory", "out of memory")
TRAINING = (
    "Training",
    "Reduce --batch-size, --width or --depth, choose smaller samples (--image-size), or free some memory; a run with "
    "checkpoints continues with --resume if its settings stay.",
)
"""What runs out of memory in training, and what to do; for `running_out`."""
CGROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Limit, use, and the part of the use that is given back when asked for: of version 2, then of version 1."""


def require_memory(needed: float, what: str, mend: str, device: object = "cpu") -> None:
    """Raise an error if a task needs more memory than is free.

    Args:
        needed: peak memory in bytes, in addition to what is held already.
        what: the task, as the beginning of a sentence.
        mend: what to do instead.
        device: the device, a `torch.device` or its name.

    Raises:
        MemoryLimitError: if `needed` exceeds the free memory.

    >>> require_memory(1e18, "The whole Internet", "Use part of it.")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    fgan.errors.MemoryLimitError: The whole Internet needs 1e+09 GB of memory, but only ... GB are free. Use part of it.
    """
    free = free_memory(device)
    if free is not None and needed > free:
        raise MemoryLimitError(
            f"{what} needs {needed / 1e9:.3g} GB of memory, but only {free / 1e9:.3g} GB are free. {mend}"
        )


@contextmanager
def running_out(what: str, mend: str) -> Iterator[None]:
    """Turn out-of-memory errors of Python, numpy and torch into fgan's.

    Raises:
        MemoryLimitError: if memory runs out inside the block.

    >>> with running_out("A", "B."):
    ...     raise MemoryError("no room")
    Traceback (most recent call last):
    fgan.errors.MemoryLimitError: A ran out of memory (no room). B.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error)
        if isinstance(error, RuntimeError) and not any(sign in text for sign in TORCH_SIGNS):
            raise
        raise MemoryLimitError(f"{what} ran out of memory ({text[:200]}). {mend}") from error


def free_memory(device: object = "cpu") -> int | None:
    """Return the memory in bytes that this process can still allocate on a device; None if unknown.

    On the CPU it is the minimum of the machine's available memory, the limits of the process's control groups, and its
    address-space limit (`ulimit -v`). If none of these is known, it is the installed memory.

    >>> free_memory() > 0
    True
    """
    if str(device).startswith("cuda"):
        import torch

        at = torch.device(str(device))
        kept = torch.cuda.memory_reserved(at) - torch.cuda.memory_allocated(at)
        return torch.cuda.mem_get_info(at)[0] + kept
    known = [*_available(), *_left_by_cgroups(), *_left_of_address_space()]
    return max(min(known), 0) if known else installed_memory()


def installed_memory() -> int | None:
    """Return the installed memory in bytes; None if unknown."""
    with suppress(*UNKNOWN):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _available() -> Iterator[int]:
    with suppress(*UNKNOWN):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024


def _left_by_cgroups() -> Iterator[int]:
    with suppress(*UNKNOWN):
        for folder in control_groups("memory"):
            yield from _left_by_cgroup(folder)


def _left_by_cgroup(folder: Path) -> Iterator[int]:
    for limit, use, reclaimable in CGROUP_FILES:
        with suppress(*UNKNOWN):  # no such group, or "max" for no limit
            most, used = (int((folder / name).read_text()) for name in (limit, use))
            stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            yield most - used + int(stat.get(reclaimable, 0))


def _left_of_address_space() -> Iterator[int]:
    with suppress(*UNKNOWN):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            yield limit - pages * os.sysconf("SC_PAGE_SIZE")


SHARE = 0.7
"""Of the free memory that reading data may take by default."""
VARIABLE = "FGAN_MEMORY"
MEND = "Use a part of the data, or allow more memory (--memory 8GB, $FGAN_MEMORY, fgan.memory_limit)."
UNITS = {"": 1, "B": 1, **{f"{letter}{end}": size**k for k, letter in enumerate("KMGT", 1)
                           for end, size in (("B", 1000), ("IB", 1024), ("", 1000))}}  # fmt: skip
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?) ?([KMGT]?(?:I?B)?)", re.IGNORECASE | re.ASCII)
What = str | Callable[[], str]
_MEASURED_EVERY = 32
"""The memory in use is measured each time that this part of the limit has been declared since."""


class Budget:
    """The memory that readers of data may use, of all threads together.

    Readers declare what they are about to allocate. What is really in use is measured from time to time, so that
    nothing that was declared too small adds up, and what was released counts no more.

    Args:
        limit: in bytes, beyond what the process uses when reading begins; None for no limit.
        source: where the limit comes from, for errors.
    """

    def __init__(self, limit: int | None, source: str) -> None:
        self.limit, self.source = limit, source
        self._begin = _in_use()
        self._measured = 0
        self._declared_since = 0
        self._in_flight = 0
        self._changed = threading.Condition()

    def left(self) -> int | None:
        """Return how many bytes may still be used; None for any number."""
        return None if self.limit is None else max(self.limit - self._used() - self._in_flight, 0)

    def require(self, size: float, what: What, mend: str = MEND) -> None:
        """Raise an error unless `size` more bytes may be used.

        Args:
            size: about to be allocated; 0 checks what has been.
            what: the beginning of a sentence: what needs them; or a function that returns it.
            mend: what to do.

        Raises:
            MemoryLimitError: if the limit would be exceeded.
        """
        with self._changed:
            if not self._fits(size):
                raise self._exceeded(size, what, mend)

    @contextmanager
    def reserved(self, size: int, what: What, mend: str = MEND, *, wait: bool = True) -> Iterator[bool]:
        """Hold bytes while something is decoded that goes afterwards.

        Args:
            size, what, mend: see `require`.
            wait: wait until other threads leave room, and raise an error if there is none then. Only for a thread that
                holds nothing itself.

        Yields:
            Whether there is room; with `wait` always true.
        """
        with self._changed:
            fits = self._fits(size)
            while wait and not fits:
                if not self._in_flight:
                    raise self._exceeded(size, what, mend)
                self._changed.wait()
                fits = self._fits(size)
            self._in_flight += size * fits
        try:
            yield fits
        finally:
            with self._changed:
                self._in_flight -= size * fits
                self._changed.notify_all()

    def _fits(self, size: float) -> bool:
        if self.limit is None:
            return True
        known = self._measured + self._declared_since + self._in_flight + size
        if not size or known > self.limit or self._declared_since + size > self.limit / _MEASURED_EVERY:
            known = self._used() + self._in_flight + size
        fits = known <= self.limit
        self._declared_since += int(size) * fits
        return fits

    def _used(self) -> int:
        self._measured, self._declared_since = max(_in_use() - self._begin, 0), 0
        return self._measured

    def _exceeded(self, size: float, what: What, mend: str) -> MemoryLimitError:
        what = what if isinstance(what, str) else what()
        limit, used = self.limit or 0, _shown(self._measured)
        if not size:
            return MemoryLimitError(f"{what} takes {used} of memory; the limit is {self}. {mend}")
        beside = f", beside {used} in use" if self._measured > limit / 100 else ""
        return MemoryLimitError(f"{what} needs {_shown(size)} of memory{beside}; the limit is {self}. {mend}")

    def __str__(self) -> str:
        """Return the limit and where it comes from."""
        return f"{_shown(self.limit or 0)} ({self.source})"


_budgets: list[Budget] = []


@contextmanager
def memory_limit(limit: str | int | None = None) -> Iterator[Budget]:
    """Limit the memory that reading data may use, beyond what is in use when the block begins.

    Args:
        limit: such as "8GB", "500 MB" or a number of bytes. The default is that of the block around this one, or
            $FGAN_MEMORY, or 70% of the free memory.

    Raises:
        MemoryLimitError: if reading data would use more, or memory runs out.

    >>> with memory_limit("1kB") as budget:
    ...     budget.require(10**6, "A table")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    fgan.errors.MemoryLimitError: A table needs 1 MB of memory; the limit is 1 kB (as asked for). Use a part ...
    """
    if limit is None and _budgets:
        budget = _budgets[-1]
    elif limit is not None:
        budget = Budget(bytes_in(limit), "as asked for")
    else:
        budget = _default_budget()
    _budgets.append(budget)
    try:
        yield budget
    except MemoryError as error:
        raise MemoryLimitError(
            f"Reading the data ran out of memory ({str(error)[:200] or 'no more is free'}), although the limit is "
            f"{budget}. {MEND}"
        ) from error
    finally:
        _budgets.remove(budget)


def current_budget() -> Budget:
    """Return the budget of the innermost `memory_limit`, or a new one."""
    return _budgets[-1] if _budgets else _default_budget()


def bytes_in(size: str | int) -> int:
    """Return the bytes that a size stands for.

    Raises:
        FganError: if it is no size.

    >>> bytes_in("8GB"), bytes_in("1.5 MiB"), bytes_in("500m")
    (8000000000, 1572864, 500000000)
    """
    found = _SIZE.fullmatch(str(size).strip())
    number = float(found[1]) * UNITS[found[2].upper()] if found else 0
    if number < 1:
        raise FganError(
            f'memory (--memory, ${VARIABLE}) must be a size such as 8GB or 500MB; got "{str(size)[:50]}".'
        )
    return int(number)


def _default_budget() -> Budget:
    asked = os.environ.get(VARIABLE, "")
    if asked:
        return Budget(bytes_in(asked), f"--memory or ${VARIABLE}")
    free = free_memory()
    return Budget(None if free is None else int(SHARE * free), f"{SHARE:.0%} of the free memory")


def _shown(size: float) -> str:
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:,.3g} {name}" if size < 1000 * unit else f"{size / unit:,.0f} {name}"
    return f"{size:.0f} bytes"


def _in_use() -> int:
    """Return the resident memory in bytes that is not a file's; where no system tells, the largest there ever was."""
    with suppress(*UNKNOWN):
        resident, shared = Path("/proc/self/statm").read_text().split()[1:3]
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    with suppress(*UNKNOWN):
        import resource

        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest if sys.platform == "darwin" else 1024 * largest
    return 0
