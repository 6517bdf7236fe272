"""A folder that one process at a time writes to: its lock, and whether it is still there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from fgan.errors import RunError
from fgan.files import in_the_way
from fgan.training.checkpoint import Guard, do_nothing
from fgan.training.lock_file import lock_file
from fgan.training.run_files import exclusive
from fgan.training.same_folder import SameFolder


class HeldFolder:
    """A folder that is locked while a process writes to it.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.guard: Guard = do_nothing
        """Called before anything is written; raises if this process may not write."""
        self._locked: SameFolder | None = None

    def require_mine(self) -> None:
        """Check that this process may write, and that a locked folder is still there."""
        self.guard()
        if self._locked:
            self._locked.require()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Turn a system error on writing here into an error that says what to do."""
        self.require_mine()
        try:
            yield
        except OSError as error:
            why = in_the_way(error) or (
                f"{error.strerror or error}. Choose another folder with --out, or free some disk space."
            )
            raise RunError(f"cannot write to {self.path}: {why}") from error

    @contextlib.contextmanager
    def locked(self, *, create: bool = False) -> Iterator[bool]:
        """Lock the folder; see `exclusive`.

        Args:
            create: create the folder first, and remove it at the end if it is still empty.

        Raises:
            TakenError: if another process has locked it.
            RunError: if there is no such folder, or can be none of that name.
        """
        if "\0" in str(self.path):
            raise RunError(
                f"cannot write to {self.path}: it has a character of code 0. Choose another --out."
            )
        with self.writing():
            made = create and not self.path.exists()
            if create:
                self.path.mkdir(parents=True, exist_ok=True)
        try:
            with exclusive(self.path, self.writing) as known, contextlib.ExitStack() as stack:
                if not known:
                    with self.writing():
                        stack.enter_context(lock_file(self.path))
                self._locked = SameFolder(self.path, "this run")
                yield known
        finally:
            self._locked = None
            if made and self.path.is_dir() and not any(self.path.iterdir()):
                self.path.rmdir()
