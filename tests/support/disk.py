"""What a program has asked of the disk, in order: which bytes are there to stay, and when a name was given."""

import os
from pathlib import Path

from fgan.files import GONE


class Disk:
    """Watches fsync, renaming and removal; names are the last parts of paths.

    Args:
        monkeypatch: pytest's, which ends the watch.
    """

    def __init__(self, monkeypatch) -> None:
        self.events: list[tuple[str, str]] = []
        self._synced: dict[int, int] = {}  # how many bytes of which inode
        fsync, rename, replace = os.fsync, Path.rename, Path.replace

        def watched_fsync(handle: int) -> None:
            fsync(handle)
            known = os.fstat(handle)
            self._synced[known.st_ino] = known.st_size
            self.events.append(("sync", Path(f"/proc/self/fd/{handle}").resolve().name))

        def named(path: Path, target: Path, how) -> Path:
            if Path(target).name.endswith(GONE):
                self.events.append(("remove", path.name))
            else:
                self.before_a_name(path, target)
                self.events.append(("name", Path(target).name))
            return how(path, target)

        monkeypatch.setattr(os, "fsync", watched_fsync)
        monkeypatch.setattr(Path, "rename", lambda path, target: named(path, target, rename))
        monkeypatch.setattr(Path, "replace", lambda path, target: named(path, target, replace))

    def before_a_name(self, path: Path, target: Path) -> None:
        """Require that all of what gets its name now is there to stay."""
        for part in [path, *path.rglob("*")]:
            assert self.holds(part), f"{part.name} got its name before the disk had it"

    def holds(self, path: Path) -> bool:
        """Whether the disk has a file, or a folder's names, as they are now."""
        known = path.stat()
        return known.st_ino in self._synced and (path.is_dir() or self._synced[known.st_ino] == known.st_size)
