"""Choose the number of threads, and make them sleep while they wait, so that a busy machine is shared fairly.

The number of threads decides how sums are split, and so their last bits. It depends on the size of the work and on the
cores that this process may use, never on other programs: the same recipe gives the same bits on a busy machine and on
an idle one. On a busy machine it matters that threads do not spin while they wait.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fgan.control_groups import UNKNOWN, control_groups

OPERATIONS_A_THREAD = 3.5e7
"""A second thread gets work from twice as many on, in the matrix products of a step: below, it mostly waits.

Milliseconds a step with one thread and with two, on two idle cores: `original` on MNIST, 7e7 operations, 2.36 and 1.60,
compiled 1.10 and 0.82; the default recipe on ring8, 2.9e8, 6.5 and 5.3, compiled 4.6 and 2.9.
"""
SPINS = "10000"
"""How often a thread looks whether there is work again before it sleeps: some tens of microseconds.

One that sleeps at once has to be woken: the default recipe on ring8, compiled, then took 7.5 ms a step with two threads
instead of 2.9.
"""
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Environment variables by which users choose how threads wait."""
NUMBER = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables by which users choose the number of threads."""
MOST_PARKED = 64
SHORTEST, LONGEST = 0.1, 10.0
"""Seconds over which the work of others is measured: the system counts hundredths."""
STAT = Path("/proc/stat")
WORKING = (1, 2, 3, 6, 7, 8)
"""Columns of a line of /proc/stat: all but idle, waiting for a disk, and guests, which count as users too."""


def usable_cores() -> int:
    """Return how many cores this process may use, at least 1.

    A scheduler, `taskset` or a container can make them fewer than there are; of a quota, whole cores count.

    >>> 1 <= usable_cores() <= (os.cpu_count() or 1)
    True
    """
    return max(1, min([_bound(), *(int(quota) for quota in _quotas())]))


def _bound() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows bind no process this way


def _quotas() -> Iterator[float]:
    """Yield the cores that each control group leaves this process."""
    with suppress(*UNKNOWN):
        for folder in control_groups("cpu"):
            with suppress(*UNKNOWN):  # no such group, or "max" for no limit
                quota, period = (folder / "cpu.max").read_text().split()
                yield float(quota) / float(period)
            with suppress(*UNKNOWN):
                quota = float((folder / "cpu.cfs_quota_us").read_text())
                if quota > 0:
                    yield quota / float((folder / "cpu.cfs_period_us").read_text())


@dataclass(frozen=True)
class _Moment:
    """What the cores and this process had done by some time, all in seconds."""

    at: float
    all: float
    own: float

    @classmethod
    def now(cls) -> _Moment:
        cores = os.sched_getaffinity(0)
        ticks = 0
        for line in STAT.read_text().splitlines():
            name, *_ = columns = line.split()
            if name.startswith("cpu") and name[3:].isdecimal() and int(name[3:]) in cores:
                ticks += sum(int(columns[i]) for i in WORKING)
        return cls(time.monotonic(), ticks / os.sysconf("SC_CLK_TCK"), time.process_time())


def taken_by_others() -> float | None:
    """Return how many of the usable cores other programs keep busy now; None where the system does not tell.

    Linux counts over the seconds since this was last asked, or since fgan began to work; elsewhere the load average of
    the last minute has to do, this process included.
    """
    global _last
    with suppress(*UNKNOWN):
        now = _Moment.now()
        if _last is None or not SHORTEST <= now.at - _last.at <= LONGEST:
            _last = now
            time.sleep(SHORTEST)
            now = _Moment.now()
        before, _last = _last, now
        others = ((now.all - before.all) - (now.own - before.own)) / (now.at - before.at)
        return min(max(others, 0.0), float(_bound()))
    with suppress(*UNKNOWN):
        return min(os.getloadavg()[0], float(_bound()))
    return None


_last: _Moment | None = None
with suppress(*UNKNOWN):
    _last = _Moment.now()


def wait_without_spinning() -> None:
    """Let threads sleep while they wait, unless the environment says how they are to wait.

    By default they spin for milliseconds, and take the cores from those that they wait for: with a load of 4 on two
    cores, a step of 0.9 ms took 300 ms. Before torch is loaded, its OpenMP reads this from the environment. Afterwards
    LLVM's and Intel's can be told, and GNU's stops spinning where a process has more threads than cores: so many are
    started, once, and parked.
    """
    if any(name in os.environ for name in WAITING):
        return
    # Processes that are started from here read it too.
    os.environ |= {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": SPINS}
    if "torch" not in sys.modules:
        return
    from threadpoolctl import threadpool_info

    for library in threadpool_info():
        path = library["filepath"]
        if library["user_api"] != "openmp":
            continue
        code = ctypes.CDLL(path)
        if library["prefix"] == "libgomp":
            _park(code)
        elif hasattr(code, "kmp_set_blocktime"):
            code.kmp_set_blocktime(0)


def _park(gomp: ctypes.CDLL) -> None:
    cores = gomp.omp_get_num_procs()
    if cores >= MOST_PARKED:
        return
    parked = threading.Event()

    def park() -> None:
        # A parallel region that does nothing; its threads stay with the one that began it, as long as that lives.
        gomp.GOMP_parallel(
            ctypes.cast(gomp.omp_get_thread_num, ctypes.c_void_p),
            None,
            ctypes.c_uint(cores + 2),
            ctypes.c_uint(0),
        )
        parked.set()
        threading.Event().wait()

    threading.Thread(target=park, name="fgan-parked", daemon=True).start()
    parked.wait()


@contextmanager
def working(operations: float | None = None) -> Iterator[None]:
    """Work with threads that fit the size of the work, and wait without spinning; afterwards all is as before.

    What OMP_NUM_THREADS, `torch.set_num_threads` or `take_share` said is never exceeded, and what the first two said
    is kept.

    Args:
        operations: of the matrix products of one step; by default, enough for all cores.

    >>> import torch
    >>> with working(operations=1e6):
    ...     torch.get_num_threads()
    1
    """
    import torch

    global _depth, _base
    wait_without_spinning()
    with _lock:
        before = torch.get_num_threads()
        _base = _base if _depth else before
        _depth += 1
    _set(_fitting(operations))
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            _set(before if _depth else _base)


_lock = threading.Lock()
_depth, _base = 0, 1
"""How many pieces of work are going on, one within the other, and the number of threads beside them."""
_share: int | None = None


def take_share(threads: int) -> None:
    """Use at most so many threads from now on: one of several processes that share a machine."""
    global _share
    if not any(name in os.environ for name in NUMBER):
        _share = threads
        _set(threads)


def go_on_with(threads: int) -> bool:
    """Use as many threads as what is gone on with did, for the same bits; return whether that is so now.

    It is not where the user asked for another number, or this process may not use so many cores.
    """
    import torch

    if not chosen_by() and threads <= min(_base, usable_cores()):
        _set(threads)
    return threads == torch.get_num_threads()


def chosen_by() -> str:
    """Return by what the user chose the number of threads; nothing where that is left to us."""
    import torch

    for name in NUMBER:
        if name in os.environ:
            return name
    threads = _base if _depth else torch.get_num_threads()
    # Torch begins with a thread for each core, or where a core pretends to be two, for each pair.
    return "" if threads in (_bound(), _bound() // 2, _share) else "torch.set_num_threads"


def in_words() -> str:
    """Return a line about the threads that work now, and what other programs take.

    >>> with working(operations=1e6):
    ...     in_words()  # doctest: +ELLIPSIS
    'using 1 of ...'
    """
    import torch

    threads, cores, taken, by = torch.get_num_threads(), usable_cores(), taken_by_others(), chosen_by()
    told = f"using {threads} of {cores} CPU core{'s' * (cores > 1)}"
    if by:
        told += f" (set by {by})"
    elif threads < min(_base, cores):
        told += " (networks this small gain nothing from more)"
    if taken is None or taken < 0.05:
        return told
    slower = " (slower)" if threads + taken > cores + 0.2 else ""
    return f"{told}; other programs use {taken:.1f}{slower}"


def _fitting(operations: float | None) -> int:
    if chosen_by():
        return _base
    most = min(_base, usable_cores())
    return most if operations is None else max(1, min(most, int(operations / OPERATIONS_A_THREAD)))


def _set(threads: int) -> None:
    import torch

    if threads != torch.get_num_threads():
        torch.set_num_threads(threads)
