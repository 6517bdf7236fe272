"""How results, notes and progress are written: in JSON's types, as text in columns, as lines for people."""

from __future__ import annotations

import base64
import dataclasses
import math
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from threading import RLock
from typing import Any, TextIO, TypeVar

from tqdm import tqdm

from fgan.visible import brief, in_html, visible

SECONDS_BETWEEN_LINES = 60.0
"""Between two lines of progress where nothing can move on the screen, such as in a log file."""
SECONDS_OF_A_LONG_RUN = 600.0
SECONDS_TO_TIME = 5.0
SLOW = 3.0
"""Seconds after which work that takes longer shows how far it is."""
LEAST_BESIDE = 24
"""Columns that text needs beside a table's other cells; with fewer it goes below them."""
LOCK = RLock()
"""Of all bars: those of other processes share no terminal, and tqdm's own lock outlives a process that is killed."""
_watched: ContextVar[bool] = ContextVar("watched", default=False)
Item = TypeVar("Item")
Say = Callable[[str], None]
"""Receives lines for people."""


def silent(line: str) -> None:
    """Receive a line, and say nothing."""


def aligned(rows: Sequence[tuple[str, ...]], width: int | None = None) -> list[str]:
    """Return rows of cells as lines in which columns begin below each other; of long cells only the ends are shown.

    Args:
        rows: the cells.
        width: of the terminal, in which the last cells are wrapped; None for one line a row.

    >>> aligned([("a", "b"), ("long", "c")])
    ['a     b', 'long  c']
    >>> aligned([("a", "one two three four five six")], width=28)
    ['a  one two three four five', '   six']
    """
    rows = [(*map(brief, cells), visible(last)) for *cells, last in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    margin = sum(widths[:-1]) + 2 * len(widths[:-1])
    if width is None or margin + widths[-1] <= width:
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    lines, beside = [], width - margin >= LEAST_BESIDE
    for *cells, last in rows:
        line = "".join(cell.ljust(room) + "  " for cell, room in zip(cells, widths[:-1], strict=True))
        room = width - margin if beside else max(width - 4, LEAST_BESIDE)
        first, *rest = (filled(last, room) if last else "").split("\n")
        if not beside:  # below the row
            line, first, rest = line.rstrip(), "", [first, *rest] if last else []
        lines += [(line + first).rstrip(), *(" " * (margin if beside else 4) + part for part in rest)]
    return lines


def filled(text: str, width: int = 100, indent: str = "") -> str:
    """Return a paragraph in lines of at most this width, the second and later ones indented; words stay whole.

    >>> filled("one two three", 8)
    'one two\\nthree'
    """
    return textwrap.fill(
        visible(text), width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


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
        sys.stderr.write(f"{visible(note)}\n")


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
        stream.write(f"{visible(line)}\n")


def progress_bar(
    total: int | None,
    *,
    what: str = "",
    unit: str = "steps",
    shown: bool = True,
    delay: float = 0,
    lines: bool = False,
) -> tqdm:
    """Return a bar with the time left, one line of the terminal; in a notebook a widget, if it has any.

    Args:
        total: of the work; None if that is not known.
        what: is going on, such as "evaluating".
        unit: of the work, in the plural.
        shown: whether to show anything.
        delay: seconds until it is first shown.
        lines: print a line now and then where there is neither a terminal nor a notebook.
    """
    notebook, terminal = in_a_notebook(), on_a_terminal(sys.stderr)
    tqdm.set_lock(LOCK)
    what = visible(what)
    kind = tqdm
    if notebook and find_spec("ipywidgets"):
        from tqdm.notebook import tqdm as kind
    words = f"{{n_fmt}} of {{total_fmt}} {unit}, {{remaining}} left{{postfix}}"
    form = None if total is None else f"{{desc}}{{percentage:3.0f}}% {{bar}} {words}"
    if notebook or terminal or not lines or sys.stderr is None:
        hidden = not shown or not (notebook or terminal)
        return kind(
            total=total, desc=f"{what}: " if what else None, disable=hidden, unit=unit, dynamic_ncols=True, delay=delay,
            leave=not what, bar_format=form,
        )  # fmt: skip
    return tqdm(
        total=total, desc=f"{what}: " if what else None, disable=not shown, unit=unit, ncols=80, leave=False,
        file=_Lines(sys.stderr), bar_format=None if total is None else f"{{desc}}{words}",
        delay=SECONDS_BETWEEN_LINES, mininterval=SECONDS_BETWEEN_LINES, maxinterval=2 * SECONDS_BETWEEN_LINES,
    )  # fmt: skip


@contextmanager
def watching() -> Iterator[None]:
    """Show the progress of everything in this block that goes through `watched`."""
    token = _watched.set(True)
    try:
        yield
    finally:
        _watched.reset(token)


def watched(
    items: Iterable[Item], what: str, total: int | None = None, unit: str = "parts"
) -> Iterator[Item]:
    """Yield items; where somebody watches, a bar is shown as soon as they take longer than `SLOW` seconds.

    Args:
        items: parts of one piece of work.
        what: that is, such as "kid".
        total: number of items, if they have no length.
        unit: of the items, in the plural.

    >>> list(watched([1, 2], "counting"))
    [1, 2]
    """
    if not _watched.get():
        yield from items
        return
    total = len(items) if total is None and isinstance(items, Sized) else total
    with progress_bar(total, what=what, unit=unit, delay=SLOW, lines=True) as bar:
        for item in items:
            yield item
            bar.update()


class _Lines:
    """A stream for a bar that writes each of its states as a line of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write what the bar shows, if it shows anything."""
        if shown := text.strip("\r\n "):
            self._stream.write(f"{visible(shown)}\n")

    def flush(self) -> None:
        """Write what is kept."""
        self._stream.flush()


def about(seconds: float) -> str:
    """Say how long something takes, no more exactly than is known.

    >>> about(42), about(90), about(12_345), about(180_000)
    ('about 40 seconds', 'about 2 minutes', 'about 3.4 hours', 'about 50 hours')
    """
    if seconds < 60:
        return f"about {max(10, round(seconds, -1)):.0f} seconds"
    if seconds < 3600:
        return f"about {max(2, round(seconds / 60)):.0f} minutes"
    return f"about {seconds / 3600:.{0 if seconds >= 36_000 else 1}f} hours"


class Pace:
    """Tells how long work takes, from the time that its first steps took on this machine.

    The first step is not counted: it also compiles and starts threads. Pictures, checkpoints and evaluations that come
    later are not known yet, so the time is at least this, and "about".

    Args:
        total: steps of the whole work.
        clock: returns seconds.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._clock = total, clock
        self._first: tuple[int, float] | None = None
        self._said: float | None = None

    def lines(self, done: int, *, regularly: bool) -> list[str]:
        """Return what there is to say now: once how long a long run takes, then now and then how much is left.

        Args:
            done: steps so far.
            regularly: whether to go on after the first line.

        >>> now = iter([0.0, 1.0, 7.0, 70.0])
        >>> pace = Pace(10_000, clock=lambda: next(now))
        >>> [line for done in (1, 2, 13, 140) for line in pace.lines(done, regularly=True)]
        ['this takes about 1.6 hours on this machine; Ctrl-C stops it, --resume continues', \
'140 of 10,000 steps, about 1.4 hours left']
        """
        now = self._clock()
        if self._first is None:
            self._first = done, now
            return []
        before, began = self._first
        if done <= before or now - began < SECONDS_TO_TIME:
            return []
        left = (self._total - done) * (now - began) / (done - before)
        if self._said is None:
            self._said = now
            if left < SECONDS_OF_A_LONG_RUN:
                return []
            return [f"this takes {about(left)} on this machine; Ctrl-C stops it, --resume continues"]
        if not regularly or now - self._said < SECONDS_BETWEEN_LINES or done >= self._total:
            return []
        self._said = now
        return [f"{done:,} of {self._total:,} steps, {about(left)} left"]


def html_table(rows: Sequence[Sequence[object]], *, head: bool = True) -> str:
    """Return rows of cells as a table for notebooks, the first of them as its heading.

    >>> html_table([("a<b", 1)], head=False)
    '<table><tr><td style="text-align:left">a&lt;b</td><td style="text-align:left">1</td></tr></table>'
    """
    lines = []
    for number, row in enumerate(rows):
        kind = "th" if head and number == 0 else "td"
        cells = (f'<{kind} style="text-align:left">{in_html(str(cell))}</{kind}>' for cell in row)
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def html_lines(lines: Iterable[str]) -> str:
    """Return lines of text for notebooks, one below the other.

    >>> html_lines(["a<b"])
    '<div>a&lt;b</div>'
    """
    return "".join(f"<div>{in_html(line)}</div>" for line in lines)


def html_picture(file: bytes, says: str, kind: str = "png") -> str:
    """Return a picture for notebooks, in the page itself.

    Args:
        file: its content.
        says: what it shows, for those who cannot see it.
        kind: of file, such as gif.
    """
    content = base64.b64encode(file).decode()
    return f'<img alt="{in_html(says)}" style="max-width:100%" src="data:image/{kind};base64,{content}">'
