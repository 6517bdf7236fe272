"""What may be asked of the processes that train; without torch, so that mistakes are said at once."""

from __future__ import annotations

from fgan.errors import FganError


def require_jobs(jobs: int | None, ray: str | None = None) -> None:
    """Refuse a number of processes that cannot be.

    Raises:
        FganError: for less than one, and for a number beside a cluster, whose own cores decide.
    """
    if jobs is not None and jobs < 1:
        raise FganError(f"--jobs must be at least 1; got {jobs}.")
    if jobs and ray:
        raise FganError(
            "--jobs is for this machine; with --ray the cluster's own cores decide. Leave one out."
        )
