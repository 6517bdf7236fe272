"""How much memory is free, and a refusal before more than that is taken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fgan.control_groups import UNKNOWN, control_groups
from fgan.errors import MemoryLimitError

TORCH_SIGNS = ("can't allocate memory", "not enough memory", "out of memory")
CGROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Limit, use, and the part of the use that is given back when asked for: of version 2, then of version 1."""


def require_memory(needed: float, what: str, mend: str, device: object = "cpu") -> None:
    """Refuse to begin what needs more memory than is free.

    Args:
        needed: bytes at the fullest moment, besides what is held already.
        what: what needs them, as the beginning of a sentence.
        mend: what to do instead.
        device: whose memory, a `torch.device` or its name.

    Raises:
        MemoryLimitError: where that is more than is free.

    >>> require_memory(1e18, "The whole Internet", "Take a part of it.")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    fgan.errors.MemoryLimitError: The whole Internet needs 1e+09 GB of memory; ... GB are free. Take a part of it.
    """
    free = free_memory(device)
    if free is not None and needed > free:
        raise MemoryLimitError(
            f"{what} needs {needed / 1e9:.3g} GB of memory; {free / 1e9:.3g} GB are free. {mend}"
        )


@contextmanager
def running_out(what: str, mend: str) -> Iterator[None]:
    """Say so where memory runs out all the same, such as where another process took it meanwhile.

    Raises:
        MemoryLimitError: in place of what Python, numpy and torch raise.

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
    """Return the bytes that this process can still take on a device; None where the system does not tell.

    On the CPU that is the least of what the machine has available, the limits of the process's control groups and
    its own limit of address space (`ulimit -v`). Where none is known it is all that is built in.

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
    """Return the bytes of memory that are built in; None where the system does not tell."""
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
