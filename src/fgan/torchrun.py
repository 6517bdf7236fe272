"""Which of torchrun's processes this is: rank 0 of 1 where torchrun did not start it."""

from __future__ import annotations

import os

from fgan.errors import FganError


def size() -> int:
    """Return how many processes torchrun started on all machines.

    >>> size(), rank()
    (1, 0)
    """
    return _of("WORLD_SIZE", 1)


def rank() -> int:
    """Return the number of this one among all."""
    return _of("RANK", 0)


def local_size() -> int:
    """Return how many torchrun started on this machine."""
    return _of("LOCAL_WORLD_SIZE", 1)


def local_rank() -> int:
    """Return the number of this one among those on this machine."""
    return _of("LOCAL_RANK", 0)


def restarts() -> int:
    """Return how often torchrun has started all of them anew."""
    return _of("TORCHELASTIC_RESTART_COUNT", 0)


def require_one_process(what: str) -> None:
    """Refuse what several processes would all do, side by side.

    Raises:
        FganError: where torchrun started more than one.
    """
    if size() > 1:
        raise FganError(
            f"only `fgan train` supports torchrun; got {size()} processes of {what}. Start it without "
            "torchrun. `fgan compare` distributes its runs itself; use --worker or --ray for several machines."
        )


def _of(name: str, alone: int) -> int:
    # Schedulers set some of these names too, so they count only beside torchrun's own.
    return int(os.environ.get(name, alone)) if "TORCHELASTIC_RUN_ID" in os.environ else alone
