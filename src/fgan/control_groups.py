"""The control groups (cgroups) of this process, which limit its memory and processor time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

UNKNOWN = (OSError, ValueError, AttributeError, ImportError, IndexError)
"""Errors of a system without this information."""
ROOT = Path("/sys/fs/cgroup")
OF_THIS_PROCESS = Path("/proc/self/cgroup")


def control_groups(controller: str) -> Iterator[Path]:
    """Yield the folders of this process's groups, innermost first, of version 2 and of one controller of version 1.

    Args:
        controller: such as "memory" or "cpu".

    Raises:
        OSError, ValueError: where the system has none.
    """
    for line in OF_THIS_PROCESS.read_text().splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers == "" or controller in controllers.split(","):
            root = ROOT / controllers
            inner = root / place.lstrip("/")
            # In a container the path may be that of the host, whose folders are not there: the root is.
            for folder in (inner, *inner.parents):
                yield folder
                if folder == root:
                    break
