"""The errors that fgan raises on purpose: the rule, what was received, how to mend it."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ' Did you mean "…"?' for the known name nearest to a mistaken one, or nothing if none is near.

    >>> did_you_mean("mnits", ["digits", "mnist"])
    ' Did you mean "mnist"?'
    >>> did_you_mean("xyz", ["digits", "mnist"])
    ''
    """
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f' Did you mean "{near[0]}"?' if near else ""


def first_line(error: Exception) -> str:
    """Return the first line of what another library's error says; nothing where it says nothing.

    >>> first_line(ValueError("no such file\\nat 0x7f"))
    'no such file'
    """
    return next(iter(str(error).strip().splitlines()), "")


class FganError(Exception):
    """A mistake that the user can mend; the command line prints it without a traceback."""

    exit_code = 2


class DataError(FganError):
    """The data cannot be read, or cannot be trained on."""


class RunError(FganError):
    """A run directory cannot be written, read or resumed."""


class ExportError(FganError):
    """A generator cannot leave the house, or cannot be read back."""


class RankError(FganError):
    """The processes of one training are not alike, or one of them has ended."""


class ToldElsewhereError(FganError):
    """Another process of this training tells the user why it ends.

    Args:
        text: what that one says.
        exit_code: that of its error.
    """

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class TakenError(RunError):
    """Another process trains the run."""


class MemoryLimitError(FganError):
    """What was asked for needs more memory than is free."""


class CompileError(FganError):
    """The step could not be made into a program of this machine."""


class DivergedError(FganError):
    """Training left the finite numbers; the last good checkpoint is intact."""

    exit_code = 3
