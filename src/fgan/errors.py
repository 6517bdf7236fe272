"""The errors that fgan raises on purpose: the rule, what was received, how to mend it."""


class FganError(Exception):
    """A mistake that the user can mend; the command line prints it without a traceback."""

    exit_code = 2


class DataError(FganError):
    """The data cannot be read, or cannot be trained on."""


class RunError(FganError):
    """A run directory cannot be written, read or resumed."""


class DivergedError(FganError):
    """Training left the finite numbers; the last good checkpoint is intact."""

    exit_code = 3
