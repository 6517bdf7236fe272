"""Checks of the options for parallel processes; without torch, so that mistakes are reported at once."""

from __future__ import annotations

from fgan.errors import FganError

LEASE = 60.0
"""Seconds after which a worker that no longer responds loses its claims."""


def require_jobs(jobs: int | None, ray: str | None = None, *, plan_only: bool = False) -> None:
    """Refuse an invalid number of processes.

    Raises:
        FganError: for less than one, for --jobs together with --ray, and for either together with --plan.
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
