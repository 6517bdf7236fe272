"""The last resort: an error that nobody foresaw becomes a file and one line, instead of a traceback."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

from fgan.files import cache_folder
from fgan.visible import fgan_command

EXIT_CODE = 70
"""The exit code of an error in fgan itself, as in sysexits.h."""
FOLDER = "FGAN_ERRORS"
"""The environment variable for the folder of such files."""
LIBRARIES = ("fgan", "torch", "numpy", "scikit-learn", "pillow", "pyarrow", "tyro")


def reported(error: BaseException, arguments: Sequence[str]) -> str:
    """Write an unforeseen error to a file; return the line that says so.

    Args:
        error: what was raised.
        arguments: of the command line.
    """
    text = "\n".join([*_circumstances(arguments), "", *_trace(error)])
    what = (
        f"{type(error).__name__}: {str(error).splitlines()[0][:200]}" if str(error) else type(error).__name__
    )
    for folder in _folders():
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: no home folder
            place = folder()
            place.mkdir(parents=True, exist_ok=True)
            name = f"error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
            (place / name).write_text(text, encoding="utf-8", errors="backslashreplace")
            return (
                f"an error in fgan itself ({what}). Please report it with the file {place / name}, which holds the "
                "command line, the versions and where it happened."
            )
    return f"an error in fgan itself ({what}), and no folder to write its details to; set {FOLDER}. Please report it."


def _folders() -> Iterator[Callable[[], Path]]:

    if chosen := os.environ.get(FOLDER):
        yield lambda: Path(chosen)
    yield lambda: cache_folder() / "errors"
    yield lambda: Path(tempfile.gettempdir()) / "fgan-errors"


def _circumstances(arguments: Sequence[str]) -> list[str]:
    versions = []
    for library in LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions.append(f"{library} {metadata.version(library)}")
    return [
        f"command: {fgan_command(*arguments)}",
        f"versions: {', '.join(versions)}, Python {platform.python_version()}, {platform.platform()}",
    ]


def _trace(error: BaseException) -> list[str]:
    """Return the traceback without values: only files, lines and code."""
    return [line.rstrip("\n") for line in traceback.format_exception(error, limit=-40)]
