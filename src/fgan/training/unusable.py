"""Errors of checkpoints that are passed over if the run has others."""

from __future__ import annotations

from pathlib import Path

from fgan.errors import RunError


class UnusableError(RunError):
    """A checkpoint cannot be used, but another one may.

    Args:
        what: which, and why.
        text: the error if there is no other; default: to restore it.
    """

    def __init__(self, what: str, text: str = "") -> None:
        self.what = what
        super().__init__(text or f"{what}. Restore it from a copy, or use another checkpoint.")


class DamagedError(UnusableError):
    """A checkpoint is damaged.

    Args:
        folder: the checkpoint.
        why: what is wrong with which file.
    """

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"the checkpoint {folder} is damaged: {why}")


class ForeignError(UnusableError):
    """A checkpoint does not fit its run: it is of another run, or, if all checkpoints say so, the run was changed.

    Args:
        folder: the checkpoint.
        why: what does not fit.
        suspect: the error if no checkpoint of the run fits: what was changed instead, and how to mend it.
    """

    def __init__(self, folder: Path, why: str, suspect: str) -> None:
        super().__init__(f"the checkpoint {folder} is of another run: {why}", suspect)
