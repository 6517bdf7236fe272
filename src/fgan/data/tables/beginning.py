"""What stands before the names of a table: Excel's "sep=;" and lines of comments."""

from __future__ import annotations

import re
from pathlib import Path

from fgan.data.tables.formats import number_of, spelled
from fgan.data.tables.options import SEPARATORS, TextOptions
from fgan.errors import DataError

_END_OF_LINE = re.compile(r"\r\n|\r|\n")


def beginning(text: str, path: Path, options: TextOptions) -> tuple[str, int, list[str], str]:
    """Take off what stands before the names, and return the lines taken off, too.

    Args:
        text: of the file.
        path: what errors call it.
        options: what a user says of it.

    Returns:
        The rest, the number of lines before it, remarks, and the separator where one is said.

    Raises:
        DataError: for a separator that is none.
    """
    skipped, notes, separator = 0, [], options.separator
    line = text[: line_end(text)]
    if line.lower().startswith("sep=") and len(line.strip()) <= 5:
        given = line.strip("\r\n")[4:]
        if given not in SEPARATORS:
            raise DataError(
                f'line 1 of {path} gives "{given}" as the separator, which is not supported. Pass --separator.'
            )
        text, skipped, separator = text[len(line) :], 1, separator or given
    comments, start = 0, 0
    while True:
        end = line_end(text, start)
        line, following = text[start:end], text[end : line_end(text, end)]
        if not line.startswith("#") or not following:
            break
        if not following.startswith("#") and _is_header(line, following):
            start = end - len(line.lstrip("# ")) if line.lstrip("# ").strip() else start
            break
        start, comments = end, comments + 1
    if comments:
        notes.append(f"{comments} line{'s' if comments > 1 else ''} of comments left out")
    return text[start:], skipped + comments, notes, separator


def _is_header(line: str, following: str) -> bool:
    """Whether a line that begins with # names the values in the next: as many fields, and numbers below."""
    for sign in (*SEPARATORS,):
        fields = following.strip().split(sign)
        if len(fields) > 1 and len(line.lstrip("# ").strip().split(sign)) == len(fields):
            return any(number_of(spelled(one.strip()), mark) for one in fields for mark in ".,")
    return False


def line_end(text: str, start: int = 0) -> int:
    """Return where the line that begins at a place ends, with the sign of its end."""
    found = _END_OF_LINE.search(text, start)
    return found.end() if found else len(text)
