"""Format results and remarks: JSON, aligned text, HTML for notebooks."""

from __future__ import annotations

import base64
import dataclasses
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.util import find_spec
from typing import Any, TextIO

from tqdm import tqdm

Say = Callable[[str], None]
"""Receives lines for people."""


def silent(line: str) -> None:
    """Receive a line, and say nothing."""


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows of cells as lines in which columns begin below each other.

    >>> aligned([("a", "b"), ("long", "c")])
    ['a     b', 'long  c']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def jsonable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold, nested
    """Return nested dataclasses, dicts, lists and numbers as JSON types; numbers that are not finite become None.

    >>> jsonable({"a": (1.5, math.inf)})
    {'a': [1.5, None]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return jsonable(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {key: jsonable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def spell(value: float) -> str:
    """Write a number so that it reads back as itself.

    >>> spell(2.0), spell(0.1)
    ('2', '0.1')
    """
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def to_stderr(note: str) -> None:
    """Write one note as a line on standard error, where it mixes with no command's output."""
    if sys.stderr is not None:  # None under pythonw and in some services
        sys.stderr.write(f"{note}\n")


def on_a_terminal(stream: TextIO | None) -> bool:
    """Whether somebody may be watching this stream, such as `sys.stderr`; one that was closed is None."""
    return stream is not None and stream.isatty()


def in_a_notebook() -> bool:
    """Whether this runs in a kernel of Jupyter, whose cells show what is printed."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and getattr(shell, "kernel", None) is not None


def for_people() -> TextIO:
    """Return where lines for people go: below a notebook's cell, elsewhere to standard error.

    A program's output is its own; and in a notebook, standard error looks like an error.
    """
    return sys.stdout if in_a_notebook() else sys.stderr


def to_people(line: str) -> None:
    """Say a line there."""
    stream = for_people()
    if stream is not None:  # None under pythonw and in some services
        stream.write(f"{line}\n")


def progress_bar(total: int, *, shown: bool = True, delay: float = 0) -> tqdm:
    """Return a bar of steps, shown after a delay in seconds: on a terminal, in a notebook as a widget if it has any."""
    notebook = in_a_notebook()
    kind = tqdm
    if notebook and find_spec("ipywidgets"):
        from tqdm.notebook import tqdm as kind
    hidden = not shown or not (notebook or on_a_terminal(sys.stderr))
    return kind(total=total, disable=hidden, unit="step", dynamic_ncols=True, delay=delay)


def html_table(rows: Sequence[Sequence[object]], *, head: bool = True) -> str:
    """Return rows of cells as a table for notebooks, the first of them as its heading.

    >>> html_table([("a<b", 1)], head=False)
    '<table><tr><td style="text-align:left">a&lt;b</td><td style="text-align:left">1</td></tr></table>'
    """
    lines = []
    for number, row in enumerate(rows):
        kind = "th" if head and number == 0 else "td"
        cells = (f'<{kind} style="text-align:left">{escape(str(cell))}</{kind}>' for cell in row)
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def html_lines(lines: Iterable[str]) -> str:
    """Return lines of text for notebooks, one below the other.

    >>> html_lines(["a<b"])
    '<div>a&lt;b</div>'
    """
    return "".join(f"<div>{escape(line)}</div>" for line in lines)


def html_picture(file: bytes, says: str, kind: str = "png") -> str:
    """Return a picture for notebooks, in the page itself.

    Args:
        file: its content.
        says: what it shows, for those who cannot see it.
        kind: of file, such as gif.
    """
    content = base64.b64encode(file).decode()
    return f'<img alt="{escape(says)}" style="max-width:100%" src="data:image/{kind};base64,{content}">'
