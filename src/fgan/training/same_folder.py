"""Whether a folder is still the one that a process began to work in."""

from __future__ import annotations

from pathlib import Path

from fgan.errors import RunError


class SameFolder:
    """The identity of a folder: its device and inode, which a rename keeps and a replacement does not have.

    Args:
        path: the folder.
        what: what works in it, as in "this run".

    Raises:
        RunError: if there is no such folder.
    """

    def __init__(self, path: Path, what: str) -> None:
        self._path, self._what = path, what
        self._there = self._look()
        self.require()

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise RunError(f"{self._path} can no longer be reached: {error.strerror or error}.") from error
        return found.st_dev, found.st_ino

    def require(self) -> None:
        """Check that the folder is still at its path, and is the same.

        Raises:
            RunError: if not.
        """
        now = self._look()
        if now is not None and now == self._there:
            return
        gone = "no longer exists" if now is None else "has been replaced by another folder"
        raise RunError(
            f"{self._path} {gone}, so {self._what} cannot go on there. Was it moved or deleted meanwhile? Put it back, "
            "or name its new place with --out, then continue with --resume."
        )
