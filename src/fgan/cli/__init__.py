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
from fgan.cores import wait_without_spinning
from fgan.errors import FganError, RankError, ToldElsewhereError

VERBS = {
    "train": "train a generator on data, by any f-divergence",
    "sample": "draw samples from a run, as a picture or an array",
    "evaluate": "measure how good samples are, with intervals",
    "estimate": "estimate how far apart two sets of samples are, with intervals",
    "audit": "judge a synthetic table: likeness, use, copies of real rows",
    "mi": "estimate how much two sets of columns share, with intervals",
    "compare": "train by many divergences at once, judge and rank them",
    "paper": "the f-GAN paper's tables, computed anew beside the published ones",
    "runs": "list runs and comparisons: state, recipe, last numbers",
    "report": "show runs or a comparison as one HTML file",
    "export": "write a run's generator as ONNX, a torch program, safetensors or a hub folder",
    "push": "push a hub folder to the Hugging Face hub",
    "divergences": "list the divergences and their formulas",
    "verify": "check divergences, ours or your own, against the laws",
    "cite": "print BibTeX for divergences",
    "completion": "print a script that completes all this in bash, zsh or fish",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; return the exit code: 1 for a broken law, 2 for the user's mistake, 3 for diverged training."""
    with _readers_may_leave():
        return _main(sys.argv[1:] if arguments is None else arguments)


def _main(arguments: list[str]) -> int:
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if verb in ("-h", "--help", "help"):
        print_out(usage())
        return 0
    if verb in ("-V", "--version"):
        print_out(version())
        return 0
    if verb not in VERBS:
        print_error(f'fgan: there is no verb "{verb}".\n\n{usage()}')
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
    return 0


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
    lines = "\n".join(f"  fgan {verb:<{width}}  {what}" for verb, what in VERBS.items())
    return (
        f"fgan, the workbench for f-divergences\n\n{lines}\n\nfgan VERB --help tells all about one of them."
    )


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
        stream.write(text + "\n")
        stream.flush()


@contextlib.contextmanager
def _readers_may_leave() -> Iterator[None]:
    """Go on where whoever reads what is printed, such as `head`, has had enough."""
    with contextlib.ExitStack() as stack:
        for stream, redirect in (
            (sys.stdout, contextlib.redirect_stdout),
            (sys.stderr, contextlib.redirect_stderr),
        ):
            if isinstance(
                stream, io.TextIOWrapper
            ):  # a name that the terminal cannot show is no reason to fail
                stream.reconfigure(errors="backslashreplace")
            if stream is not None:
                forgiving = cast(TextIO, _Forgiving(stream))
                stack.enter_context(redirect(forgiving))
                stack.callback(forgiving.flush)
        yield


class _Forgiving:
    """A stream whose text goes nowhere from when its pipe has no reader any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, if there is a reader."""
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Write what is kept, if there is a reader."""
        self._try(self._stream.flush)

    def _try(self, write: Callable[..., object], *what: str) -> None:
        try:
            write(*what)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
