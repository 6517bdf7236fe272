"""What may be asked of the processes that train; without torch, so that mistakes are said at once."""

from __future__ import annotations

from fgan.errors import FganError

LEASE = 60.0
"""Seconds after which a worker that is not heard of has lost its claims."""


def require_jobs(jobs: int | None, ray: str | None = None, *, plan_only: bool = False) -> None:
    """Refuse a number of processes that cannot be.

    Raises:
        FganError: for less than one, for a number beside a cluster, and for either beside --plan.
    """
    if jobs is not None and jobs < 1:
        raise FganError(f"--jobs must be at least 1; got {jobs}.")
    if jobs and ray:
        raise FganError(
            "--jobs is for this machine; with --ray the number of cores of the cluster decides. Omit one of them."
        )
    if plan_only and (jobs or ray):
        raise FganError(
            "--plan trains nothing, so it takes neither --jobs nor --ray. Omit them: each worker that you start is "
            "one process."
        )
