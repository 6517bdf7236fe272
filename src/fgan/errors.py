"""fgan's errors. A message says what is wrong, what was received, and what to do."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ' Did you mean "…"?' for the known name nearest to a mistaken one, or nothing if none is near.

    >>> did_you_mean("mnits", ["digits", "mnist"])
    ' Did you mean "mnist"?'
    >>> did_you_mean("xyz", ["digits", "mnist"])
    ''
    """
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5) if len(name) <= 100 else []
    return f' Did you mean "{near[0]}"?' if near else ""


def first_line(error: Exception) -> str:
    """Return the first line of what another library's error says; nothing where it says nothing.

    >>> first_line(ValueError("no such file\\nat 0x7f"))
    'no such file'
    """
    return next(iter(str(error).strip().splitlines()), "")


class FganError(Exception):
    """An error that the user can fix: the base class of fgan's errors, which the command line prints as one message."""

    exit_code = 2


class DataError(FganError):
    """Data cannot be read or used."""


class RunError(FganError):
    """A run directory cannot be written, read or resumed."""


class ExportError(FganError):
    """A generator cannot be exported, or an export cannot be read."""


class RankError(FganError):
    """The processes of a distributed training disagree, or one of them has ended."""


class ToldElsewhereError(FganError):
    """Another process of this training reports the error to the user.

    Args:
        text: its message.
        exit_code: its exit code.
    """

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class TakenError(RunError):
    """Another process is training this run."""


class MemoryLimitError(FganError):
    """The request needs more memory than is free."""


class CompileError(FganError):
    """The training step could not be compiled on this machine."""


class DivergedError(FganError):
    """A loss or weight became NaN or infinite; the last good checkpoint is intact."""

    exit_code = 3


class IncompleteError(FganError):
    """Some runs of a comparison failed, diverged or were skipped; the others are ranked."""

    exit_code = 4
