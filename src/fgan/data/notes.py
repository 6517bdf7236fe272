"""How loading tells the user something that is worth knowing and is no error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

Say = Callable[[str], None]


def to_stderr(note: str) -> None:
    """Write one note as a line on standard error, where it mixes with no command's output."""
    if sys.stderr is not None:  # None under pythonw and in some services
        sys.stderr.write(f"{note}\n")


def on_a_terminal(stream: TextIO | None) -> bool:
    """Whether somebody may be watching this stream, such as `sys.stderr`; one that was closed is None."""
    return stream is not None and stream.isatty()
