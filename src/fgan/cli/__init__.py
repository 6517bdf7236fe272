"""The command line: `fgan VERB ...`, a module a verb."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from fgan import torchrun
from fgan.cli.memory import limit_as_before
from fgan.cores import wait_without_spinning
from fgan.errors import FganError, RankError, ToldElsewhereError, did_you_mean
from fgan.visible import INVISIBLE, visible

GROUPS = {
    "Train": {
        "train": "train a generator with any f-divergence",
        "sample": "draw samples: a picture, an animation, an array, a table",
        "runs": "list runs and comparisons with their state and metrics",
        "export": "export a generator: ONNX, torch, safetensors, hub folder",
        "push": "upload an exported generator to the Hugging Face Hub",
    },
    "Compare": {
        "compare": "train with several divergences and rank them",
        "report": "write an HTML report of runs or a comparison",
        "paper": "recompute the f-GAN paper's tables beside the published ones",
    },
    "Measure": {
        "evaluate": "measure how good samples are, with intervals",
        "estimate": "estimate divergences between two sample sets",
        "frontier": "estimate the precision-recall curve of samples, with a band",
        "mi": "estimate mutual information between columns",
        "audit": "check a synthetic table, or the drift between two periods",
    },
    "Learn more": {
        "lab": "watch divergences train side by side in your browser",
        "divergences": "list all divergences, or show one with its formulas",
        "verify": "check a divergence, ours or yours, against the laws",
        "cite": "print BibTeX for the divergences that you used",
        "completion": "print a completion script for bash, zsh or fish",
    },
}
EXAMPLES = {
    "Train": "fgan train moons --divergence js --steps 500",
    "Compare": "fgan compare ring8 --divergences kl,js,gan --seeds 3",
    "Measure": "fgan estimate january.csv february.csv",
    "Learn more": "fgan divergences js",
}
VERBS = {verb: what for group in GROUPS.values() for verb, what in group.items()}


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; return the exit code, see the table in `docs/guides/troubleshooting.md`.

    Args:
        arguments: the verb and what follows it; default: those of the process.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        with _readers_may_leave(), limit_as_before():
            return _main(words)
    except OSError as error:  # what is kept cannot be written in the end
        return _refused_by_the_system(error)


def _main(arguments: list[str]) -> int:
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if verb in ("-h", "--help", "help"):
        print_out(usage())
        return 0
    if verb in ("-V", "--version"):
        print_out(version())
        return 0
    if verb not in VERBS:
        print_error(
            f'fgan: unknown verb "{verb}".{did_you_mean(verb, VERBS)}\n`fgan --help` lists all verbs.'
        )
        return 2
    if nul := [word for word in rest if "\0" in word]:
        print_error(f'fgan: "{nul[0]}" has a character of code 0, which no path or name may have. Remove it.')
        return 2
    try:
        Path.cwd()
    except OSError as error:  # torch would end the process
        print_error(f"fgan: the current folder is gone ({error.strerror}). Change to another with cd.")
        return 2
    wait_without_spinning()
    try:
        if verb != "train":
            torchrun.require_one_process(f"fgan {verb}")
        with _one_speaker():
            importlib.import_module(f"fgan.cli.{verb}").run(rest)
    except ToldElsewhereError as error:
        return error.exit_code
    except FganError as error:
        if isinstance(error, RankError) or not torchrun.local_rank():
            print_error(f"fgan: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        if not torchrun.local_rank():
            print_error("fgan: interrupted")
        return 130
    except OSError as error:
        return _refused_by_the_system(error)
    except Answered:
        raise
    except BaseException as error:  # nobody foresaw it, a SystemExit of code that was called included
        from fgan.cli import last_resort

        print_error(f"fgan: {last_resort.reported(error, arguments)}")
        return last_resort.EXIT_CODE
    return 0


def _refused_by_the_system(error: OSError) -> int:
    with contextlib.suppress(OSError):
        print_error(f"fgan: the system refused: {error}. Check the disk, the permissions and the folder.")
    return FganError.exit_code


class Answered(SystemExit):
    """The request was for help, which has been printed."""


@contextlib.contextmanager
def _one_speaker() -> Iterator[None]:
    """Print nothing where another of torchrun's processes on this machine, with the same arguments, prints it."""
    with contextlib.ExitStack() as stack:
        if torchrun.local_rank():
            nowhere = stack.enter_context(Path(os.devnull).open("w"))
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield


def usage() -> str:
    """Return the overview of all verbs."""
    width = max(map(len, VERBS))
    lines = ["fgan: train GANs with any f-divergence, compare them, and measure divergences.", ""]
    for heading, verbs in GROUPS.items():
        lines += [heading, *(f"  {verb:<{width}}  {what}" for verb, what in verbs.items())]
        lines += [f"  {'':<{width}}  $ {EXAMPLES[heading]}", ""]
    return "\n".join([*lines, "`fgan VERB --help` shows the flags and examples of a verb."])


def version() -> str:
    """Return the installed version."""
    import fgan

    return f"fgan {fgan.__version__}"


def print_out(text: str) -> None:
    """Print a result for whoever asked for it."""
    _print(sys.stdout, text)


def print_error(text: str) -> None:
    """Print something for people, beside the result."""
    _print(sys.stderr, text)


def _print(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # closed by whoever started us
        stream.write(visible(text) + "\n")
        stream.flush()


@contextlib.contextmanager
def _readers_may_leave() -> Iterator[None]:
    """Go on where whoever reads what is printed, such as `head`, has had enough."""
    with contextlib.ExitStack() as stack:
        for stream, redirect in (
            (sys.stdout, contextlib.redirect_stdout),
            (sys.stderr, contextlib.redirect_stderr),
        ):
            # A name that the terminal cannot show is no reason to fail.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
            if stream is not None:
                forgiving = cast(TextIO, _Forgiving(stream))
                stack.enter_context(redirect(forgiving))
                stack.callback(forgiving.flush)
        yield


UP = "\x1b[A"
"""With a carriage return, all that progress bars need to steer a terminal."""
STEERING = {code: text for code, text in INVISIBLE.items() if chr(code) != "\r"}


class _Forgiving:
    """A stream whose text goes nowhere from when its pipe has no reader any more, and that steers no terminal.

    What is printed by fgan is `visible` already; this is for libraries, whose messages quote what they read.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, if there is a reader."""
        shown = UP.join(part.translate(STEERING) for part in text.split(UP)) if self._terminal else text
        self._try(self._stream.write, shown)
        return len(text)

    def flush(self) -> None:
        """Write what is kept, if there is a reader."""
        self._try(self._stream.flush)

    def _try(self, write: Callable[..., object], *what: str) -> None:
        try:
            write(*what)
        except OSError as error:  # also a full disk; Python would try again when it ends
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                raise
