"""The flag --memory, of all verbs that read data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fgan.memory import VARIABLE, bytes_in


@dataclass(frozen=True, kw_only=True)
class MemoryFlag:
    """How much memory reading data may take; processes that a verb starts get the same limit."""

    memory: str = ""
    """Most memory that reading one data set may use, such as 8GB. More is refused before it is used. (default:
    $FGAN_MEMORY, or 70% of the free memory)"""


@contextmanager
def limit_as_before() -> Iterator[None]:
    """Take back afterwards what `limit_memory` set: a notebook or a test goes on in this process."""
    before = os.environ.get(VARIABLE)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before


def limit_memory(command: object) -> None:
    """Let what --memory says apply to this process and those that it starts, until `limit_as_before` ends.

    Raises:
        FganError: for what is no size.
    """
    if isinstance(command, MemoryFlag) and command.memory:
        bytes_in(command.memory)
        os.environ[VARIABLE] = command.memory
