"""Measure free memory, and refuse work that needs more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fgan.control_groups import UNKNOWN, control_groups
from fgan.errors import MemoryLimitError

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
