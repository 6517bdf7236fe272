"""Write docs/reference/cli.md from what the verbs say of themselves: `python docs/_ext/cli_page.py`."""

import contextlib
import io
import os
from pathlib import Path
from unittest import mock

from fgan.cli import VERBS, main

PAGE = Path(__file__).parents[1] / "reference" / "cli.md"
HEAD = """\
<!-- Written by `make docs` from the commands' own help; change that, not this page. -->
# Command line

`fgan VERB --help` shows the common flags, and `--help-all` shows all of them, as below.

| command | what it does |
|---|---|
"""
WIDTH = 96


def help_of(verb: str) -> str:
    """Return what `fgan VERB --help-all` prints on a terminal of a fixed width, without colours."""
    for flag in ("--help-all", "--help"):  # a short verb has only one
        said = io.StringIO()
        with (
            mock.patch.dict(os.environ, COLUMNS=str(WIDTH), NO_COLOR="1"),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(io.StringIO()),
            contextlib.suppress(SystemExit),
        ):
            main([verb, flag])
        if said.getvalue():
            return "\n".join(line.rstrip() for line in said.getvalue().strip().splitlines())
    raise RuntimeError(f"fgan {verb} --help prints nothing")


def page() -> str:
    """Return the page."""
    rows = "".join(f"| [`fgan {verb}`](#fgan-{verb}) | {what} |\n" for verb, what in VERBS.items())
    parts = [f"## fgan {verb}\n\n```text\n{help_of(verb)}\n```\n" for verb in VERBS]
    return "\n".join([HEAD + rows, *parts])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
