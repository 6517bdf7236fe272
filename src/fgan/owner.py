"""The name of a process on a shared folder, by which others on its machine see that it has died."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

OWNER = r"[\w.-]+-[0-9]+-[0-9a-f]{6,12}"
"""The form of an owner's name."""
MARKS = (Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid"))
"""What processes share exactly if they see each other's ids: one start of one machine, and a namespace of ids."""


def owner_name() -> str:
    """Return a new name for this process: host, process id, then digits for the machine and for chance."""
    host = re.sub(r"[^\w.-]", "_", socket.gethostname())[:40]
    return f"{host}-{os.getpid()}-{_machine()}{secrets.token_hex(3)}"


def is_running(process: int) -> bool:
    """Whether a process of this id runs on this machine; True where the system has no such question."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # of another user
        return True
    return not _is_zombie(process)


def has_died(owner: str) -> bool:
    """Whether a process by this name ran on this machine and has ended; False if that is not known."""
    found = re.fullmatch(r".*-(\d+)-([0-9a-f]{6})[0-9a-f]{6}", owner)
    if not found or found[2] != _machine():
        return False
    return not is_running(int(found[1]))


def _is_zombie(number: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{number}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] == "Z"
    return False


@cache
def _machine() -> str:
    """Return six digits that identify this boot of this machine; empty if the system has no such mark."""
    with suppress(OSError):
        marks = MARKS[0].read_text().strip() + str(MARKS[1].readlink())
        return hashlib.sha256(marks.encode()).hexdigest()[:6]
    return ""
